package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// carried are the metrics in which an arm may leave something to the slot after it. They are read as the toll reads them: the
// cost at rest is no part of CPU, neither here nor in the noise floor.
func (t *tolls) carried() []metric {
	return slices.DeleteFunc(slices.Clone(t.metrics), func(m metric) bool { return m.carried == nil })
}

// carryOver judges what a slot leaves to the next one, in two ways. Nearly all slots must have come to rest before the next
// one began; and the arm that had the slot before must make no difference beyond the noise floor: see stats.Predecessors.
//
// The control is broken when the interval of some predecessor's effect lies wholly beyond the noise floor of its metric,
// which is the end of the repeated baseline's interval that is farther from 0, and at least the margin of that control.
// The intervals, of all arms and metrics together, are at 99 %, so that a run without any carry-over fails by it in less
// than one of a hundred cases. In balanced orders an effect of x on the next slot moves a toll by about x/(arms − 1). So the
// effect of a predecessor that hides under the noise floor moves a toll by less than the noise floor.
//
// Where the arms alternate in slices, an arm that has not done its work is parked with it and does it in its own next slice. A slot
// then has many predecessors, all of them about equally often, and only the first way is left.
func (t *tolls) carryOver(confidence float64) Control {
	drained := t.slotSum(func(s result.Slot) int64 {
		if s.Drained {
			return 1
		}
		return 0
	})
	part := share(drained, int64(len(t.slots)))
	c := Control{
		Name: "carry-over", OK: part >= minDrained,
		Want: fmt.Sprintf("at least %s; no effect of the arm before that is beyond the noise floor, at %s together",
			percent(minDrained), percent(1-controlError)),
		Remedy: "shorten the export intervals of the levels, or lengthen the slots: work left over is charged to the next arm",
	}
	saw := []string{fmt.Sprintf("%s of the slots were back at rest before the next one", percent(part))}
	if slice := t.run.Plan.Slice; slice > 0 {
		c.Want = fmt.Sprintf("at least %s", percent(minDrained))
		c.Remedy = "look for work that an arm does long after its requests: a round ends before it is done"
		c.Saw = fmt.Sprintf("%s of the slots were back at rest when their round ended; the arms alternated every %v, so that each followed every "+
			"other about as often and did what it was late with in its own time", percent(part), slice)
		return c
	}
	for _, metric := range t.carried() {
		text, beyond := t.predecessor(metric, confidence)
		saw = append(saw, text)
		c.OK = c.OK && !beyond
	}
	c.Saw = strings.Join(saw, "; ")
	return c
}

// predecessor says what the arm before does to one metric, by the largest of its effects, and whether that is certain to be
// beyond the noise floor.
func (t *tolls) predecessor(metric metric, confidence float64) (text string, beyond bool) {
	unknown := fmt.Sprintf("%s: the effect of the arm before cannot be told from %d rounds", metric.ID, t.complete())
	if t.repeat < 0 {
		return unknown, false
	}
	turns, ok := t.turns(metric)
	each := 1 - controlError/float64(len(t.run.Arms)*len(t.carried()))
	effects, told := stats.Predecessors(turns, len(t.run.Arms), each)
	floor := t.ratio(t.of(metric.ID), t.repeat, confidence)
	switch {
	case !ok && t.series[t.of(metric.ID)].net:
		return metric.ID + ": no effect can be told, since " + notAbove0, false
	case !ok || !told || !floor.Finite():
		return unknown, false
	}
	limit := max(equalMargin, math.Abs(floor.Lo), math.Abs(floor.Hi))
	largest := 0 // of those beyond the floor, if there are any
	for arm, e := range effects {
		e = stats.Interval{Lo: math.Expm1(e.Lo), Mid: math.Expm1(e.Mid), Hi: math.Expm1(e.Hi)}
		effects[arm] = e
		outside := e.Lo > limit || e.Hi < -limit
		if outside && !beyond || outside == beyond && math.Abs(e.Mid) > math.Abs(effects[largest].Mid) {
			largest = arm
		}
		beyond = beyond || outside
	}
	e := effects[largest]
	compared := "within"
	switch {
	case beyond:
		compared = "beyond"
	case e.Lo < -limit || e.Hi > limit:
		compared = "not surely beyond"
	}
	return fmt.Sprintf("%s after %s %+.1f %% [%+.1f, %+.1f], %s the noise floor of ±%s", metric.ID, t.run.Arms[largest].Name,
		100*e.Mid, 100*e.Lo, 100*e.Hi, compared, percent(limit)), beyond
}

// notAbove0 is why a control cannot judge CPU time from which the cost at rest is taken off.
const notAbove0 = "in some slot no more was used than at rest"

// turns are the logarithms of a metric by slot, without the slots that came first in their launch; false where it is not above 0.
func (t *tolls) turns(metric metric) ([]stats.Turn, bool) {
	index := map[string]int{}
	for i, a := range t.run.Arms {
		index[a.Name] = i
	}
	var out []stats.Turn
	for launch, rounds := range t.launches {
		for number, r := range rounds {
			for arm, s := range r.slots {
				before, known := index[s.Before]
				if !known {
					continue
				}
				value := metric.carried(t.measured, r, arm, launch)
				if value <= 0 {
					return nil, false
				}
				out = append(out, stats.Turn{Launch: launch, Round: number, Arm: arm, Before: before, Value: math.Log(value)})
			}
		}
	}
	return out, true
}
