package external

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// arm is one arm of a system of the user's own.
type arm struct {
	*launch
	spec    testenv.ArmSpec
	network string // a network of ours, for load and telemetry
	project *compose.Project
	began   time.Time                      // when the project was started
	parts   map[string][]*engine.Container // by service

	pipeline   *engine.Container // our pipeline, in the arm's network; nil: none
	prometheus string            // base URL; "": none is needed yet
	view       *outside.View     // nil: no outside view
	push       *outside.Push

	delay   *child.Process // the delay proxy
	at      string         // host:port of the delay proxy
	behind  string         // base URL to which the delay proxy leads
	parking engine.Parking
}

// start starts the arm: first its pipeline, to which the services send, then the services, then the delay proxy.
func (a *arm) start(ctx context.Context) (err error) {
	theirs, named := a.System.Prometheus[a.spec.Level]
	a.prometheus = strings.TrimSuffix(theirs.URL, "/")
	if a.composed() {
		if a.network, err = a.session.Network(ctx, fmt.Sprintf("%d-%s", a.launch.spec.Launch, a.spec.Name)); err != nil {
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
			c, err := a.theirs(ctx, service, name)
			if err != nil {
				return fmt.Errorf("container %s: %w", name, err)
			}
			a.parts[service] = append(a.parts[service], c)
		}
		if !named && a.rules != nil { // it only gets the outside view: services that we did not start do not send to it
			if err := a.startLocalPipeline(ctx); err != nil {
				return err
			}
		}
	}
	return a.startProxy(ctx, role.DefaultListen)
}

// startProxy starts the arm's delay proxy, which leads to the present address of the arm.
func (a *arm) startProxy(ctx context.Context, listen string) error {
	a.behind = a.base()
	config := role.Defaults()
	config.Arm, config.Listen, config.Target, config.Spin = a.spec.Name, listen, a.behind, a.spec.Spins()
	p, addr, err := a.launch.start(ctx, role.DelayProxy, config)
	if err != nil {
		return err
	}
	a.delay = p
	if a.at == "" { // a proxy that is started again keeps its address
		a.at = addr[role.AddrHTTP]
	}
	return nil
}

// followProxy makes the delay proxy lead to the present address of the arm, since a service that was started again may have
// another address.
func (a *arm) followProxy(ctx context.Context) error {
	if a.base() == a.behind {
		return nil
	}
	a.delay.Stop(time.Second)
	return a.startProxy(ctx, a.at)
}

// base returns the arm's own base URL, behind the delay proxy.
func (a *arm) base() string {
	if a.composed() {
		return a.parts[a.Compose.Service][0].URL(a.port())
	}
	return strings.TrimSuffix(a.URLs[a.spec.Level], "/")
}

func (a *arm) port() string { return strconv.Itoa(a.Compose.Port) }

// log returns where the logs of everything deployed go, without what looks like a credential in them.
func (a *arm) log() io.Writer {
	if a.launch.spec.Log == nil {
		return io.Discard
	}
	return secret.Writer{To: a.launch.spec.Log}
}

// begin starts the outside view of the arm, which is up by now.
func (a *arm) begin(ctx context.Context) {
	a.view = outside.NewView(a.spec.Name)
	health := map[string]func() string{a.front(): func() string { return a.base() + a.health() }}
	if a.ownPipeline() {
		health[role.Telemetry] = func() string { return a.prometheus + role.HealthPath }
	}
	a.view.Watch(outside.Target{Usage: a.Usage, Health: health})
	if _, theirs := a.System.Prometheus[a.spec.Level]; !theirs && a.prometheus != "" {
		a.push = outside.StartPush(ctx, a.prometheus, a.view, a.launch.spec.Scrape, a.parking.Parked)
	}
}

// end ends what was started for the arm: first the services, then the pipeline, which takes their last telemetry.
func (a *arm) end(ctx context.Context) error {
	if a.push != nil {
		a.push.Stop()
	}
	if a.view != nil {
		a.view.Close()
	}
	errs := []error{a.Unpark()}
	if a.composed() {
		for service, parts := range a.parts {
			for _, c := range parts {
				fmt.Fprintf(a.log(), "--- %s of arm %s\n", service, a.spec.Name)
				errs = append(errs, c.Logs(ctx, engine.LogLines, a.log()))
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

func (a *arm) Name() string       { return a.spec.Name }
func (a *arm) Gateway() string    { return "http://" + a.at }
func (a *arm) Prometheus() string { return a.prometheus }

// Park freezes the containers that were started for the arm. It does not freeze containers that tollgate did not start.
func (a *arm) Park() error { return a.parking.Park(a.ours()) }

// Unpark lets these containers go on.
func (a *arm) Unpark() error { return a.parking.Unpark(a.ours()) }

// ours returns the containers that were started for the arm.
func (a *arm) ours() []*engine.Container {
	if !a.composed() {
		return nil
	}
	return a.containers()
}

// Usage reads the containers of the arm; it is empty if none are known.
func (a *arm) Usage() (testenv.Usage, error) {
	u := testenv.NewUsage()
	var errs []error
	add := func(c *engine.Container, service string) {
		r, err := c.Used(context.Background())
		if err != nil && c.Ending() {
			return // it was killed just now
		}
		if err != nil {
			errs = append(errs, err)
			return
		}
		u.Add(service, r.CPU, r.Memory, r.Peak)
		u.Throttled[service] += r.Throttled
	}
	for service, parts := range a.parts {
		for _, c := range parts {
			add(c, service)
		}
	}
	if a.pipeline != nil {
		add(a.pipeline, role.Telemetry)
	}
	return u, errors.Join(errs...)
}

// Runtime returns nothing: tollgate cannot ask the runtimes of a user's system.
func (a *arm) Runtime(context.Context) (map[string]result.Runtime, error) { return nil, nil }

// Lag returns an error: tollgate does not know the broker of a user's system.
func (a *arm) Lag(context.Context) (map[int32]int64, error) {
	return nil, fmt.Errorf("testenv: lag of arm %s: %w", a.spec.Name, outside.ErrNoBroker)
}

func (a *arm) Loadgen(o testenv.Observed) { a.view.Observe(o) }
