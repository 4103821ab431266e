package testenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/door"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// foreignArm is one arm of a system that is not ours.
type foreignArm struct {
	*foreign
	spec    ArmSpec
	network string // ours, in which load and telemetry travel
	project *compose.Project
	began   time.Time                      // of the project's start
	parts   map[string][]*engine.Container // by service

	pipeline   *engine.Container // ours, in the arm's network; nil: none
	prometheus string            // base URL; "": none is needed yet
	view       *view             // nil: nobody looks at it
	push       *push

	door   *child.Process
	at     string // host:port of the door
	behind string // what the door leads to
	parked atomic.Bool
}

// start brings the arm up: its pipeline, to which the services send, then the services, then the door.
func (a *foreignArm) start(ctx context.Context) (err error) {
	theirs, named := a.System.Prometheus[a.spec.Level]
	a.prometheus = strings.TrimSuffix(theirs.URL, "/")
	if a.composed() {
		if a.network, err = a.session.Network(ctx, fmt.Sprintf("%d-%s", a.foreign.spec.Launch, a.spec.Name)); err != nil {
			return err
		}
		if !named {
			if err := a.startPipeline(ctx); err != nil {
				return err
			}
		}
		if err := a.up(ctx); err != nil {
			return err
		}
	} else {
		for service, name := range a.Containers[a.spec.Level] {
			at, err := a.session.Client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
			if err != nil {
				return fmt.Errorf("container %s: %w", name, err)
			}
			if err := a.adopt(ctx, compose.Container{ID: at.Container.ID, Service: service}, nil); err != nil {
				return err
			}
		}
		if !named && a.rules != nil { // only the outside view comes to it: nobody sends what was started without us
			if err := a.startLocalPipeline(ctx); err != nil {
				return err
			}
		}
	}
	return a.openDoor(ctx, "127.0.0.1:0")
}

// openDoor starts the arm's door, which leads to where the arm is now.
func (a *foreignArm) openDoor(ctx context.Context, listen string) error {
	a.behind = a.base()
	env := map[string]string{"PERSO_TARGET_URL": a.behind, "PERSO_LISTEN": listen}
	if a.spec.Delay > 0 {
		env["PERSO_SPIN"] = a.spec.Delay.String()
	}
	p, addr, err := a.role(ctx, door.Role, a.spec.Name, env)
	if err != nil {
		return err
	}
	a.door = p
	if a.at == "" { // else it is where it was
		a.at = addr["http"]
	}
	return nil
}

// base is the arm's own base URL, behind the door.
func (a *foreignArm) base() string {
	if a.composed() {
		return a.parts[a.Compose.Service][0].URL(a.port())
	}
	return strings.TrimSuffix(a.URLs[a.spec.Level], "/")
}

func (a *foreignArm) port() string { return strconv.Itoa(a.Compose.Port) }

// log takes the logs of what is deployed.
func (a *foreignArm) log() io.Writer {
	if a.foreign.spec.Log == nil {
		return io.Discard
	}
	return a.foreign.spec.Log
}

// begin shows the arm from outside, now that it is up.
func (a *foreignArm) begin(ctx context.Context) {
	a.view = newView(a.spec.Name)
	a.view.watch(&seen{usage: a.Usage, health: map[string]func() string{a.front(): func() string { return a.base() + a.health() }}})
	if _, theirs := a.System.Prometheus[a.spec.Level]; !theirs && a.prometheus != "" {
		a.push = startPush(ctx, a.prometheus, a.view.registry, a.foreign.spec.Scrape, a.parked.Load)
	}
}

// end ends what was started for the arm: the services first, then the pipeline that takes their last telemetry.
func (a *foreignArm) end(ctx context.Context) error {
	if a.push != nil {
		a.push.stop()
	}
	if a.view != nil {
		a.view.close()
	}
	errs := []error{a.Unpark()}
	if a.composed() {
		for service, parts := range a.parts {
			for _, c := range parts {
				fmt.Fprintf(a.log(), "--- %s of arm %s\n", service, a.spec.Name)
				errs = append(errs, c.Logs(ctx, logLines, a.log()))
				c.Expect() // its end
			}
		}
	}
	if a.project != nil {
		errs = append(errs, a.project.Down(ctx, a.log()))
	}
	if a.pipeline != nil {
		errs = append(errs, a.endPipeline(ctx))
	}
	return errors.Join(errs...)
}

func (a *foreignArm) Name() string       { return a.spec.Name }
func (a *foreignArm) Gateway() string    { return "http://" + a.at }
func (a *foreignArm) Prometheus() string { return a.prometheus }

