package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// equalMargin is the relative difference below which a repeated baseline is as good as equal: too small to turn a
// verdict, and within what two deployments of the same code differ by.
const equalMargin = 0.02

// repeatedBaseline compares the baseline with itself, in two ways.
//
// It is broken when, for some metric, the interval excludes 0 and the estimate is beyond the margin: the same code is told
// apart from itself. The intervals that decide on that share 1 % among the metrics, so that all of them together cry wolf in at most
// 1 % of good runs, and less by the margin.
//
// It holds only when both are shown to be equal, too: the plain interval, which is the printed noise floor, must lie within
// what the plan states (Plan.EqualWithin). That no difference was found is no such proof, since a run that is too noisy finds
// none. A run whose noise floor is wider than stated is undecided. (A plan that states nothing is of an older run.)
//
// A metric that the rounds do not support is left out; without the vital one nothing is decided.
func (t *tolls) repeatedBaseline(confidence float64) Control {
	c := Control{Name: "repeated baseline", Want: t.wantOfRepeat()}
	if t.repeat < 0 {
		c.Saw, c.Remedy = "the run has no repeated baseline", remedyBroken
		return c
	}
	var saw []string
	broken := false
	each := 1 - controlError/float64(len(EqualWithin())) // of several, none shall be broken by chance
	for i, metric := range t.metrics {
		if !metric.equal {
			continue
		}
		id := metric.ID
		if !t.has(metric.needs...) {
			saw = append(saw, id+" not known of this system")
			continue
		}
		floor, strict := t.ratio(i, t.repeat, confidence), t.ratio(i, t.repeat, each)
		if t.series[i].net && math.IsNaN(strict.Mid) {
			saw = append(saw, id+" unknown: "+notAbove0)
			continue
		}
		if !strict.Finite() {
			c.Undecided = c.Undecided || metric.Vital
			saw = append(saw, id+" unknown: too few rounds")
			continue
		}
		text := fmt.Sprintf("%s %+.1f %% [%+.1f, %+.1f]", id, 100*floor.Mid, 100*floor.Lo, 100*floor.Hi)
		stated, has := t.run.Plan.EqualWithin[id]
		switch {
		case strict.Excludes(0) && math.Abs(strict.Mid) > equalMargin:
			broken = true
			text += fmt.Sprintf(" (broken: at %s [%+.1f, %+.1f])", percent(each), 100*strict.Lo, 100*strict.Hi)
		case has && (floor.Lo < -stated || floor.Hi > stated):
			c.Undecided = true
			text += " (wider than stated)"
		}
		saw = append(saw, text)
	}
	c.Saw = strings.Join(saw, ", ")
	c.Undecided = c.Undecided && !broken
	c.OK = !broken && !c.Undecided
	if c.Remedy = remedyWide; broken {
		c.Remedy = remedyBroken
	}
	return c
}

const (
	remedyBroken = "keep other work off the machine, and run more launches and rounds: while the same code differs from itself, " +
		"no other difference can be believed"
	remedyWide = "run more launches and rounds, keep other work off the machine, or state wider shares (toll.equal_within): " +
		"that a run cannot tell two things apart does not show that they are equal"
)

// wantOfRepeat says what the repeated baseline must show.
func (t *tolls) wantOfRepeat() string {
	want := fmt.Sprintf("no difference, or one of at most %s", percent(equalMargin))
	var stated []string
	for _, id := range EqualWithin() {
		if within, has := t.run.Plan.EqualWithin[id]; has {
			stated = append(stated, fmt.Sprintf("±%s at %s", percent(within), id))
		}
	}
	if len(stated) == 0 {
		return want + ", at p50, p95 and CPU together"
	}
	return want + ", and intervals that show it equal within " + strings.Join(stated, ", ")
}

// How far the interval of the known delay may miss the truth. A quantile of a slot moves in steps of some ten microseconds. Requests
// that are held back meet the same system as all others, so that there is no more to allow for. Whoever spins measures its spin alone,
// while a request also waits behind those that spin; a quarter of the truth bounds that at the loads that the other controls let pass.
const (
	delayAbsolute = 30 * time.Microsecond
	spunRelative  = 0.25
)

// knownDelay compares the known delay with the one that the load generator saw, in the mean and at p50.
// It is broken when the interval of one of them, all together at 1 − 1 %, misses the truth by more than the tolerance; what is
// printed is the plain interval.
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
	truth, made := t.spun(), "as "+t.spinner()+" measured it"
	tolerance := math.Max(delayAbsolute.Seconds(), spunRelative*truth)
	if t.run.Arms[t.delay].Held {
		made, tolerance = "by which its requests were held back", delayAbsolute.Seconds()
	}
	if truth == 0 {
		c.Saw, c.Want = "no delay was reported at all", "the delay "+made
		return c
	}
	c.Want = fmt.Sprintf("%.0f µs %s, within the interval ± %.0f µs", truth*1e6, made, tolerance*1e6)
	var saw []string
	c.OK = true
	found := slices.DeleteFunc(slices.Clone(t.metrics), func(m metric) bool { return !m.delayed })
	for _, metric := range found {
		id, i := metric.ID, t.of(metric.ID)
		d := t.difference(i, t.delay, confidence)
		if !d.Finite() {
			c.OK, c.Undecided = false, true
			saw = append(saw, id+" unknown: too few rounds to say")
			continue
		}
		saw = append(saw, recovered(id, d.Interval))
		if wide := t.difference(i, t.delay, 1-controlError/float64(len(found))); truth < wide.Lo-tolerance || truth > wide.Hi+tolerance {
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

// spinner is who spins for the known delay, if its requests are not held back.
func (t *tolls) spinner() string {
	if t.run.Environment == "external" {
		return "its delay proxy"
	}
	return "the gateway"
}

// spun is the mean of the known delay, in seconds; 0 if none was reported.
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
