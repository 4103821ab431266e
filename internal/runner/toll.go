package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// toll measures what each level costs. A launch has rounds of slots, and in a slot one arm takes all the load while the
// others are parked. There are toll.launches launches, and more while a look finds a budget open (see look).
func (r *run) toll(ctx context.Context) error {
	plan := rand.New(rand.NewPCG(uint64(r.Seed), 0x746f6c6c))
	arms := r.Specs(r.TollArms(), r.Telemetry.MetricInterval)
	most := r.MostLaunches()
	all := orders(plan, len(arms), most*r.Toll.Rounds)
	setUps := rand.New(rand.NewPCG(uint64(r.Seed), 0x7365747570))
	turns := rand.New(rand.NewPCG(uint64(r.Seed), 0x69646c65))    // of the arms at rest; a source of its own, so that the plan of the rounds does not depend on it
	profiled := rand.New(rand.NewPCG(uint64(r.Seed), 0x63707570)) // likewise, of the CPU profiles
	for launch := range most {
		rounds := all[launch*r.Toll.Rounds : (launch+1)*r.Toll.Rounds]
		err := r.deployWarm(ctx, vary(setUps, arms), arms, "each process starts, trains or loads its data, and connects", r.Toll.Rate,
			func(ctx context.Context, launch int, arms []testenv.Arm) error {
				if err := r.idle(ctx, launch, arms, turns.Perm(len(arms))); err != nil {
					return err
				}
				if err := r.rounds(ctx, launch, arms, rounds); err != nil {
					return err
				}
				return r.cpuProfiles(ctx, launch, arms, profiled.Perm(len(arms)))
			})
		if err != nil {
			return err
		}
		if more, err := r.look(launch + 1); err != nil || !more {
			return err
		}
		r.soFar()
	}
	return nil
}

// deployWarm launches arms as varied, in the order of specs, warms them up and calls use with them and the launch's number.
func (r *run) deployWarm(ctx context.Context, varied, specs []testenv.ArmSpec, why string, rate float64,
	use func(ctx context.Context, launch int, arms []testenv.Arm) error) error {
	spec := testenv.Spec{Launch: r.launched, Arms: varied}
	return r.deploy(ctx, spec, why, func(ctx context.Context, deployed []testenv.Arm) error {
		arms := inOrder(deployed, specs)
		if err := r.warmUp(ctx, spec.Launch, arms, rate); err != nil {
			return err
		}
		return use(ctx, spec.Launch, arms)
	})
}

// warmUp loads one arm after the other, unrecorded, and parks it: connections are made, journeys are in full swing.
func (r *run) warmUp(ctx context.Context, launch int, arms []testenv.Arm, rate float64) error {
	r.Progress.Begin("warm-up", time.Duration(len(arms))*r.Toll.Warmup, "journeys reach their full rate; not recorded")
	for i := range arms {
		if r.Toll.Warmup > 0 {
			order := slot.Order{
				Phase: slot.Warmup, Launch: launch, Targets: targets(arms[i : i+1]), Duration: r.Toll.Warmup, Rate: rate,
			}
			if _, err := r.conductor.do(ctx, order); err != nil {
				return err
			}
		}
		r.Progress.Advance(time.Duration(i+1) * r.Toll.Warmup)
	}
	for _, arm := range arms {
		if err := arm.Park(); err != nil {
			return err
		}
	}
	r.Progress.End("")
	return nil
}

// rounds measures all rounds of one launch.
func (r *run) rounds(ctx context.Context, launch int, arms []testenv.Arm, orders [][]int) error {
	slotLength := r.Toll.Slot + r.Telemetry.BatchDelay*3 // about: with its drain
	r.Progress.Begin(fmt.Sprintf("toll, launch %d of %d", launch+1, max(launch+1, r.Toll.Launches)), time.Duration(len(orders)*len(arms))*slotLength,
		fmt.Sprintf("%d rounds of %d slots, one arm at a time", len(orders), len(arms)))
	before := ""
	for round, order := range orders {
		for position, index := range order {
			s := result.Slot{Phase: slot.Toll, Launch: launch, Round: round, Position: position, Arm: arms[index].Name(), Before: before}
			if err := r.slot(ctx, arms[index], &s); err != nil {
				return err
			}
			before = s.Arm
			r.Progress.Advance(time.Duration(round*len(arms)+position+1) * slotLength)
		}
	}
	r.Progress.End("")
	return nil
}

// slot gives one arm one slot of load, waits until it has drained, and writes what it cost.
func (r *run) slot(ctx context.Context, arm testenv.Arm, s *result.Slot) error {
	if err := arm.Unpark(); err != nil {
		return err
	}
	meter, err := newTollMeter(ctx, arm)
	if err != nil {
		return err
	}
	report, err := r.conductor.do(ctx, r.order(arm, s))
	if err != nil {
		return err
	}
	reported := time.Now() // the End of the report is a time of day, without the monotonic clock
	s.Order, s.Start, s.End, s.GeneratorCPU = report.Order, report.Start, report.End, report.GeneratorCPU
	if len(report.Arms) != 1 {
		return fmt.Errorf("runner: the load generator reported %d arms for a slot of one", len(report.Arms))
	}
	s.Work = report.Arms[0]
	if s.Drained, err = r.drain(ctx, arm); err != nil {
		return err
	}
	s.Drain = time.Since(reported)
	if err := meter.since(ctx, s); err != nil {
		return err
	}
	if err := arm.Park(); err != nil {
		return err
	}
	return r.dir.Slot(*s)
}

// order asks for a slot.
func (r *run) order(arm testenv.Arm, s *result.Slot) slot.Order {
	o := slot.Order{
		Phase: s.Phase, Launch: s.Launch, Round: s.Round, Position: s.Position,
		Targets: targets([]testenv.Arm{arm}), Duration: r.Toll.Slot, Washout: r.Toll.Washout, Rate: r.Toll.Rate,
	}
	if s.Phase == slot.Capacity {
		o.Duration, o.Washout, o.Rate, o.Exact = r.Capacity.Slot, r.Capacity.Washout, s.Rate, true
	}
	return o
}

// An arm is drained when its processes together use less than idleShare of one core over idleWindow.
const (
	idleWindow = 20 * time.Millisecond
	idleShare  = 0.15
)

// drain waits until the arm has finished the work that follows its requests: first as long as a batch waits at the sender
// and at the receiver, then until its processes are back at idle CPU, for toll.drain_limit at most.
func (r *run) drain(ctx context.Context, arm testenv.Arm) (bool, error) {
	limit := time.Now().Add(r.Toll.DrainLimit)
	if err := sleep(ctx, 2*r.Telemetry.BatchDelay+idleWindow); err != nil {
		return false, err
	}
	last, err := armCPU(arm)
	if err != nil {
		return false, err
	}
	for from := time.Now(); ; {
		if err := sleep(ctx, idleWindow); err != nil {
			return false, err
		}
		now, err := armCPU(arm)
		if err != nil {
			return false, err
		}
		if share := float64(now-last) / float64(time.Since(from)); share < idleShare {
			return true, nil
		}
		if time.Now().After(limit) {
			return false, nil
		}
		last, from = now, time.Now()
	}
}

// armCPU is the CPU time of all the arm's own processes.
func armCPU(arm testenv.Arm) (time.Duration, error) {
	usage, err := arm.Usage()
	var sum time.Duration
	for service, cpu := range usage.CPU {
		if service != role.Backing {
			sum += cpu
		}
	}
	return sum, err
}

// sleep waits, or returns the cause of the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
