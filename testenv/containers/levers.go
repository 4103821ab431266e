package containers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// levers returns the levers of containers: those of the roles themselves and of the links, the quota of the broker, and what the
// engine can do to a container.
func levers() lever.Handles[*arm] {
	handles := engine.Levers(func(a *arm, service string) (*engine.Session, []*engine.Container) {
		return a.launch.session, []*engine.Container{a.services[service]}
	})
	maps.Copy(handles, testenv.LinkLevers[*arm]())
	maps.Copy(handles, lever.Handles[*arm]{
		lever.DropAttribute: testenv.RoleLever[*arm](lever.DropAttribute),
		lever.Deliver:       testenv.RoleQuestion[*arm](lever.Deliver),
		lever.Audit:         testenv.RoleQuestion[*arm](lever.Audit),
		lever.ThrottleFetch: {Pull: throttle, Release: unthrottle},
		lever.Drift:         {}, // the load generator pulls it
		lever.PageSize:      testenv.RoleSetting[*arm](lever.PageSize),
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

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// Reach returns an error for a service that the arm does not have.
func (a *arm) Reach(service, name string) error {
	if lever.OfLink(name) {
		if _, ok := role.Linked()[service]; !ok || a.links == nil {
			return fmt.Errorf("no link leads to %q", service)
		}
		return nil
	}
	if service == role.Backing && name == lever.ThrottleFetch {
		return nil
	}
	if _, ok := a.services[service]; !ok {
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