// Park freezes the containers that were started for the arm. What was there before is not ours to freeze.
func (a *foreignArm) Park() error {
	a.parked.Store(true)
	return a.each(func(m *engine.Meter) error { return m.Freeze(context.Background()) })
}

// Unpark lets them go on.
func (a *foreignArm) Unpark() error {
	if !a.parked.Swap(false) {
		return nil
	}
	return a.each(func(m *engine.Meter) error { return m.Thaw(context.Background()) })
}

func (a *foreignArm) each(do func(*engine.Meter) error) error {
	if !a.composed() {
		return nil
	}
	var group errgroup.Group
	for _, c := range a.containers() {
		group.Go(func() error { return do(c.Meter) })
	}
	return group.Wait()
}

// Usage reads the containers of the arm; it is empty where none are known.
func (a *foreignArm) Usage() (Usage, error) {
	u := Usage{CPU: map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}}
	var errs []error
	for service, parts := range a.parts {
		for _, c := range parts {
			errs = append(errs, u.add(c, service))
		}
	}
	if a.pipeline != nil {
		errs = append(errs, u.add(a.pipeline, Telemetry))
	}
	return u, errors.Join(errs...)
}

// Runtime is empty: what the runtimes of a system that is not ours report is not known here.
func (a *foreignArm) Runtime(context.Context) (map[string]result.Runtime, error) { return nil, nil }

// Lag is an error: what the system has for a broker is not known here.
func (a *foreignArm) Lag(context.Context) (map[int32]int64, error) {
	return nil, fmt.Errorf("testenv: lag of arm %s: %w", a.spec.Name, errNoBroker)
}

func (a *foreignArm) Loadgen(o Observed) { a.view.observe(o) }

// Control does what the engine can do to the containers of a service, or slows a proxy; both only to what the experiment
// names.
func (a *foreignArm) Control(ctx context.Context, service, control string, params any, lease time.Duration) error {
	if proxy, ok := a.Proxies[service]; ok && control == latency {
		return a.proxies.hold(service, lease, func() error { return proxy.slow(ctx, params) }, func() error {
			heal, cancel := context.WithTimeout(context.Background(), probeTimeout)
			defer cancel()
			return proxy.heal(heal)
		})
	}
	if err := a.permit(service); err != nil {
		return err
	}
	var errs []error
	for _, c := range a.parts[service] {
		errs = append(errs, a.session.Hold(c.ID, control, params, lease))
	}
	return errors.Join(errs...)
}

// permit refuses a service that the experiment names as no fault's target.
func (a *foreignArm) permit(service string) error {
	for _, target := range a.Targets {
		if target == service && len(a.parts[service]) > 0 {
			return nil
		}
	}
	return fmt.Errorf("testenv: arm %s: %q is not to be touched: external.targets does not name it, or no container of it is known", a.spec.Name, service)
}

// Release undoes Control. A service that was started anew may be elsewhere, and then the door is led there.
func (a *foreignArm) Release(ctx context.Context, service, control string) error {
	if _, ok := a.Proxies[service]; ok && control == latency {
		return a.proxies.release(service)
	}
	var errs []error
	for _, c := range a.parts[service] {
		errs = append(errs, a.session.Release(ctx, c.ID, control))
	}
	if a.base() != a.behind {
		a.door.Stop(time.Second)
		errs = append(errs, a.openDoor(ctx, a.at))
	}
	return errors.Join(errs...)
}

// Answers reports whether the service's containers run, and, of the one that takes the load, whether it says that it is
// well.
func (a *foreignArm) Answers(ctx context.Context, service string) (bool, error) {
	if service != a.front() && len(a.parts[service]) == 0 {
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.spec.Name, service)
	}
	for _, c := range a.parts[service] {
		at, err := a.session.Client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		if err != nil {
			return false, fmt.Errorf("testenv: %s: %w", c.Name, err)
		}
		if s := at.Container.State; s == nil || !s.Running || s.Paused {
			return false, nil
		}
	}
	return service != a.front() || a.view.probe(ctx, a.base()+a.health()) == 1, nil
}

// Ask answers what a proxy does; all else the system knows nothing of.
func (a *foreignArm) Ask(ctx context.Context, service, action string, _, out any) error {
	proxy, ok := a.Proxies[service]
	if !ok || action != latency {
		return fmt.Errorf("testenv: arm %s: a system that is not ours answers no %s/%s", a.spec.Name, service, action)
	}
	held, err := proxy.held(ctx)
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	text, err := json.Marshal(map[string]float64{"latency_ms": held})
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	return json.Unmarshal(text, out)
}
