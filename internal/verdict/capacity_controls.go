package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// What the controls of the capacity accept.
const (
	capacityMargin = 0.05 // relative difference of the repeated baseline that two deployments of the same code have anyway
	capacityWidest = 0.25 // farther than this from 0 no end of its interval may be: a run that is so unsure can tell nothing of a level
	maxVoid        = 0.1  // share of the slots that the generator may spoil
	maxRateOff     = 0.03 // how far the requests that were made may be from those that were called for, over an arm's slots
)

// controls judges what is known of the capacity phase; none when there was none.
func (c *capacities) controls(confidence float64) []Control {
	if c == nil {
		return nil
	}
	return []Control{c.repeatedBaseline(confidence), c.generator(), c.offeredRate()}
}

// repeatedBaseline compares the capacity of the baseline with that of its repetition. It is broken when the interval excludes
// 0 and the estimate is beyond the margin, and undecided when the interval is so wide that the run can tell nothing.
func (c *capacities) repeatedBaseline(confidence float64) Control {
	control := Control{
		Name: "repeated baseline, capacity",
		Want: fmt.Sprintf("no difference, or one of at most %s, with an interval within ±%s", percent(capacityMargin), percent(capacityWidest)),
		Remedy: "keep other work off the machine, and run more launches (capacity.launches): while the same code has two capacities, " +
			"no other difference can be believed",
	}
	if len(c.base) < 2 {
		control.Saw = "the run has no repeated baseline"
		return control
	}
	floor := c.ratio(c.base[1], confidence)
	if !floor.Finite() {
		control.Undecided = true
		control.Saw = "unknown: too few launches with a limit in both"
		control.Remedy = "run at least two launches (capacity.launches); see the notes for limits that were not found"
		return control
	}
	control.Saw = fmt.Sprintf("%+.1f %% [%+.1f, %+.1f] at %s", 100*floor.Mid, 100*floor.Lo, 100*floor.Hi, percent(confidence))
	if floor.Excludes(0) && math.Abs(floor.Mid) > capacityMargin {
		return control
	}
	control.OK = max(math.Abs(floor.Lo), math.Abs(floor.Hi)) <= capacityWidest
	control.Undecided = !control.OK
	return control
}

// generator counts the slots that say nothing about their arm. They make a capacity an "at least", which is not wrong, so
// that the control is undecided where they are many.
func (c *capacities) generator() Control {
	void := 0
	for _, s := range c.slots {
		if Sustained(s, c.run) == Void {
			void++
		}
	}
	part := share(int64(void), int64(len(c.slots)))
	control := Control{
		Name: "generator, capacity", OK: part <= maxVoid,
		Saw: fmt.Sprintf("%d of %d slots missed the SLO because of the generator; it used %s of %d cores", void, len(c.slots),
			percent(generatorShare(c.slots, c.run)), max(1, c.run.Machine.Cores)),
		Want:   fmt.Sprintf("at most %s of the slots", percent(maxVoid)),
		Remedy: "use a machine with more cores, or lower capacity.max: past the generator's own limit nothing is learned of a level",
	}
	control.Undecided = !control.OK
	return control
}

// offeredRate compares the requests that were made with those that the orders called for, over the slots that met the SLO:
// in an overloaded slot steps that wait for late answers are missing.
func (c *capacities) offeredRate() Control {
	control := Control{
		Name: "offered rate, capacity", OK: true, Want: fmt.Sprintf("within %s of what was ordered, in every arm", percent(maxRateOff)),
		Remedy: "look into processes.log for why the generator did not follow its orders",
	}
	var saw []string
	for _, arm := range c.arms {
		made, called := 0.0, 0.0
		for _, s := range c.slots {
			if s.Arm == c.run.Arms[arm].Name && Sustained(s, c.run) == Met {
				made, called = made+float64(s.Work.Scheduled), called+s.Rate*c.run.Plan.Capacity.Slot.Seconds()
			}
		}
		if called == 0 {
			continue
		}
		off := made/called - 1
		control.OK = control.OK && math.Abs(off) <= maxRateOff
		saw = append(saw, fmt.Sprintf("%s %+.1f %%", c.run.Arms[arm].Name, 100*off))
	}
	if control.Saw = strings.Join(saw, ", "); len(saw) == 0 {
		control.OK, control.Undecided = false, c.run.Status != result.Complete
		control.Saw = "no slot met the SLO"
		control.Remedy = "lower capacity.start, or ask less of the SLO"
	}
	return control
}
