package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// idle meters what each arm of a launch uses at rest: in turn, unparked and without load for toll.idle, and writes it. What
// the warm-up has left to do is waited for first. Arms whose CPU time nobody can read are left alone.
func (r *run) idle(ctx context.Context, launch int, arms []testenv.Arm, order []int) error {
	if usage, err := arms[0].Usage(); err != nil || r.Toll.Idle == 0 || len(usage.CPU) == 0 {
		return err
	}
	each := r.Toll.Idle + r.Telemetry.BatchDelay*3 // with its drain, about
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
	meter, err := newTollMeter(ctx, arm)
	if err != nil {
		return err
	}
	s.Start = time.Now()
	if err := sleep(ctx, r.Toll.Idle); err != nil {
		return err
	}
	s.End = time.Now()
	if err := meter.since(ctx, s); err != nil {
		return err
	}
	if err := arm.Park(); err != nil {
		return err
	}
	return r.dir.Slot(*s)
}

// tollMeter is a meter that reads the runtimes, too. While faults are injected a service may not answer, and nobody asks.
type tollMeter struct {
	*meter
	runtime map[string]result.Runtime
}

// newTollMeter takes the first reading. Like the telemetry, the runtimes are read outside of what is metered; of the two
// answers one falls between the readings of the runtimes themselves, in every arm alike.
func newTollMeter(ctx context.Context, arm testenv.Arm) (*tollMeter, error) {
	runtime, err := arm.Runtime(ctx)
	if err != nil {
		return nil, err
	}
	m, err := newMeter(ctx, arm)
	return &tollMeter{m, runtime}, err
}

// since is meter.since, and the runtimes.
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
