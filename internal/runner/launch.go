package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// deploy launches the arms of a spec, calls use with them, under each other's names where they are swapped, and closes the launch on every path. If a part of the launch
// ends by itself, use's context is cancelled with that loss as its cause.
func (r *run) deploy(ctx context.Context, spec testenv.Spec, swapped bool, why string, use func(context.Context, []testenv.Arm) error) (err error) {
	if spec.Scrape == 0 {
		spec.Scrape = r.Telemetry.ScrapeInterval
	}
	spec.Run, spec.Seed, spec.Users, spec.Items, spec.Log = r.id, r.Seed, r.Experiment.Journeys.Users, r.Experiment.Journeys.Items, r.log
	spec.EvalInterval, spec.Scratch = r.Alerts.EvalInterval, absolute(r.dir.Dir())
	spec.Lookback = r.Lookback(r.lapsed)
	r.Progress.Begin(fmt.Sprintf("launch %d: %d arms, %s", spec.Launch+1, len(spec.Arms), r.Env.Size(len(spec.Arms))), 0, why)
	r.launched++
	deployed, err := r.Env.Launch(ctx, spec)
	if err != nil {
		r.Progress.End("failed")
		if cause := context.Cause(ctx); cause != nil { // why it failed, and not where
			return cause
		}
		return err
	}
	defer func() { err = errors.Join(err, deployed.Close(context.WithoutCancel(ctx))) }()
	start := deployed.StartUp()
	start.SetUp = setUp(spec.Arms, swapped)
	r.Progress.End(fmt.Sprintf("ready after %v, the slowest was %s", start.Total.Round(time.Millisecond), start.Slowest))
	if err := r.dir.Update(func(m *result.Run) { m.StartUp = append(m.StartUp, start) }); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case err := <-deployed.Lost():
			cancel(err)
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel(nil)
		<-watched
	}()
	arms := deployed.Arms()
	if swapped {
		arms = swap(arms, spec.Arms)
	}
	err = use(ctx, arms)
	err = errors.Join(err, r.tearDown(ctx, spec.Launch, arms))
	if err != nil { // it may only be the first symptom of a lost part, and the loss tells more
		select {
		case <-ctx.Done():
		case <-watched:
		case <-time.After(lossGrace):
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
	}
	return err
}

// lossGrace is how long the loss of a part may take to become known after its first symptom.
const lossGrace = 500 * time.Millisecond

// targets are the arms as an order names them; it loads all of them together.
func targets(arms []testenv.Arm) []slot.Target {
	out := make([]slot.Target, len(arms))
	for i, a := range arms {
		out[i] = slot.Target{Arm: a.Name(), URL: a.Gateway()}
	}
	return out
}

// meter reads what an arm uses under load that does not end, and says what the arm has used since the reading before.
type meter struct {
	arm       testenv.Arm
	at        time.Time // of usage
	usage     testenv.Usage
	telemetry result.Telemetry
}

// newMeter takes the first reading. A question for the telemetry costs the arm some CPU time, so it is asked outside of what
// is measured: before the first reading of CPU time here, and after the last one in since.
func newMeter(ctx context.Context, arm testenv.Arm) (m *meter, err error) {
	m = &meter{arm: arm}
	if m.telemetry, err = arm.Telemetry(ctx); err != nil {
		return nil, err
	}
	m.at = time.Now()
	m.usage, err = arm.Usage()
	return m, err
}

// since fills the cost of a slot: the difference between a new reading and the one before.
func (m *meter) since(ctx context.Context, s *result.Slot) error {
	before := *m
	var err error
	m.at = time.Now()
	if m.usage, err = m.arm.Usage(); err != nil {
		return err
	}
	if m.telemetry, err = m.arm.Telemetry(ctx); err != nil {
		return err
	}
	s.Metered, s.CPU, s.RSS, s.Peak = m.at.Sub(before.at), map[string]time.Duration{}, m.usage.RSS, m.usage.Peak
	for service, cpu := range m.usage.CPU {
		s.CPU[service] = result.Increase(before.usage.CPU[service], cpu)
	}
	s.Telemetry = m.telemetry.Since(before.telemetry)
	return nil
}

// absolute is the path as other processes can use it; "" stays "".
func absolute(path string) string {
	if path == "" {
		return ""
	}
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
