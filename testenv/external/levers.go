package external

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// levers returns the levers of a system of the user's own: what the engine can do to a container, and the proxies that the
// experiment names.
func levers() lever.Handles[*arm] {
	handles := engine.Levers(func(a *arm, service string) (*engine.Session, []*engine.Container) {
		return a.session, a.parts[service]
	})
	for name, handle := range handles {
		release := handle.Release
		handle.Release = func(ctx context.Context, a *arm, service string) error {
			return errors.Join(release(ctx, a, service), a.followProxy(ctx))
		}
		handles[name] = handle
	}
	handles[lever.Drift] = lever.Handle[*arm]{} // the load generator pulls it
	handles[lever.Latency] = lever.Handle[*arm]{Pull: slow, Release: heal, Ask: held}
	return handles
}

// slow makes the proxy of a service delay its answers. This affects all arms, since they share the proxy.
func slow(_ context.Context, a *arm, service string, params any, d time.Duration) error {
	text, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	return a.proxies.Hold(guard.Act{Verb: lever.Latency, Target: a.proxy(service).url, Params: text}, d)
}

func heal(_ context.Context, a *arm, service string) error {
	return a.proxies.Release(lever.Latency, a.proxy(service).url)
}

// held answers how long the proxy of a service delays its answers.
func held(ctx context.Context, a *arm, service string, _, out any) error {
	ms, err := a.proxy(service).held(ctx)
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	text, err := json.Marshal(map[string]float64{"latency_ms": ms})
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	return json.Unmarshal(text, out)
}

// Supports returns why a fault cannot be injected: a fault may only act on the target that the experiment names for it.
func (e *Environment) Supports(fault string, uses []string) error {
	if err := levers().Supports(uses); err != nil {
		return err
	}
	for _, use := range uses {
		service, name := lever.Split(use)
		target := e.Targets[fault]
		switch {
		case name == lever.Drift && e.Script:
			l, err := lever.Lookup(name)
			return cmp.Or(err, errors.New("it "+l.Needs))
		case name == lever.Drift:
		case name == lever.Latency:
			service = cmp.Or(target, service)
			if _, ok := e.Proxies[service]; !ok {
				return fmt.Errorf("no proxy of %s is named: external.proxies: {%s: {url: …, name: …}}", service, service)
			}
		case target == "":
			return fmt.Errorf("no target is named: external.targets: {%s: SERVICE}", fault)
		case !e.composed() && len(e.Containers) == 0:
			return fmt.Errorf("no containers of %s are named: external.containers: {LEVEL: {%s: CONTAINER}}", target, target)
		}
	}
	return nil
}

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// Reach returns an error for a service that the experiment names neither for a proxy nor as the target of a fault.
func (a *arm) Reach(service, name string) error {
	if name == lever.Latency {
		if _, ok := a.Proxies[service]; !ok {
			return fmt.Errorf("no proxy of %q is named in external.proxies", service)
		}
		return nil
	}
	for _, target := range a.Targets {
		if target == service && len(a.parts[service]) > 0 {
			return nil
		}
	}
	return fmt.Errorf("%q is not to be touched: external.targets does not name it, or no container of it is known", service)
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
