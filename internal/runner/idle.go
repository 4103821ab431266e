package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// idle meters what each arm of a launch uses at rest, and writes it: without load for toll.idle, in the pieces in which it has its slots, after it
// has finished the work that the warm-up left. Where the arms' CPU time cannot be read, nothing is metered.
func (r *run) idle(ctx context.Context, launch int, arms []testenv.Arm, pieces [][]int) error {
	if usage, err := arms[0].Usage(); err != nil || len(pieces) == 0 || len(usage.CPU) == 0 {
		return err
	}
	length := time.Duration(len(arms)) * (r.Toll.Idle + r.Telemetry.BatchDelay*3) // about: with its drain
	r.Progress.Begin("at rest", length, "each arm in turn without load: what it uses all the same")
	accounts := make([]*account, len(arms))
	for position, index := range pieces[0] {
		s := &result.Slot{Phase: slot.Idle, Launch: launch, Position: position, Arm: arms[index].Name()}
		if len(pieces) > 1 {
			s.Slices = len(pieces)
		} else if position > 0 {
			s.Before = arms[pieces[0][position-1]].Name()
		}
		var err error
		if accounts[index], err = r.settled(ctx, arms[index], s); err != nil {
			return err
		}
	}
	each := r.Toll.Idle / time.Duration(len(pieces))
	for n, order := range pieces {
		for _, index := range order {
			if err := r.rests(ctx, accounts[index], each); err != nil {
				return err
			}
		}
		r.Progress.Advance(length * time.Duration(n+1) / time.Duration(len(pieces)))
	}
	for _, index := range pieces[0] {
		if err := r.settle(ctx, accounts[index]); err != nil {
			return err
		}
	}
	r.Progress.End("")
	return nil
}

// settled waits until an arm is at rest and opens its account.
func (r *run) settled(ctx context.Context, arm testenv.Arm, s *result.Slot) (a *account, err error) {
	return a, parkedAfter(arm, func() error {
		if s.Drained, err = r.drain(ctx, arm); err != nil {
			return err
		}
		a, err = openAccount(ctx, arm, s, nil)
		return err
	})
}

// rests charges an arm with a time without load.
func (r *run) rests(ctx context.Context, a *account, length time.Duration) error {
	now := time.Now()
	if a.Start.IsZero() {
		a.Start = now
	}
	err := a.charge(func() error {
		return parkedAfter(a.arm, func() error { return sleep(ctx, length) })
	})
	a.End = a.Start.Add(time.Since(a.Start)) // the difference of the two is by the monotonic clock, also once they are written
	return err
}

// settle closes an account and writes its slot.
func (r *run) settle(ctx context.Context, a *account) error {
	if err := parkedAfter(a.arm, func() error { return a.close(ctx) }); err != nil {
		return err
	}
	if err := r.dir.Slot(*a.Slot); err != nil {
		return err
	}
	a.volume.add(*a.Slot)
	return nil
}

// parkedAfter lets an arm run while it does something, and parks it again.
func parkedAfter(arm testenv.Arm, do func() error) error {
	if err := arm.Unpark(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return arm.Park()
}
