package experiment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv"
)

// deploy launches the arms of a spec and calls use with them; whatever happens, the launch is closed again. Should a
// part of it end by itself, use's context is cancelled with the loss as its cause.
func (r *run) deploy(ctx context.Context, spec testenv.Spec, why string, use func(context.Context, []testenv.Arm) error) (err error) {
	spec.Seed, spec.Users, spec.Items, spec.Log = r.Seed, r.Experiment.Journeys.Users, r.Experiment.Journeys.Items, r.log
	spec.EvalInterval, spec.Scrape = r.Alerts.EvalInterval, r.Telemetry.ScrapeInterval
	r.Progress.Begin(fmt.Sprintf("launch %d: %d arms, %d processes", spec.Launch+1, len(spec.Arms), len(spec.Arms)*testenv.ProcessesPerArm+1), 0, why)
	deployed, err := r.Env.Launch(ctx, spec)
	if err != nil {
		r.Progress.End("failed")
		return err
	}
	defer func() { err = errors.Join(err, deployed.Close(context.WithoutCancel(ctx))) }()
	start := deployed.StartUp()
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
	return use(ctx, deployed.Arms())
}

// targets are all the arms, for an order that loads them together.
func targets(arms []testenv.Arm) []slot.Target {
	out := make([]slot.Target, len(arms))
	for i, a := range arms {
		out[i] = slot.Target{Arm: a.Name(), URL: a.Gateway()}
	}
	return out
}

// meter reads what arms use, and says what they used since the last reading.
type meter struct {
	arm       testenv.Arm
	usage     testenv.Usage
	telemetry result.Telemetry
}

// newMeter takes the first reading.
func newMeter(ctx context.Context, arm testenv.Arm) (*meter, error) {
	m := &meter{arm: arm}
	return m, m.read(ctx)
}

func (m *meter) read(ctx context.Context) (err error) {
	if m.usage, err = m.arm.Usage(); err != nil {
		return err
	}
	m.telemetry, err = m.arm.Telemetry(ctx)
	return err
}

// since fills the cost of a slot with the difference to the reading before.
func (m *meter) since(ctx context.Context, s *result.Slot) error {
	before := *m
	if err := m.read(ctx); err != nil {
		return err
	}
	s.CPU, s.RSS = map[string]time.Duration{}, m.usage.RSS
	for service, cpu := range m.usage.CPU {
		s.CPU[service] = cpu - before.usage.CPU[service]
	}
	s.Telemetry = m.telemetry
	s.Telemetry.Spans -= before.telemetry.Spans
	s.Telemetry.LogRecords -= before.telemetry.LogRecords
	s.Telemetry.DataPoints -= before.telemetry.DataPoints
	s.Telemetry.Bytes -= before.telemetry.Bytes
	s.Telemetry.Refused -= before.telemetry.Refused
	return nil
}
