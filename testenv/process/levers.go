package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// levers are the levers of processes.
func levers() lever.Handles[*arm] {
	handles := testenv.LinkLevers[*arm]()
	maps.Copy(handles, lever.Handles[*arm]{
		lever.DropAttribute: testenv.RoleLever[*arm](lever.DropAttribute),
		lever.Deliver:       testenv.RoleQuestion[*arm](lever.Deliver),
		lever.Audit:         testenv.RoleQuestion[*arm](lever.Audit),
		lever.ThrottleFetch: testenv.RoleLever[*arm](lever.ThrottleFetch),
		lever.Drift:         {}, // the load generator pulls it
		lever.Pause:         {Pull: pause, Release: unpause},
		lever.PageSize:      testenv.RoleSetting[*arm](lever.PageSize),
	})
	return handles
}

// pause stops the process of a service by a signal; this process holds the lease.
func pause(_ context.Context, a *arm, service string, _ any, d time.Duration) error {
	p := a.procs[service]
	return a.leases.Hold(lever.At(service, lever.Pause), d, func() (func() error, error) { return p.Thaw, p.Freeze() })
}

func unpause(_ context.Context, a *arm, service string) error {
	return a.leases.Release(lever.At(service, lever.Pause))
}

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// Reach returns an error for a service that the arm does not have.
func (a *arm) Reach(service, name string) error {
	if lever.OfLink(name) {
		if _, ok := role.Linked()[service]; !ok || a.urls[role.Links] == "" {
			return fmt.Errorf("no link leads to %q", service)
		}
		return nil
	}
	if _, ok := a.procs[service]; !ok && name == lever.Pause {
		return fmt.Errorf("there is no %q to pause", service)
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
