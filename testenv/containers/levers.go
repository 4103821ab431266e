package containers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// levers returns the levers of containers: those of the roles themselves and of the links, the quota of the broker, and what the
// engine can do to a container.
func levers() lever.Handles[*arm] {
	handles := engine.Levers(func(a *arm, service string) (*engine.Session, []*engine.Container) {
		return a.launch.session, []*engine.Container{a.services[service]}
	})
	maps.Copy(handles, testenv.LinkLevers[*arm]())
	maps.Copy(handles, outside.Levers(func(a *arm) (*outside.View, *lease.Table) { return a.view, &a.leases }))
	maps.Copy(handles, lever.Handles[*arm]{
		lever.Deliver:        testenv.RoleQuestion[*arm](lever.Deliver),
		lever.Audit:          testenv.RoleQuestion[*arm](lever.Audit),
		lever.LoadModel:      testenv.RoleLever[*arm](lever.LoadModel),
		lever.ReadModel:      testenv.RoleQuestion[*arm](lever.ReadModel),
		lever.TryModel:       testenv.RoleQuestion[*arm](lever.TryModel),
		lever.AssignVariants: testenv.RoleLever[*arm](lever.AssignVariants),
		lever.CountVariants:  testenv.RoleQuestion[*arm](lever.CountVariants),
		lever.Stalls:         testenv.RoleQuestion[*arm](lever.Stalls),
		lever.Uptime:         testenv.RoleQuestion[*arm](lever.Uptime),
		lever.ThrottleFetch:  {Pull: throttle, Release: unthrottle},
		lever.Drift:          {}, // the load generator pulls it
		lever.AlterProfiles:  testenv.RoleLever[*arm](lever.AlterProfiles),
		lever.StopDelivery:   testenv.RoleLever[*arm](lever.StopDelivery),
		lever.Unpublish:      testenv.RoleLever[*arm](lever.Unpublish),
		lever.PauseBroker:    {Pull: pauseBroker, Release: resumeBroker},
		lever.StopConsumer:   testenv.RoleLever[*arm](lever.StopConsumer),
		lever.EventsTopic:    testenv.RoleLever[*arm](lever.EventsTopic),

		lever.StopCollector:   {Pull: stopCollector, Release: startCollector},
		lever.ChangeCollector: {Pull: changeCollector, Release: restoreCollector},
		lever.SilenceAlerts:   {Pull: silenceAlerts, Release: endSilence},
		lever.AskCollector:    {Ask: askCollector},
		lever.AskSeries:       {Ask: askSeries},
		lever.AskNotified:     {Ask: askNotified},
		lever.PageSize:        testenv.RoleSetting[*arm](lever.PageSize),
	})
	return handles
}

func throttle(ctx context.Context, a *arm, _ string, params any, d time.Duration) error {
	return a.leases.Hold(lever.ThrottleFetch, d, func() (func() error, error) {
		return func() error { return a.launch.unthrottle(a.spec.Name) }, a.launch.throttle(ctx, a.spec.Name, params)
	})
}

func unthrottle(_ context.Context, a *arm, _ string) error {
	return a.leases.Release(lever.ThrottleFetch)
}

// pauseBroker pauses the broker's container, which all arms share: every arm stands still with it. The broker goes on when the
// last arm that holds it has released it, or has let its lease end.
func pauseBroker(ctx context.Context, a *arm, _ string, _ any, d time.Duration) error {
	err := a.leases.Hold(lever.PauseBroker, d, func() (func() error, error) {
		a.launch.pause.add(a.spec.Name)
		return func() error { return a.launch.pause.drop(a.spec.Name, a.launch.goOn) }, nil
	})
	if err != nil {
		return err
	}
	// Each arm renews the guard's lease too, so it ends with the last of them.
	return a.launch.pause.keep(a.spec.Name, func() error {
		return a.launch.session.Hold(ctx, a.launch.shared[kafkaHost].ID, lever.Pause, struct{}{}, d)
	})
}

func resumeBroker(_ context.Context, a *arm, _ string) error {
	return a.leases.Release(lever.PauseBroker)
}

// goOn lets the broker go on.
func (l *launch) goOn() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return l.session.Release(ctx, l.shared[kafkaHost].ID, lever.Pause)
}

// holders are the arms that hold something that all arms share.
type holders struct {
	mu   sync.Mutex
	arms map[string]bool
}

// add adds an arm.
func (h *holders) add(arm string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.arms == nil {
		h.arms = map[string]bool{}
	}
	h.arms[arm] = true
}

// keep calls hold, if the arm is still a holder.
func (h *holders) keep(arm string, hold func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.arms[arm] {
		return nil
	}
	return hold()
}

// drop removes an arm, and calls free after the last one. If that fails, the arm stays, so that another drop tries again.
func (h *holders) drop(arm string, free func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.arms[arm] && len(h.arms) == 1 {
		if err := free(); err != nil {
			return err
		}
	}
	delete(h.arms, arm)
	return nil
}

// stopCollector makes the Collector's container stand still: it takes connections and answers nothing.
func stopCollector(ctx context.Context, a *arm, _ string, _ any, d time.Duration) error {
	a.stopped.Store(true)
	return a.launch.session.Hold(ctx, a.collector.ID, lever.Pause, struct{}{}, d)
}

// startCollector lets it go on and waits until it takes telemetry, since readers of its counts would fail before.
func startCollector(ctx context.Context, a *arm, _ string) error {
	if err := a.launch.session.Release(ctx, a.collector.ID, lever.Pause); err != nil || !a.stopped.Load() {
		return err
	}
	for !a.view.Probe(ctx, a.collectorHealth()) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("testenv: collector of arm %s: not up again: %w", a.spec.Name, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
	a.stopped.Store(false)
	return nil
}

// collectorHealth is the URL that answers 200 while the Collector takes telemetry.
func (a *arm) collectorHealth() string { return a.collector.URL(healthPort) + "/" }

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// Reach returns an error for a service that the arm does not have.
func (a *arm) Reach(service, name string) error {
	if l, err := lever.Lookup(name); err == nil && service == role.Backing && l.Service == role.Backing {
		return nil
	}
	if service == role.Telemetry {
		return a.reachPipeline(name)
	}
	if lever.OfLink(name) {
		if _, ok := role.Linked()[service]; !ok || a.links == nil {
			return fmt.Errorf("no link leads to %q", service)
		}
		return nil
	}
	if _, ok := a.services[service]; !ok {
		return fmt.Errorf("there is no service %q", service)
	}
	return nil
}

// reachPipeline returns an error for a lever that the arm's pipeline does not have.
func (a *arm) reachPipeline(name string) error {
	switch name {
	case lever.StopCollector, lever.AskCollector, lever.AskSeries:
		return nil
	case lever.ChangeCollector, lever.SilenceAlerts, lever.AskNotified:
		if a.links == nil {
			return fmt.Errorf("%s acts on what is there only while faults are injected: the links and the receiver", name)
		}
		return nil
	}
	return fmt.Errorf("%q has no %s", role.Telemetry, name)
}

func (a *arm) Pull(ctx context.Context, service, name string, params any, d time.Duration) error {
	return levers().Pull(ctx, a, service, name, params, d)
}

func (a *arm) Release(ctx context.Context, service, name string) error {
	return levers().Release(ctx, a, service, name)
}

func (a *arm) Ask(ctx context.Context, service, name string, params, out any) error {
	return levers().Ask(ctx, a, service, name, params, out)
}
