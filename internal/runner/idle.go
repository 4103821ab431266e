package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// idle meters what each arm of a launch uses at rest, and writes it. The arms take turns: each is unparked and without load
// for toll.idle, after it has finished the work that the warm-up left. Where the arms' CPU time cannot be read, nothing is
// metered.
func (r *run) idle(ctx context.Context, launch int, arms []testenv.Arm, order []int) error {
	if usage, err := arms[0].Usage(); err != nil || r.Toll.Idle == 0 || len(usage.CPU) == 0 {
		return err
	}
	each := r.Toll.Idle + r.Telemetry.BatchDelay*3 // about: with its drain
	r.Progress.Begin("at rest", time.Duration(len(arms))*each, "each arm in turn without load: what it uses all the same")
	before := ""
	for position, index := range order {
		s := result.Slot{Phase: slot.Idle, Launch: launch, Position: position, Arm: arms[index].Name(), Before: before}
		if err := r.meterRest(ctx, arms[index], &s); err != nil {
			return err
		}
		before = s.Arm
		r.Progress.Advance(time.Duration(position+1) * each)
	}
	r.Progress.End("")
	return nil
}

// meterRest meters one arm at rest.
func (r *run) meterRest(ctx context.Context, arm testenv.Arm, s *result.Slot) (err error) {
	if err := arm.Unpark(); err != nil {
		return err
	}
	if s.Drained, err = r.drain(ctx, arm); err != nil {
		return err
	}
	meter, err := newTollMeter(ctx, arm, nil)
	if err != nil {
		return err
	}
	s.Start = time.Now()
	if err := sleep(ctx, r.Toll.Idle); err != nil {
		return err
	}
	s.End = s.Start.Add(time.Since(s.Start)) // the difference of the two is by the monotonic clock, also once they are written
	if err := meter.since(ctx, s); err != nil {
		return err
	}
	if err := arm.Park(); err != nil {
		return err
	}
	return r.dir.Slot(*s)
}

// tollMeter is a meter that also reads the runtimes of the services. The catch has none: a service with a fault may not answer.
type tollMeter struct {
	*meter
	runtime map[string]result.Runtime
}

// newTollMeter takes the first reading. Like the telemetry, the runtimes are read outside of what is metered. Only between
// the two readings of the runtimes themselves lies the answer to one of them, in every arm alike.
func newTollMeter(ctx context.Context, arm testenv.Arm, v *armVolume) (*tollMeter, error) {
	runtime, err := arm.Runtime(ctx)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(ctx, arm, v)
	return &tollMeter{m, runtime}, err
}

// since fills the cost of a slot as meter.since does, and adds the runtimes.
func (m *tollMeter) since(ctx context.Context, s *result.Slot) error {
	if err := m.meter.since(ctx, s); err != nil {
		return err
	}
	now, err := m.arm.Runtime(ctx)
	if err != nil {
		return err
	}
	s.Runtime = map[string]result.Runtime{}
	for service, read := range now {
		s.Runtime[service] = read.Since(m.runtime[service])
	}
	return nil
}
