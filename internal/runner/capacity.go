package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
)

// capacity looks for the highest rate that each level sustains within its SLO: in every launch, rounds of slots as in the
// toll, but every arm at the rate of its own search.
func (r *run) capacity(ctx context.Context) error {
	plan := rand.New(rand.NewPCG(uint64(r.Seed), 0x63617061))
	arms := r.CapacitySpecs()
	all := orders(plan, len(arms), r.Capacity.Launches*r.Capacity.Rounds)
	setUps := rand.New(rand.NewPCG(uint64(r.Seed), 0x63736574))
	for n := range r.Capacity.Launches {
		rounds := all[n*r.Capacity.Rounds : (n+1)*r.Capacity.Rounds]
		w := warm{specs: arms, why: "for the search of the capacity", rate: r.Capacity.Start}
		w.varied, w.swapped = vary(setUps, arms)
		err := r.deployWarm(ctx, w, func(ctx context.Context, launch int, arms []testenv.Arm) error {
			return r.searches(ctx, launch, n, arms, rounds)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// searches runs the search of every arm in one launch, the n-th of this phase.
func (r *run) searches(ctx context.Context, launch, n int, arms []testenv.Arm, orders [][]int) error {
	all := make([]*climber, len(arms))
	for i, arm := range arms {
		all[i] = &climber{Arm: arm, search: newStaircase(r.Capacity.Start, r.Capacity.Max, r.Capacity.Resolution)}
	}
	slotLength := r.Capacity.Slot*5/4 + r.Telemetry.BatchDelay*8 // about: with its drain, and with a recovery after every other one
	r.Progress.Begin(fmt.Sprintf("capacity, launch %d of %d", n+1, r.Capacity.Launches), time.Duration(len(orders)*len(arms))*slotLength,
		fmt.Sprintf("%d rounds of %d slots, one arm at a time, each at the rate of its own search", len(orders), len(arms)))
	before := ""
	for round, order := range orders {
		for position, index := range order {
			s := result.Slot{
				Phase: slot.Capacity, Launch: launch, Round: round, Position: position,
				Arm: arms[index].Name(), Before: before, Rate: all[index].search.rate(),
			}
			if err := r.climb(ctx, all[index], &s); err != nil {
				return err
			}
			before = s.Arm
			r.Progress.Advance(time.Duration(round*len(arms)+position+1) * slotLength)
		}
	}
	ended := make([]string, len(all))
	for i, c := range all {
		ended[i] = fmt.Sprintf("%s near %.0f/s", c.Name(), c.search.rate())
	}
	r.Progress.End(strings.Join(ended, ", "))
	return nil
}

// climber is an arm with its search.
type climber struct {
	testenv.Arm
	search *staircase
	tired  bool // its last slot was more than it could take
	void   bool // its last slot was void
}

// observe takes a slot into account. After a void slot the rate is tried once more, since the machine may have been the
// cause. After a second one in a row the search goes down: the rate is more than the generator can make.
func (c *climber) observe(came verdict.Sustain) {
	if c.tired = came != verdict.Met; came == verdict.Void && !c.void {
		c.void = true
		return
	}
	c.void = false
	c.search.observe(came == verdict.Met)
}

// climb gives an arm a slot at the rate of its search. The search takes its next step by the slot's outcome.
func (r *run) climb(ctx context.Context, c *climber, s *result.Slot) error {
	if c.tired {
		if err := r.relieve(ctx, c, s); err != nil {
			return err
		}
	}
	if err := r.slot(ctx, c.Arm, s); err != nil {
		return err
	}
	c.observe(verdict.Sustained(*s, r.dir.Run()))
	if s.Drained {
		return nil
	}
	return r.rest(ctx, c.Arm) // a parked arm rests at once; one that cannot be parked needs the time
}

// relieve lets an arm finish the work that the overload of its last slot left, and gives it a short unrecorded slot at half
// the rate of the next one. In that slot the steps that waited for late answers are made, and queues run empty.
func (r *run) relieve(ctx context.Context, c *climber, next *result.Slot) error {
	if err := c.Unpark(); err != nil {
		return err
	}
	if err := r.rest(ctx, c.Arm); err != nil {
		return err
	}
	_, err := r.conductor.do(ctx, slot.Order{
		Phase: slot.Warmup, Launch: next.Launch, Round: next.Round, Position: next.Position, Targets: targets([]testenv.Arm{c.Arm}),
		Duration: r.Capacity.Slot / 2, Rate: next.Rate / 2, Exact: true,
	})
	if err != nil {
		return err
	}
	return r.rest(ctx, c.Arm)
}

// restLimits is how long an overloaded arm may take to come to rest, in limits of a drain.
const restLimits = 10

// rest waits until an arm is at rest, within limits.
func (r *run) rest(ctx context.Context, arm testenv.Arm) error {
	for range restLimits {
		if drained, err := r.drain(ctx, arm); drained || err != nil {
			return err
		}
	}
	return nil
}
