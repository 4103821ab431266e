package verdict

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// floorMargin is the relative difference below which a repeated baseline is as good as equal: too small to turn a
// verdict, and within what two deployments of the same code differ by.
const floorMargin = 0.02

// floorMetrics are the metrics by which the repeated baseline is judged.
func floorMetrics() []string { return []string{"p50", "p95", "cpu"} }

// repeatedBaseline compares the baseline with itself. It is broken when, for some metric, the interval excludes 0 and
// the estimate is beyond the margin. The intervals that decide are at 1 − 5 %/3, so that three of them together cry
// wolf in at most 5 % of good runs, and less by the margin. The printed noise floor is the plain interval. A metric
// that the rounds do not support is left out; without p50 nothing is decided.
func (t *tolls) repeatedBaseline(confidence float64) Control {
	c := Control{
		Name: "repeated baseline",
		Want: fmt.Sprintf("no difference, or one of at most %s, at p50, p95 and CPU together", percent(floorMargin)),
		Remedy: "keep other work off the machine, and run more launches and rounds: while the same code differs from itself, " +
			"no other difference can be believed",
	}
	if t.repeat < 0 {
		c.Saw = "the run has no repeated baseline"
		return c
	}
	var saw []string
	broken := false
	each := 1 - (1-confidence)/float64(len(floorMetrics())) // of several, none shall be broken by chance
	for _, id := range floorMetrics() {
		if !t.known(id) {
			saw = append(saw, id+" not known of this system")
			continue
		}
		floor := t.ratio(t.of(id), t.repeat, each)
		if !floor.Finite() {
			c.Undecided = c.Undecided || id == "p50"
			saw = append(saw, id+" unknown: too few rounds")
			continue
		}
		text := fmt.Sprintf("%s %+.1f %% [%+.1f, %+.1f]", id, 100*floor.Mid, 100*floor.Lo, 100*floor.Hi)
		if floor.Excludes(0) && math.Abs(floor.Mid) > floorMargin {
			broken = true
			text += " (broken)"
		}
		saw = append(saw, text)
	}
	c.Saw = fmt.Sprintf("%s, each at %s", strings.Join(saw, ", "), percent(each))
	c.Undecided = c.Undecided && !broken
	c.OK = !broken && !c.Undecided
	return c
}

// How far the interval of the known delay may miss the truth: the gateway measures its spin alone, while a request also
// waits behind those that spin, and a quantile of a slot moves in steps of some ten microseconds. A quarter of the
// truth bounds the first at the loads that the other controls let pass; 30 µs the second.
const (
	delayFloor    = 30 * time.Microsecond
	delayRelative = 0.25
)

// knownDelay compares the delay that the gateway says it spun with the one that the load generator saw.
func (t *tolls) knownDelay(confidence float64) Control {
	c := Control{
		Name: "known delay",
		Remedy: "look for what else differs in that arm, and lower the rate if requests queue: while a known delay is not found, " +
			"an unknown one would not be either",
	}
	if t.delay < 0 {
		c.Saw, c.Want = "the run has no arm with a known delay", "a known delay to recover"
		return c
	}
	truth, whose := t.spun(), "the gateway"
	if t.run.Environment == "external" {
		whose = "its door"
	}
	if truth == 0 {
		c.Saw, c.Want = whose+" reported no spin at all", "the delay as "+whose+" measures it"
		return c
	}
	tolerance := math.Max(delayFloor.Seconds(), delayRelative*truth)
	c.Want = fmt.Sprintf("%.0f µs as %s measured it, within the interval ± %.0f µs", truth*1e6, whose, tolerance*1e6)
	var saw []string
	c.OK = true
	for _, id := range []string{"mean", "p50"} {
		d := t.difference(t.of(id), t.delay, confidence)
		if !d.Finite() {
			c.OK, c.Undecided = false, true
			saw = append(saw, id+" unknown: too few rounds to say")
			continue
		}
		saw = append(saw, recovered(id, d.Interval))
		if truth < d.Lo-tolerance || truth > d.Hi+tolerance {
			return Control{Name: c.Name, Saw: strings.Join(saw, ", "), Want: c.Want, Remedy: c.Remedy}
		}
	}
	c.Saw = strings.Join(saw, ", ")
	return c
}

func recovered(id string, d stats.Interval) string {
	text := fmt.Sprintf("%s %+.0f µs [%+.0f, %+.0f]", id, d.Mid*1e6, d.Lo*1e6, d.Hi*1e6)
	if !d.Excludes(0) {
		text += " (not told apart from 0)"
	}
	return text
}

// spun is the mean of the delay that the gateway measured, in seconds; 0 if it reported none.
func (t *tolls) spun() float64 {
	sum, n := 0.0, 0.0
	for _, launch := range t.launches {
		for _, r := range launch {
			work := r.slots[t.delay].Work
			sum += work.Spun.Seconds() * float64(work.SpunN)
			n += float64(work.SpunN)
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
