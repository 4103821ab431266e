package external

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// levers returns the levers of a system of the user's own: what the engine can do to a container, what the proxies that the
// experiment names can do to connections, and what stops the Collector of our own pipeline.
func levers() lever.Handles[*arm] {
	handles := engine.Levers(func(a *arm, service string) (*engine.Session, []*engine.Container) {
		return a.session, a.parts[service]
	})
	still := lever.Handle[*arm]{Pull: stop(handles[lever.Pause]), Release: goOn(handles[lever.Pause]), Anywhere: true}
	maps.Copy(handles, lever.Handles[*arm]{
		lever.Drift:         {}, // the load generator pulls it
		lever.Pause:         still,
		lever.StopConsumer:  still,
		lever.PauseBroker:   still,
		lever.AskBroker:     {Ask: askAnswers, Anywhere: true},
		lever.StopCollector: {Pull: stopCollector(still), Release: startCollector(still), Anywhere: true},
		lever.AskCollector:  {Ask: askAnswers, Anywhere: true},
		lever.Stalls:        {Ask: stalls},
		lever.Uptime:        {Ask: uptime},
	})
	for _, t := range toxics() {
		handles[t.lever] = t.handle()
	}
	for name, handle := range handles {
		if release := handle.Release; release != nil {
			handle.Release = func(ctx context.Context, a *arm, service string) error {
				return errors.Join(release(ctx, a, service), a.followProxy(ctx))
			}
			handles[name] = handle
		}
	}
	return handles
}

// isStop reports whether a lever makes a service stand still, or asks whether it does, for which a proxy of it is enough.
func isStop(name string) bool {
	return slices.Contains([]string{lever.Pause, lever.StopConsumer, lever.PauseBroker, lever.AskBroker}, name) || isCollector(name)
}

// isCollector reports whether a lever acts on a Collector.
func isCollector(name string) bool { return name == lever.StopCollector || name == lever.AskCollector }

// Levers returns the names of the levers that this environment has.
func Levers() []string { return slices.Sorted(maps.Keys(levers())) }

// stop returns the Pull that makes a service stand still: its containers are paused, or nothing comes through its proxy.
func stop(pause lever.Handle[*arm]) func(context.Context, *arm, string, any, time.Duration) error {
	return func(ctx context.Context, a *arm, service string, _ any, d time.Duration) error {
		if a.onlyProxied(service) {
			return a.hold(toxicCut(), service, struct{}{}, d)
		}
		return pause.Pull(ctx, a, service, struct{}{}, d)
	}
}

// goOn returns the Release of stop.
func goOn(pause lever.Handle[*arm]) func(context.Context, *arm, string) error {
	return func(ctx context.Context, a *arm, service string) error {
		if a.onlyProxied(service) {
			return a.free(toxicCut(), service)
		}
		return pause.Release(ctx, a, service)
	}
}

// onlyProxied reports whether a service can be reached by a proxy of the experiment, and not by a container.
func (a *arm) onlyProxied(service string) bool {
	_, proxied := a.Proxies[service]
	return proxied && len(a.parts[service]) == 0
}

// stopCollector returns the Pull that stops a Collector: the one in our own pipeline, whose Prometheus goes on, or one of the
// user's, which stands still.
func stopCollector(still lever.Handle[*arm]) func(context.Context, *arm, string, any, time.Duration) error {
	return func(ctx context.Context, a *arm, service string, params any, d time.Duration) error {
		if !a.ownPipeline() {
			return still.Pull(ctx, a, service, params, d)
		}
		return a.launch.client.Pull(ctx, a.prometheus, lever.StopCollector, params, d)
	}
}

// startCollector returns the Release of stopCollector.
func startCollector(still lever.Handle[*arm]) func(context.Context, *arm, string) error {
	return func(ctx context.Context, a *arm, service string) error {
		if !a.ownPipeline() {
			return still.Release(ctx, a, service)
		}
		return a.launch.client.Release(ctx, a.prometheus, lever.StopCollector, a.spec.Name)
	}
}

// collects asks whether the Collector of our own pipeline takes telemetry.
func (a *arm) collects(ctx context.Context) (bool, error) {
	var state struct{ Answers bool }
	if err := a.launch.client.Ask(ctx, a.prometheus, lever.AskCollector, struct{}{}, &state); err != nil {
		return false, fmt.Errorf("testenv: %s of arm %s: %w", role.Telemetry, a.spec.Name, err)
	}
	return state.Answers, nil
}

// askAnswers says whether a service answers, as far as this can be told without knowing its protocol.
func askAnswers(ctx context.Context, a *arm, service string, _, out any) error {
	answers, err := a.Answers(ctx, service)
	return answer(map[string]bool{"answers": answers}, err, out)
}

// answer puts an answer into out, in the form that it has on a wire.
func answer(value any, err error, out any) error {
	if err != nil || out == nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("testenv: %w", err)
	}
	return json.Unmarshal(text, out)
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
