package verdict

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Load is the load of a run, per arm: requests, or turns of a user's own script.
type Load struct {
	Toll, Catch Rate
	Launches    int // of the toll that are over; the plan may have allowed more, or fewer were needed
}

// Rate is a rate per second. NaN: not known.
type Rate struct {
	Ordered  float64
	Expected float64 // before the run; of the toll only
	Made     float64 // handed to the network; of turns: played
}

// loadOf is the load of a run, so many launches of whose toll are over.
func loadOf(d *result.Data, launches int) Load {
	p := d.Run.Plan
	load := Load{Toll: Rate{p.Rate, math.NaN(), math.NaN()}, Catch: Rate{p.CatchRate, math.NaN(), math.NaN()}, Launches: launches}
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

// orderedLoad compares the rate that was made in the toll slots with the one that was ordered. It fails for one of two reasons: the
// plan cannot make the rate, whatever the seed; or the rate that was made is further off than the forecast of the plan allows,
// which knows how far chance takes the rate.
func (t *tolls) orderedLoad() Control {
	p, f := t.run.Plan, t.run.Plan.Forecast
	noun := "requests"
	if p.Step != "" {
		noun = "turns"
	}
	c := Control{Name: "ordered load", Want: fmt.Sprintf("within %s of the order", percent(f.Within())), Remedy: f.Remedy}
	var slots []result.Slot
	for _, s := range t.slots {
		if s.Launch < t.over() {
			slots = append(slots, s)
		}
	}
	if len(slots) == 0 {
		c.Undecided, c.Saw = true, "no launch that has had all its rounds"
		c.Remedy = "let the run go on for longer: the rate rises within a launch"
		return c
	}
	made := madeRate(p, slots)
	off := made/p.Rate - 1
	c.Saw = fmt.Sprintf("%.4g %s/s made, %.4g ordered (%+.1f %%)", made, noun, p.Rate, 100*off)
	if f.Misses() {
		c.Saw += fmt.Sprintf("; with this plan and seed %.4g were to be expected, and %.4g on average over all seeds", f.Drawn*p.Rate, f.Share*p.Rate)
	}
	c.OK = !f.Short() && math.Abs(off) <= f.Within()
	if c.Remedy == "" {
		c.Remedy = "the plan makes this rate: see what is said of dropped arrivals, of errors and of the generator's lateness, " +
			"since journeys that break off make fewer requests"
	}
	return c
}
