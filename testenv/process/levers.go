package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// levers are the levers of processes.
func levers() lever.Handles[*arm] {
	handles := outside.Levers(func(a *arm) (*outside.View, *lease.Table) { return a.view, &a.leases })
	maps.Copy(handles, testenv.LinkLevers[*arm]())
	maps.Copy(handles, lever.Handles[*arm]{
		lever.PageSize:        testenv.RoleSetting[*arm](lever.PageSize),
		lever.AlterProfiles:   testenv.RoleLever[*arm](lever.AlterProfiles),
		lever.StopDelivery:    testenv.RoleLever[*arm](lever.StopDelivery),
		lever.Deliver:         testenv.RoleQuestion[*arm](lever.Deliver),
		lever.Unpublish:       testenv.RoleLever[*arm](lever.Unpublish),
		lever.Audit:           testenv.RoleQuestion[*arm](lever.Audit),
		lever.ThrottleFetch:   testenv.RoleLever[*arm](lever.ThrottleFetch),
		lever.PauseBroker:     testenv.RoleLever[*arm](lever.PauseBroker),
		lever.StopConsumer:    testenv.RoleLever[*arm](lever.StopConsumer),
		lever.EventsTopic:     testenv.RoleLever[*arm](lever.EventsTopic),
		lever.Drift:           {}, // the load generator pulls it
		lever.Pause:           {Pull: pause, Release: release(lever.Pause)},
		lever.StopCollector:   testenv.RoleLever[*arm](lever.StopCollector),
		lever.ChangeCollector: testenv.RoleLever[*arm](lever.ChangeCollector),
		lever.SilenceAlerts:   testenv.RoleLever[*arm](lever.SilenceAlerts),
		lever.AskCollector:    testenv.RoleQuestion[*arm](lever.AskCollector),
		lever.AskSeries:       testenv.RoleQuestion[*arm](lever.AskSeries),
		lever.AskNotified:     testenv.RoleQuestion[*arm](lever.AskNotified),
		lever.LoadModel:       testenv.RoleLever[*arm](lever.LoadModel),
		lever.ReadModel:       testenv.RoleQuestion[*arm](lever.ReadModel),
		lever.TryModel:        testenv.RoleQuestion[*arm](lever.TryModel),
		lever.AssignVariants:  testenv.RoleLever[*arm](lever.AssignVariants),
		lever.CountVariants:   testenv.RoleQuestion[*arm](lever.CountVariants),
		lever.Kill:            {Pull: kill, Release: release(lever.Kill)},
		lever.Restart:         {Pull: restart, Release: release(lever.Restart)},
		lever.LimitCPU:        {Pull: limitCPU, Release: release(lever.LimitCPU)},
		lever.Stalls:          testenv.RoleQuestion[*arm](lever.Stalls),
		lever.Uptime:          testenv.RoleQuestion[*arm](lever.Uptime),
	})
	return handles
}

// release is how every lever ends that this process holds.
func release(name string) func(context.Context, *arm, string) error {
	return func(_ context.Context, a *arm, service string) error {
		return a.leases.Release(lever.At(service, name))
	}
}

// pause stops the process of a service by a signal; this process holds the lease.
func pause(_ context.Context, a *arm, service string, _ any, d time.Duration) error {
	p := a.running()[service]
	if p == nil {
		return fmt.Errorf("%s has no process just now", service)
	}
	return a.leases.Hold(lever.At(service, lever.Pause), d, func() (func() error, error) { return p.Thaw, p.Freeze() })
}

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// Reach returns an error for a service that the arm does not have.
func (a *arm) Reach(service, name string) error {
	_, serves := a.listeners[service]
	switch name {
	case lever.Pause:
		if !serves && service != role.Telemetry {
			return fmt.Errorf("there is no %q to pause", service)
		}
	case lever.Kill, lever.Restart, lever.LimitCPU:
		if !serves {
			return fmt.Errorf("there is no service %q", service)
		}
	}
	if lever.OfLink(name) {
		if _, ok := role.Linked()[service]; !ok || a.urls[role.Links] == "" {
			return fmt.Errorf("no link leads to %q", service)
		}
		return nil
	}
	if _, ok := a.urls[service]; !ok {
		return fmt.Errorf("there is no service %q", service)
	}
	return nil
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
