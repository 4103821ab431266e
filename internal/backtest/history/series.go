package history

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/value"
)

// Sample is one sample of a series.
type Sample struct {
	T int64
	V float64
}

// Gauge makes the past of a series whose values are taken as they are. A series that a stretch does not have is not there in that
// stretch. The recorded samples must be in the order of their times. nil: there was no such series without a fault.
func (p *Plan) Gauge(recorded []Sample, tiers []Tier) []Sample {
	w := p.walk(recorded, tiers)
	for w.next() {
		if w.high == w.low {
			w.absent = w.begin
			continue
		}
		w.each(func(k int) float64 { return recorded[k].V })
	}
	return w.finish()
}

// Counter makes the past of a series that counts: its growth is resampled, and it ends at the first recorded value, so that nothing
// looks like a reset. Long before that its values are below zero, which rates do not mind. nil: there was no such series without
// a fault.
func (p *Plan) Counter(recorded []Sample, tiers []Tier) []Sample {
	grown := grownOf(recorded)
	if len(grown) == 0 {
		return nil
	}
	w := p.walk(grown, tiers)
	least := grown[0].V // of the samples made so far, which must not be exceeded before: sums are rounded
	level := least
	for w.next() {
		if w.high < 0 {
			continue // the record begins later
		}
		from := grown[max(0, w.low)].V
		level -= grown[w.high].V - from
		w.each(func(k int) float64 {
			least = min(least, level+grown[k].V-from)
			return least
		})
	}
	return w.finish()
}

// grownOf are the samples of a counter without its resets, as rates see it, and without markers.
func grownOf(recorded []Sample) []Sample {
	var out []Sample
	before, total := 0.0, 0.0
	for _, s := range recorded {
		switch {
		case math.IsNaN(s.V):
			continue
		case len(out) == 0:
			total = s.V
		case s.V < before:
			total += s.V
		default:
			total += s.V - before
		}
		before = s.V
		out = append(out, Sample{s.T, total})
	}
	return out
}

// walker goes through the stretches of a history, the newest first.
type walker struct {
	plan     *Plan
	tiers    []Tier
	recorded []Sample
	out      []Sample // the newest first
	due      int64    // no sample is made after it

	at        int   // the stretch, counted from the oldest
	begin     int64 // of the stretch in the history
	low, high int   // the recorded samples of the stretch are those after low, up to high
	absent    int64 // where the series is not there from this time on, until the next sample; 0: it is there
	found     bool  // some stretch has the series
}

func (p *Plan) walk(recorded []Sample, tiers []Tier) *walker {
	w := &walker{plan: p, tiers: tiers, recorded: recorded, due: p.End - 1, at: len(p.sources)}
	if len(recorded) > 0 && recorded[0].T > p.End+2*p.step { // the record begins without it
		w.absent = p.End - 1
	}
	return w
}

// next goes on to an older stretch; false if there is none that anybody reads.
func (w *walker) next() bool {
	w.at--
	if w.at < 0 {
		return false
	}
	source := w.plan.sources[w.at]
	w.begin = w.plan.End - int64(len(w.plan.sources)-w.at)*w.plan.Block
	if _, needed := w.plan.apart(w.tiers, w.begin+w.plan.Block-1); !needed {
		return false
	}
	w.low, w.high = w.before(source), w.before(source+w.plan.Block)
	w.found = w.found || w.high > w.low
	return true
}

// before is the last recorded sample before a time; −1 if there is none.
func (w *walker) before(t int64) int {
	i, _ := slices.BinarySearchFunc(w.recorded, t, func(s Sample, t int64) int { return cmp.Compare(s.T, t) })
	return i - 1
}

// each makes the samples of the stretch that are due, the newest first.
func (w *walker) each(valueOf func(k int) float64) {
	if w.high == w.low {
		return
	}
	if w.absent != 0 && !value.IsStaleNaN(w.recorded[w.high].V) {
		w.out = append(w.out, ended(w.absent))
	}
	w.absent = 0
	shift := w.begin - w.plan.sources[w.at]
	for k := w.high; k > w.low && w.due >= w.begin; k-- {
		t := w.recorded[k].T + shift
		if t > w.due {
			continue
		}
		step, needed := w.plan.apart(w.tiers, t)
		if !needed {
			return
		}
		w.out = append(w.out, Sample{t, valueOf(k)})
		w.due = t - max(step, 1)
	}
}

// finish is what was made, the oldest first.
func (w *walker) finish() []Sample {
	if !w.found {
		return nil
	}
	slices.Reverse(w.out)
	return w.out
}

// ended says that a series is not there any more.
func ended(at int64) Sample { return Sample{at, math.Float64frombits(value.StaleNaN)} }
