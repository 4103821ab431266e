package external

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// stallWindow is how long stalls looks at a service: some periods of a CPU quota.
const stallWindow = 400 * time.Millisecond

// stalls says for how long of a moment the CPU quotas of a service's containers held them up, and how long they worked in it. Both
// are from their control groups, or from the engine.
func stalls(ctx context.Context, a *arm, service string, _, out any) error {
	before, err := a.used(ctx, service)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(stallWindow):
	}
	after, err := a.used(ctx, service)
	// A container that was started again meanwhile counts from 0.
	ran, stood := max(0, after.CPU-before.CPU), max(0, after.Stood-before.Stood)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return answer(map[string]float64{"ran_ms": ms(ran), "stood_ms": ms(stood)}, err, out)
}

// used adds up what the containers of a service have used.
func (a *arm) used(ctx context.Context, service string) (sum engine.Reading, err error) {
	for _, c := range a.parts[service] {
		r, err := c.Used(ctx)
		if err != nil {
			return sum, err
		}
		sum.CPU += r.CPU
		sum.Stood += r.Stood
	}
	return sum, nil
}

// uptime says how long the container of a service has run that was started last.
func uptime(ctx context.Context, a *arm, service string, _, out any) error {
	var last time.Time
	for _, c := range a.parts[service] {
		began, err := c.Started(ctx)
		if err != nil {
			return err
		}
		if began.After(last) {
			last = began
		}
	}
	if last.IsZero() {
		return fmt.Errorf("testenv: arm %s: no container of %s is known", a.spec.Name, service)
	}
	return answer(map[string]float64{"seconds": time.Since(last).Seconds()}, nil, out)
}

// Answers reports whether the service's containers run. For the service that takes the load, it also asks the health check; of a
// service that is known by its proxy alone, it knows only whether the proxy lets its answers through; and for our own pipeline it
// asks its Collector.
func (a *arm) Answers(ctx context.Context, service string) (bool, error) {
	switch {
	case service == role.Telemetry && a.ownPipeline():
		return a.collects(ctx)
	case a.onlyProxied(service):
		if at, err := a.proxy(service).held(ctx, toxicCut()); err != nil {
			return false, fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
		} else if at != nil {
			return false, nil
		}
	case service != a.front() && len(a.parts[service]) == 0:
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.spec.Name, service)
	}
	for _, c := range a.parts[service] {
		if runs, err := c.Runs(ctx); err != nil || !runs {
			return false, err
		}
	}
	return service != a.front() || a.view.Probe(ctx, a.base()+a.health()), nil
}
