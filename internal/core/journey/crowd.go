package journey

import (
	"math/rand/v2"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Shape of a synthetic journey at think scale 1: a shopper in a hurry, who takes about two seconds from the first request to
// the last, so that load reaches its rate soon after a start. A person takes about twenty times as long.
const (
	meanThink   = 300 * time.Millisecond // mean time from one page to the next
	loginDelay  = 40 * time.Millisecond  // login → first page
	renderDelay = 25 * time.Millisecond  // recommend → impression
	minPages    = 2
	maxPages    = 6
)

// Where journeys start, how they log in and how they move on, as probabilities.
const (
	startWeb  = 0.6
	startApp  = 0.3  // the others start in a store
	stayAnon  = 0.04 // of those on the web: never log in there
	lateLogin = 0.10 // of those on the web: log in after the first page
	moveOn    = 0.15 // before a page: go on in the next channel
)

// nominalClickThrough is the share of a well-trained model's slates that are clicked. It is only there to work out how many
// journeys an offered request rate means; what really happens depends on the stack.
const nominalClickThrough = 0.55

// crowd makes up journeys of a population.
type crowd struct {
	pop  *population.Population
	mean float64
}

func newCrowd(pop *population.Population) *crowd {
	c := &crowd{pop: pop}
	const sample = 2000 // journeys; standard error of the mean about 1 %
	rng := rand.New(rand.NewPCG(1, 0x6d65616e))
	for range sample {
		for _, s := range c.plan(0, rng, population.Drift{}, 1).steps {
			c.mean += s.nominal() / sample
		}
	}
	return c
}

// nominal is how likely it is that a step becomes a request.
func (s *Step) nominal() float64 {
	switch {
	case s.item != "": // recorded
		return 1
	case s.Kind == Click:
		return nominalClickThrough
	case s.Kind == Purchase:
		return nominalClickThrough * purchaseShare
	default:
		return 1
	}
}

func (c *crowd) people() *population.Population { return c.pop }

func (c *crowd) sessions() int { return 0 }

func (c *crowd) pick(n int) int { return n }

func (c *crowd) requests() float64 { return c.mean }

func (c *crowd) start(int) (time.Duration, bool) { return 0, false }

// plan implements planner. It draws the same number of random numbers whatever the drift.
func (c *crowd) plan(_ int, rng *rand.Rand, drift population.Drift, scale float64) *plan {
	p := newPlan(c.pop.Arrive(rng, drift))
	channel, where := Web, rng.Float64()
	switch {
	case where >= startWeb+startApp:
		channel = Store
	case where >= startWeb:
		channel = App
	}
	login := rng.Float64()
	anon, late := login < stayAnon, login < stayAnon+lateLogin
	pages := minPages + rng.IntN(maxPages-minPages+1)
	at := time.Duration(0)
	scaled := func(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by * scale) }
	for page := range pages {
		if rng.Float64() < moveOn && page > 0 {
			channel = nextChannel(channel)
		}
		if p.login == nil && (channel != Web || (!anon && (page > 0 || !late))) {
			p.add(at, Login, channel, nil)
			at += scaled(loginDelay, 1)
		}
		think := min(0.4+0.6*rng.ExpFloat64(), 4) // in mean think times, mean 1
		v := &view{placement: placement(page), click: rng.Float64(), buy: rng.Float64()}
		v.dwell = scaled(meanThink, think*(0.3+0.5*rng.Float64()))
		p.page(at, channel, v, scaled(renderDelay, 1))
		clicked := at + scaled(renderDelay, 1) + v.dwell
		click := p.add(clicked, Click, channel, v)
		click.need = p.shown
		p.add(clicked+scaled(meanThink, 0.2*think), Purchase, channel, v).need = click
		at += scaled(meanThink, think)
	}
	return p
}

// placement names where a page shows its slate.
func placement(page int) string {
	if page == 0 {
		return "home"
	}
	return "detail"
}

// nextChannel is where a journey goes on: web → app → store.
func nextChannel(channel string) string {
	if channel == Web {
		return App
	}
	return Store
}
