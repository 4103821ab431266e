package runner

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// account keeps what one arm uses in one slot, which may be in several pieces.
type account struct {
	arm testenv.Arm
	*result.Slot
	usage     testenv.Usage // the last reading
	telemetry result.Telemetry
	volume    *armVolume // reads the telemetry, and keeps the exports between two readings; may be nil
	runtime   map[string]result.Runtime
}

// openAccount reads what the arm and its pipeline have counted so far. The arm must run. The questions cost it some CPU time, which
// nobody is charged for.
func openAccount(ctx context.Context, arm testenv.Arm, s *result.Slot, v *armVolume) (*account, error) {
	a := &account{arm: arm, Slot: s, volume: v}
	s.CPU = map[string]time.Duration{}
	var err error
	if a.runtime, err = arm.Runtime(ctx); err != nil {
		return nil, err
	}
	a.telemetry, err = v.begin(ctx, arm)
	return a, err
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

// close reads the counters again, and writes into the slot by how much they have risen. The arm must run.
func (a *account) close(ctx context.Context) error {
	telemetry, err := a.volume.end(ctx, a.arm)
	if err != nil {
		return err
	}
	runtime, err := a.arm.Runtime(ctx)
	if err != nil {
		return err
	}
	a.RSS, a.Peak, a.Telemetry, a.Slot.Runtime = a.usage.RSS, a.usage.Peak, telemetry.Since(a.telemetry), map[string]result.Runtime{}
	for service, read := range runtime {
		a.Slot.Runtime[service] = read.Since(a.runtime[service])
	}
	return nil
}
