package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// idle meters what each arm of a launch uses at rest, and writes it: without load for toll.idle, after it has finished the work that the
// warm-up left. Arms that have their slots in slices rest in slices too, of the same kind of round, so that what is due by the clock comes
// as often in both. Where the arms' CPU time cannot be read, nothing is metered.
func (r *run) idle(ctx context.Context, launch int, arms []testenv.Arm, orders [][]int) error {
	if usage, err := arms[0].Usage(); err != nil || len(orders) == 0 || len(usage.CPU) == 0 {
		return err
	}
	length := time.Duration(len(arms)) * (r.Toll.Idle + r.Telemetry.BatchDelay*3) // about: with its drain
	r.Progress.Begin("at rest", length, "each arm in turn without load: what it uses all the same")
	s := result.Slot{Phase: slot.Idle, Launch: launch}
	all := make([]*books, len(arms))
	for _, i := range orders[0] {
		arm := arms[i]
		err := parkedAfter(arm, func() (err error) {
			if _, err := r.drain(ctx, arm); err != nil {
				return err
			}
			all[i], err = openBooks(ctx, arm, nil)
			return err
		})
		if err != nil {
			return err
		}
	}
	each := r.Toll.Idle / time.Duration(len(orders))
	rest := func(a *account, _ bool) error { return r.rests(ctx, a, each) }
	if err := r.pieces(ctx, s, all, orders, rest, func(done float64) { r.Progress.Advance(time.Duration(done * float64(length))) }); err != nil {
		return err
	}
	r.Progress.End("")
	return nil
}

// rests leaves an arm without load for a time.
func (r *run) rests(ctx context.Context, a *account, length time.Duration) error {
	if a.Start.IsZero() {
		a.Start = time.Now()
	}
	err := sleep(ctx, length)
	a.End = a.Start.Add(time.Since(a.Start)) // the difference of the two is by the monotonic clock, also once they are written
	return err
}
