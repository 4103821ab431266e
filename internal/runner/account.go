package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// books are what an arm and its pipeline had counted when they were last asked. The arm must run to be asked, which costs it some CPU
// time that nobody is charged for. While it is parked nothing is counted, so that one reading ends a slot and begins the arm's next one.
type books struct {
	arm       testenv.Arm
	volume    *armVolume // reads the telemetry, and keeps the exports between two readings; may be nil
	telemetry result.Telemetry
	runtime   map[string]result.Runtime
}

// openBooks takes the first reading.
func openBooks(ctx context.Context, arm testenv.Arm, v *armVolume) (*books, error) {
	b := &books{arm: arm, volume: v}
	var err error
	if b.runtime, err = arm.Runtime(ctx); err != nil {
		return nil, err
	}
	b.telemetry, err = v.begin(ctx, arm)
	return b, err
}

// close ends a slot: it reads again, and writes into the slot by how much the counters have risen.
func (b *books) close(ctx context.Context, a *account) error {
	telemetry, err := b.volume.end(ctx, b.arm)
	if err != nil {
		return err
	}
	before := *b
	if b.runtime, err = b.arm.Runtime(ctx); err != nil {
		return err
	}
	a.RSS, a.Peak, a.Telemetry, a.Slot.Runtime = a.usage.RSS, a.usage.Peak, telemetry.Since(before.telemetry), map[string]result.Runtime{}
	for service, read := range b.runtime {
		a.Slot.Runtime[service] = read.Since(before.runtime[service])
	}
	b.telemetry, err = b.volume.begin(ctx, b.arm)
	return err
}

// account keeps what one arm uses in one slot, which may be in several pieces.
type account struct {
	*books
	*result.Slot
	usage testenv.Usage // the last reading
}

// account opens that of a slot.
func (b *books) account(s *result.Slot) *account {
	s.CPU = map[string]time.Duration{}
	return &account{books: b, Slot: s}
}

// charge has the arm do something, and charges it with the CPU time and the time that went by. If the arm stands still before and
// after it, that is exactly what it has used.
func (a *account) charge(do func() error) (err error) {
	if a.usage, err = a.arm.Usage(); err != nil {
		return err
	}
	began, before := time.Now(), a.usage.CPU
	if err := do(); err != nil {
		return err
	}
	a.Metered += time.Since(began)
	if a.usage, err = a.arm.Usage(); err != nil {
		return err
	}
	for service, cpu := range a.usage.CPU {
		a.CPU[service] += result.Increase(before[service], cpu)
	}
	return nil
}

// chargeRun is charge of something for which a parked arm is let run.
func (a *account) chargeRun(do func() error) error {
	return a.charge(func() error { return parkedAfter(a.arm, do) })
}

// settle ends an account and writes its slot.
func (r *run) settle(ctx context.Context, a *account) error {
	if err := parkedAfter(a.arm, func() error { return a.close(ctx, a) }); err != nil {
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
