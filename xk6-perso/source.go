package perso

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// Limits of a population: what a generator on a small machine can still hold.
const (
	maxUsers = 1_000_000
	maxItems = 100_000
)

// Source is where journeys come from, as a script holds it.
type Source struct {
	// Description says in words what it is, e.g. "population of 1000 users and 200 items, seed 1".
	Description string

	planner
	seed int64
}

// planner plans journeys. Implementations are immutable and safe for concurrent use.
type planner interface {
	people() *population.Population
	// requests is the expected number of requests of one journey.
	requests() float64
	// start is when journey n starts, counted from the first; false: the source does not say, draw it.
	start(n int) (time.Duration, bool)
	// plan plans journey n from rng, with think times multiplied by scale.
	plan(n int, rng *rand.Rand, drift population.Drift, scale float64) *plan
}

// plan is a journey that has not started: its steps in the order of their planned starts, the first at 0.
type plan struct {
	name  string // recorded session; "" for a made-up journey
	steps []*step

	journey *journey
	login   *step // the last login so far
	shown   *step // the last impression so far
	asked   *step // the last recommend so far
}

func newPlan(user population.User) *plan { return &plan{journey: &journey{user: user}} }

// add appends a step. A login waits for the page before it and a page for the login before it, so that it is certain
// under which identity the stack has to answer.
func (p *plan) add(at time.Duration, kind, channel string, v *view) *step {
	s := &step{at: at, kind: kind, channel: channel, journey: p.journey, view: v}
	switch kind {
	case Login:
		p.login, s.need = s, p.asked
	case Recommend:
		p.asked, s.need = s, p.login
	case Impression:
		p.shown, s.need = s, p.asked
	}
	p.steps = append(p.steps, s)
	p.journey.left++
	return s
}

// page appends a recommend and its impression.
func (p *plan) page(at time.Duration, channel string, v *view, render time.Duration) {
	p.add(at, Recommend, channel, v)
	p.add(at+render, Impression, channel, v)
}

// begin turns the plan into a journey that starts at a virtual time under a session.
func (p *plan) begin(at time.Duration, session string) []*step {
	p.journey.session = session
	for _, s := range p.steps {
		s.at += at
	}
	slices.SortStableFunc(p.steps, func(a, b *step) int { return cmp.Compare(a.at, b.at) })
	return p.steps
}

// crowdOptions are the options of population, and part of those of sessions.
type crowdOptions struct {
	seed         int64
	users, items int
}

func defaultCrowd() crowdOptions { return crowdOptions{seed: 1, users: 1000, items: 200} }

func (o *crowdOptions) fields() fields {
	const safe = 1<<53 - 1 // whole numbers that a JavaScript number can hold
	return fields{
		"seed":  intOption(&o.seed, -safe, safe),
		"users": intOption(&o.users, 1, maxUsers),
		"items": intOption(&o.items, 1, maxItems),
	}
}

// population is perso.population(options).
func (i *instance) population(options sobek.Value) sobek.Value {
	o := defaultCrowd()
	i.must(decode(i.vu.Runtime(), "population", options, o.fields()))
	s, err := i.root.shared(fmt.Sprintf("population %+v", o), func() (*Source, error) {
		return &Source{
			Description: fmt.Sprintf("population of %d users and %d items, seed %d", o.users, o.items, o.seed),
			planner:     newCrowd(population.New(o.seed, o.users, o.items)),
			seed:        o.seed,
		}, nil
	})
	i.must(err)
	return i.value(s)
}
