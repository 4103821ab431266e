package experiment

import (
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Slice is how long an arm runs in the toll before the next arm has its turn: toll.slice, or 0 where a slot is in one piece. Arms
// can alternate in slices only where an arm that waits stands still, and where what makes the load can wait as well.
func (e *Experiment) Slice() time.Duration {
	if e.Toll.Slice >= e.Toll.Slot || e.Environment == "external" || e.Journeys.Script != "" {
		return 0
	}
	return e.Toll.Slice
}

// Slices is how many slices a slot of the toll has; 1: it is in one piece.
func (e *Experiment) Slices() int {
	if slice := e.Slice(); slice > 0 {
		return int(e.Toll.Slot / slice)
	}
	return 1
}

// TollSpecs are the arms of the toll, ready to be deployed, and the interval at which they are scraped. What is due by the clock is due
// less often there if the arms alternate in slices, see stretched.
func (e *Experiment) TollSpecs() ([]testenv.ArmSpec, time.Duration) {
	arms := e.TollArms()
	specs := e.Specs(arms, e.Telemetry.MetricInterval)
	for _, spec := range specs {
		for _, name := range []string{batchDelayOfSpans, batchDelayOfLogs, exportInterval} {
			if ms, err := strconv.ParseInt(spec.Env[name], 10, 64); err == nil { // else it is what the SDK makes of it
				spec.Env[name] = milliseconds(e.stretched(time.Duration(ms)*time.Millisecond, arms))
			}
		}
	}
	return specs, e.stretched(e.Telemetry.ScrapeInterval, arms)
}

// stretched is the interval of the clock on the wall at which an arm that runs in slices has to be told to do what is due at an
// interval of its own running time. While an arm waits, the wall's clock goes on, and what has become due is done as soon as
// the arm runs again.
//
// What is due less often than once a slice comes once in as many slices as it should when its interval is longer by the number of arms,
// since an arm runs for one part in so many of the time. What is due k times in a slice comes at its beginning and then at every
// interval, so that k intervals must be longer than the slice, and k−1 shorter.
func (e *Experiment) stretched(interval time.Duration, arms []result.Arm) time.Duration {
	slice := e.Slice()
	switch {
	case slice == 0:
		return interval
	case interval >= slice:
		return interval * time.Duration(len(arms))
	}
	often := float64((slice + interval/2) / interval)
	return time.Duration(float64(slice) / (often - 0.5)).Round(time.Millisecond)
}
