package experiment

import (
	"cmp"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Slice is how long an arm runs in the toll before the next arm has its turn: about toll.slice, a whole part of a slot, or 0 where a slot
// is in one piece. Arms can alternate in slices only where an arm that waits stands still, and where what makes the load can wait as
// well.
func (e *Experiment) Slice() time.Duration {
	if n := e.Slices(); n > 1 {
		return e.Toll.Slot / time.Duration(n)
	}
	return 0
}

// Slices is how many slices a slot of the toll has; 1: it is in one piece.
func (e *Experiment) Slices() int {
	if e.Toll.Slice == 0 || e.Environment == "external" || e.Journeys.Script != "" {
		return 1
	}
	return max(1, int((e.Toll.Slot+e.Toll.Slice/2)/e.Toll.Slice))
}

// TollSpecs are the arms of the toll, ready to be deployed, and the interval at which they are scraped. If the arms alternate in
// slices, what is due by the clock is due less often there: while an arm waits, the clock on the wall goes on, and what has become due
// is done as soon as the arm runs again. In its own running time it must come as often as in a deployment that always runs.
func (e *Experiment) TollSpecs() ([]testenv.ArmSpec, time.Duration) {
	arms := e.TollArms()
	specs := e.Specs(arms, e.Telemetry.MetricInterval)
	p := pace{slice: e.Slice(), arms: time.Duration(len(arms))}
	for _, spec := range specs {
		for name, stretched := range map[string]func(time.Duration) time.Duration{
			batchDelayOfSpans: p.timer, batchDelayOfLogs: p.timer, exportInterval: p.ticker,
		} {
			if ms, err := strconv.ParseInt(spec.Env[name], 10, 64); err == nil { // else it is what the SDK makes of it
				spec.Env[name] = milliseconds(stretched(time.Duration(ms) * time.Millisecond))
			}
		}
		if p.slice == 0 {
			continue
		}
		// The etl delivers by a ticker, too, and a service's cache and commits go by the clock.
		refresh := cmp.Or(spec.Env[role.EnvRefresh], perSecond(role.Defaults().Refresh))
		if rate, err := strconv.ParseFloat(refresh, 64); err == nil && rate > 0 {
			spec.Env[role.EnvRefresh] = perSecond(1 / p.spaced(role.Config{Refresh: rate}.RefreshInterval()).Seconds())
		}
		spec.Env[role.EnvStretch] = strconv.Itoa(len(arms))
	}
	e.outlast(specs)
	return specs, p.ticker(e.Telemetry.ScrapeInterval)
}

// Standstill is how long an arm of the toll or of the search of the capacity may be parked at once. The order of the arms is drawn anew for
// every round, so that it may be the first of one round and the last of the next, and every other arm has two turns in one piece meanwhile,
// and drains twice. An arm that cannot be parked never is.
func (e *Experiment) Standstill() time.Duration {
	if e.Environment == "external" {
		return 0
	}
	turn := max(e.Toll.Slot, e.Toll.Idle, e.Toll.CPUProfile)
	if e.Capacity.Launches > 0 {
		turn = max(turn, e.Capacity.Slot)
	}
	return 2 * time.Duration(len(e.TollArms())-1) * (turn + e.Toll.DrainLimit)
}

// CapacitySpecs are the arms of the search of the capacity, ready to be deployed.
func (e *Experiment) CapacitySpecs() []testenv.ArmSpec {
	specs := e.Specs(e.CapacityArms(), e.Telemetry.MetricInterval)
	e.outlast(specs)
	return specs
}

// outlast has the exports of the arms' SDKs that are under way when an arm is parked wait for their answers until it runs again.
func (e *Experiment) outlast(specs []testenv.ArmSpec) {
	standstill := e.Standstill()
	if standstill == 0 {
		return // the services keep what they have
	}
	for _, spec := range specs {
		for name, usual := range exportLimits {
			text := cmp.Or(spec.Env[name], milliseconds(usual))                  // an empty variable counts as not set
			if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 { // 0: no limit of its own; else it is what the SDK makes of it
				spec.Env[name] = milliseconds(time.Duration(ms)*time.Millisecond + standstill)
			}
		}
	}
}

// perSecond is a rate as the variable of a service takes it.
func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'g', 6, 64) }

// pace is how arms alternate: each runs for a slice and then waits while all others have theirs. A slice of 0: they do not.
type pace struct{ slice, arms time.Duration }

// ticker is what spaced is, in whole milliseconds.
func (p pace) ticker(interval time.Duration) time.Duration {
	if p.slice == 0 {
		return interval
	}
	return p.spaced(interval).Round(time.Millisecond)
}

// spaced is the interval at which a ticker has to tick to be seen as often as one with the given interval in an arm that always runs.
// Ticks are due at fixed distances, and of those during a wait one is seen at its end.
func (p pace) spaced(interval time.Duration) time.Duration {
	switch wait := (p.arms - 1) * p.slice; {
	case p.slice == 0:
		return interval
	case interval*p.arms >= wait: // at most one in a wait: none is lost
		return interval * p.arms
	default: // one at the beginning of a slice, and the others within it
		return time.Duration(float64(p.slice) / (float64(p.slice)/float64(interval) - 1))
	}
}

// timer is what ticker is for a timer that begins anew whenever it has gone off: it goes off at the beginning of a slice, and from then
// on at every interval within it. It comes once in the nearest whole number of slices, or the nearest whole number of times in one.
func (p pace) timer(interval time.Duration) time.Duration {
	switch {
	case p.slice == 0:
		return interval
	case interval >= p.slice:
		return interval*p.arms - p.arms*p.slice/2
	}
	often := float64((p.slice + interval/2) / interval)
	return time.Duration(float64(p.slice) / (often - 0.5)).Round(time.Millisecond)
}
