package catch

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Repeats is what the passes of one fault came to at one level.
type Repeats struct {
	Fault, Level string
	Detected, N  int            // of N passes that were judged
	Share        stats.Interval // Detected of N, exact at 95 %; NaN where N is 0
	Detect       []time.Duration
	Soonest      time.Duration   // the least time to detect that the rules leave; 0: not detected
	Clear        []time.Duration // where it was seen; both rising
	Open         int             // passes that were not judged
}

// repeats is what became of every fault that was injected more than once, by fault and level.
func (m *Matrix) repeats() []Repeats {
	var out []Repeats
	for _, fault := range m.injected() {
		first := len(out)
		for _, level := range m.Levels {
			out = append(out, m.repeated(fault, level))
		}
		if of := out[first]; of.N+of.Open < 2 {
			out = out[:first]
		}
	}
	return out
}

func (m *Matrix) repeated(fault, level string) Repeats {
	r := Repeats{Fault: fault, Level: level}
	m.eachCell(func(row Row, c Cell) {
		if row.Fault.ID != fault || c.Level != level || c.State == Skipped {
			return
		}
		if !c.State.Judged() {
			r.Open++
			return
		}
		if r.N++; c.State != Detected {
			return
		}
		r.Detected++
		r.Detect = append(r.Detect, c.Detect)
		if r.Soonest == 0 || c.LeastDetect < r.Soonest {
			r.Soonest = c.LeastDetect
		}
		if c.Clear >= 0 {
			r.Clear = append(r.Clear, c.Clear)
		}
	})
	slices.Sort(r.Detect)
	slices.Sort(r.Clear)
	r.Share = stats.ExactShare(r.Detected, r.N, demandConfidence)
	return r
}

// Median is the middle of rising times, the lower one of two; 0 of none.
func Median(rising []time.Duration) time.Duration {
	if len(rising) == 0 {
		return 0
	}
	return rising[(len(rising)-1)/2]
}
