package journey

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Source is where journeys come from. It is immutable and safe for concurrent use.
type Source struct {
	// Description says in words what it is, e.g. "population of 1000 users and 200 items, seed 1".
	Description string

	planner
	seed int64
}

// People are the numbers that a population is made from; the stack under test must be trained on the same ones.
type People struct {
	Seed         int64
	Users, Items int // at least 1 each
}

// FromPopulation is a source that makes journeys up from a population.
func FromPopulation(p People) *Source {
	return &Source{
		Description: fmt.Sprintf("population of %d users and %d items, seed %d", p.Users, p.Items, p.Seed),
		planner:     newCrowd(population.New(p.Seed, p.Users, p.Items)),
		seed:        p.Seed,
	}
}

// Replay says how recorded sessions are played again.
type Replay struct {
	Name     string        // of the file, for people
	GapLimit time.Duration // longer gaps between the events of a session are cut to it; 0: none is
	Speed    float64       // recorded gaps are divided by it, after they were cut; above 0
	Once     bool          // the file is played once; else it starts over at its end, under new session ids
	Recorded bool          // sessions start when they did, divided by Speed; else in an order that is drawn, at random times
}

// String says in words how sessions are played.
func (r Replay) String() string {
	text := fmt.Sprintf("think times divided by %g", r.Speed)
	if r.GapLimit > 0 {
		text = fmt.Sprintf("gaps cut to %s, %s", short(r.GapLimit), text)
	}
	return text
}

// FromFile is a source that replays the sessions of a file, which are mapped onto a population.
func FromFile(f *File, r Replay, p People) *Source {
	left := ""
	if n := f.Damaged(); n > 0 {
		left = fmt.Sprintf(", %d damaged lines left out", n)
	}
	return &Source{
		Description: fmt.Sprintf("%d recorded sessions with %d events (%s), %s%s", f.Sessions, f.Events, r.Name, r, left),
		planner:     newRecording(population.New(p.Seed, p.Users, p.Items), f, r, p.Seed),
		seed:        p.Seed,
	}
}

// People is the population that the source draws its users from.
func (s *Source) People() *population.Population { return s.people() }

// Journey plans journey n, with think times multiplied by scale: its steps in the order of their planned starts. session
// makes the journey's session id from the name of the recorded session, "" where there is none.
func (s *Source) Journey(n int, scale float64, session func(name string) string) []*Step {
	p := s.plan(n, rand.New(rand.NewPCG(uint64(s.seed), uint64(n))), population.Drift{}, scale)
	return p.begin(0, session(p.name))
}

// Over says whether journey n is behind the end of a file that is played once.
func (s *Source) Over(n int) bool {
	r, recorded := s.planner.(*recording)
	return recorded && r.Once && n >= r.sessions()
}

// planner plans journeys. Implementations are immutable and safe for concurrent use.
type planner interface {
	people() *population.Population
	// requests is the expected number of requests of one journey.
	requests() float64
	// sessions is how many recorded sessions there are; 0: journeys are made up, each anew.
	sessions() int
	// pick is which journey is the n-th of a stream.
	pick(n int) int
	// start is when the n-th journey of a stream starts, counted from the first; false: the source does not say, draw it.
	start(n int) (time.Duration, bool)
	// plan plans journey n from rng, with think times multiplied by scale.
	plan(n int, rng *rand.Rand, drift population.Drift, scale float64) *plan
}

// plan is a journey that has not started: its steps in the order of their planned starts, the first at 0.
type plan struct {
	name  string // recorded session; "" for a made-up journey
	steps []*Step

	journey *Journey
	login   *Step // the last login so far
	shown   *Step // the last impression so far
	asked   *Step // the last recommend so far
}

func newPlan(user population.User) *plan { return &plan{journey: &Journey{User: user}} }

// add appends a step. A login waits for the page before it, and a page for the login before it: so it is certain under which
// identity the stack has to answer.
func (p *plan) add(at time.Duration, kind, channel string, v *view) *Step {
	s := &Step{at: at, Kind: kind, Channel: channel, Journey: p.journey, view: v}
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
func (p *plan) begin(at time.Duration, session string) []*Step {
	p.journey.Session = session
	for _, s := range p.steps {
		s.at += at
	}
	slices.SortStableFunc(p.steps, func(a, b *Step) int { return cmp.Compare(a.at, b.at) })
	return p.steps
}

// short is a duration as people write it: 5m, not 5m0s.
func short(d time.Duration) string {
	text := d.String()
	if cut, ok := strings.CutSuffix(text, "m0s"); ok {
		text = cut + "m"
	}
	if cut, ok := strings.CutSuffix(text, "h0m"); ok {
		text = cut + "h"
	}
	return text
}
