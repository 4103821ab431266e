package verdict

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

// Load is the load of a run, per arm: requests, or turns of a user's own script.
type Load struct{ Toll, Catch Rate }

// Rate is a rate per second. NaN: not known.
type Rate struct {
	Ordered  float64
	Expected float64 // before the run; of the toll only
	Made     float64 // handed to the network; of turns: played
}

// loadOf is the load of a run.
func loadOf(d *result.Data) Load {
	p := d.Run.Plan
	load := Load{Toll: Rate{p.Rate, math.NaN(), math.NaN()}, Catch: Rate{p.CatchRate, math.NaN(), math.NaN()}}
	if p.Forecast != nil {
		load.Toll.Expected = p.Forecast.Share * p.Rate
	}
	var toll []result.Slot
	sent, seconds := int64(0), 0.0
	for _, s := range d.Slots {
		switch s.Phase {
		case slot.Toll:
			toll = append(toll, s)
		case slot.Catch:
			sent, seconds = sent+madeIn(p, s), seconds+slot.CatchLength.Seconds()
		}
	}
	load.Toll.Made = madeRate(p, toll)
	if seconds > 0 {
		load.Catch.Made = known(p, sent) / seconds
	}
	return load
}

// madeIn is what was made of the order of a slot, in what the order counts.
func madeIn(p result.Plan, s result.Slot) int64 {
	if p.Step != "" {
		return s.Work.Turns
	}
	return s.Work.Sent
}

// known is a number of what was made, NaN for turns of an older run, which did not count them.
func known(p result.Plan, n int64) float64 {
	if p.Step != "" && n == 0 {
		return math.NaN()
	}
	return float64(n)
}

// madeRate is the rate that was made in slots of the toll, over their planned time.
func madeRate(p result.Plan, slots []result.Slot) float64 {
	n := int64(0)
	for _, s := range slots {
		n += madeIn(p, s)
	}
	return known(p, n) / (float64(len(slots)) * p.Slot.Seconds())
}

// orderedLoad compares the rate that was made in the toll slots with the one that was ordered. It fails for one of two reasons.
// The plan could not make the rate: what was to be expected of it, whatever chance does, is more than slot.RateWithin off. Or
// the rate that was made is further off than that and chance together: journeys arrive as a Poisson process and differ in length,
// and slot.Forecast.Chance is by how much the sum of their requests varies. A plan that leaves too much to chance is
// undecided.
func (t *tolls) orderedLoad() Control {
	p, f := t.run.Plan, t.run.Plan.Forecast
	launches, noun := t.over(), "requests"
	if p.Step != "" {
		noun = "turns"
	}
	c := Control{Name: "ordered load", Remedy: f.Remedy}
	var slots []result.Slot
	for _, s := range t.slots {
		if s.Launch < launches {
			slots = append(slots, s)
		}
	}
	if len(slots) == 0 {
		c.Undecided, c.Saw, c.Want = true, "no launch that has had all its rounds", "one at least: the rate rises within a launch"
		c.Remedy = "let the run go on for longer"
		return c
	}
	made := madeRate(p, slots)
	off, apart := made/p.Rate-1, f.Apart(launches)
	c.Saw = fmt.Sprintf("%.4g %s/s made, %.4g ordered (%+.1f %%)", made, noun, p.Rate, 100*off)
	if f.Misses() {
		c.Saw += fmt.Sprintf("; %.4g were to be expected of this plan", f.Share*p.Rate)
	}
	c.Want = fmt.Sprintf("within %s of the order: %s, and what chance may add", percent(apart), percent(slot.RateWithin))
	c.OK = !f.Misses() && math.Abs(off) <= apart
	if c.OK && f.Random(launches) {
		c.OK, c.Undecided = false, true
	}
	if c.Remedy == "" {
		c.Remedy = "see what is said of dropped arrivals and of errors: journeys that break off make fewer requests; " +
			"if nothing is, run more rounds, so that chance evens out"
	}
	return c
}
