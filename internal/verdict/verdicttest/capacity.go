package verdicttest

import (
	"math"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Sizes of the capacity phase.
const (
	capacityRounds = 16
	CapacityMax    = 8000.
)

// capacity adds launches in which every arm of Spec.Capacity searches: from a quarter of its capacity it doubles the rate to
// the first slot that it does not sustain, then goes up and down by a twentieth.
func (b *builder) capacity() {
	b.data.Run.Plan.Capacity = &result.CapacityPlan{
		Launches: b.CapacityLaunches, Rounds: capacityRounds, Slot: 2 * time.Second, Washout: 400 * time.Millisecond,
		SLOP99: 50 * time.Millisecond, SLOShare: 0.99, Max: CapacityMax,
	}
	for n := range b.CapacityLaunches {
		shared := b.RoundSD * b.rng.NormFloat64()
		for _, arm := range b.data.Run.Arms {
			truth, searched := b.Capacity[arm.Name]
			if !searched {
				continue
			}
			luck := shared + b.LaunchSD*b.rng.NormFloat64()
			rate, up, down := truth/4, 2., 0.7
			for round := range capacityRounds {
				met := math.Log(rate) < math.Log(truth)+luck+b.CapacitySD*b.rng.NormFloat64()
				b.data.Slots = append(b.data.Slots, b.capacitySlot(arm, b.Launches+n, round, rate, met))
				if met {
					rate = min(rate*up, CapacityMax)
				} else {
					rate *= down
					up, down = 1.05, 1/1.05
				}
			}
		}
	}
}

func (b *builder) capacitySlot(arm result.Arm, launch, round int, rate float64, met bool) result.Slot {
	p99 := 20 * time.Millisecond
	if !met {
		p99 = 300 * time.Millisecond
	}
	sent := int64(2 * rate)
	s := result.Slot{
		Phase: slot.Capacity, Order: b.order, Launch: launch, Round: round, Arm: arm.Name, Start: b.now, End: b.now.Add(2 * time.Second),
		Drained: true, Drain: 200 * time.Millisecond, GeneratorCPU: 300 * time.Millisecond, Rate: rate,
		Work: slot.ArmReport{
			Arm: arm.Name, Scheduled: sent, Sent: sent, LagP99: time.Millisecond,
			Tails: map[string]slot.Tail{"recommend": {N: max(1, sent*2/5), Response: p99 + time.Millisecond, Service: p99}},
		},
	}
	b.order++
	b.now = s.End.Add(s.Drain)
	return s
}
