package verdict

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Sustain says what one slot of the capacity phase shows about its arm.
type Sustain string

// What a slot shows.
const (
	Met        Sustain = "met"        // the arm sustained the rate within the SLO
	Overloaded Sustain = "overloaded" // it did not
	Void       Sustain = "void"       // the SLO was missed because of the load generator: no evidence about the arm
)

// Sustained judges a slot of the capacity phase by the SLO of its run: the 99th percentile of the main step's response time,
// from the scheduled start, is at most Plan.Capacity.SLOP99, and at least SLOShare of the offered requests were answered
// without error.
//
// A miss is the generator's when the stack would have met the SLO on what it was sent, at the times at which it was sent,
// and requests were held up for more than half of the latency allowed, or not sent at all, before they left; or when the
// generator took more of the CPU than its control accepts. A slot that recorded no request of the main step is void, too.
func Sustained(s result.Slot, run result.Run) Sustain {
	slo := run.Plan.Capacity
	tail := s.Work.Tails[run.Plan.MainStep()]
	if slo == nil || tail.N == 0 {
		return Void
	}
	answered := s.Work.Sent - s.Work.Failed
	enough := func(of int64) bool { return float64(answered) >= slo.SLOShare*float64(of) }
	late := s.Work.LagP99 > slo.SLOP99/2
	switch {
	case tail.Response <= slo.SLOP99 && enough(s.Work.Scheduled):
		return Met
	case tail.Service <= slo.SLOP99 && enough(s.Work.Sent) && (late || !enough(s.Work.Scheduled)), generatorShare([]result.Slot{s}, run) >= maxGenerator:
		return Void
	default:
		return Overloaded
	}
}

// generatorShare is the part of all cores that the generator used in some slots.
func generatorShare(slots []result.Slot, run result.Run) float64 {
	used, wall := time.Duration(0), time.Duration(0)
	for _, s := range slots {
		used, wall = used+s.GeneratorCPU, wall+s.End.Sub(s.Start)
	}
	return float64(used) / float64(max(1, wall)) / float64(max(1, run.Machine.Cores))
}
