package process

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// arm is one arm as processes.
type arm struct {
	launch     *launch
	name       string
	prometheus string
	urls       map[string]string // base URLs, by role
	backing    *child.Process
	config     role.Config                 // of the services
	env        map[string]string           // of the services, besides the configuration
	listeners  map[string]*net.TCPListener // of the services; each process of a service inherits the same one
	view       *outside.View
	leases     lease.Table // of what this process does to the arm's processes

	mu    sync.Mutex
	procs map[string]*child.Process // by role; a service that is being started again has none

	throttled map[string]*throttle // by service
}

// deploy starts one arm: first its pipeline, whose address the services need, then all services together. It opens their
// listeners before it starts them, so that no service has to wait for another's address.
func (l *launch) deploy(ctx context.Context, spec testenv.ArmSpec, backing *child.Process, shared map[string]string) (*arm, error) {
	a := &arm{
		launch: l, name: spec.Name, procs: map[string]*child.Process{}, backing: backing, listeners: map[string]*net.TCPListener{},
		urls: map[string]string{role.Backing: "http://" + shared[role.AddrHTTP]},
	}
	a.view = l.views.Add(spec.Name, kgo.SeedBrokers(shared[role.BrokerAddr(spec.Name)]), kgo.Dialer(role.Dialer(l.backing)))
	secured := l.pipelineConfig(spec)
	secured.PipelineToken = rand.Text()
	pipeline, addr, err := l.start(ctx, role.Telemetry, secured, nil)
	if err != nil {
		return a, err
	}
	a.procs[role.Telemetry], a.urls[role.Telemetry] = pipeline, "http://"+addr[role.AddrHTTP]
	a.prometheus = api.WithToken(addr[role.AddrPrometheus], secured.PipelineToken)

	for _, service := range role.Services() {
		listen := role.DefaultListen
		if service == role.Gateway {
			listen = cmp.Or(l.env.GatewayAddr, listen)
		}
		listener, url, err := inherit(listen)
		if err != nil {
			return a, err
		}
		a.listeners[service], a.urls[service] = listener, url
	}
	config := role.Defaults()
	config.Arm, config.Run, config.Launch, config.Spin = spec.Name, l.spec.Run, l.spec.Launch, spec.Spins()
	config.Standstill = l.spec.Standstill
	config.DecisionURL, config.ModelURL, config.ProfileURL = a.urls[role.Decision], a.urls[role.Model], a.urls[role.Profile]
	config.Brokers, config.RedisAddr = []string{shared[role.BrokerAddr(spec.Name)]}, shared[role.StoreAddr(spec.Name)]
	config.BackingToken = l.backing
	config.Seed, config.Users, config.Items = l.spec.Seed, l.spec.Users, l.spec.Items
	if l.spec.Links {
		if err := a.link(ctx, &config); err != nil {
			return nil, err
		}
	}
	env := map[string]string{}
	maps.Copy(env, spec.Env)
	maps.Copy(env, otelenv.Export(otelenv.Pipeline{
		HTTP: addr[role.AddrOTLP], GRPC: "http://" + addr[role.AddrOTLPGRPC], Token: secured.PipelineToken,
	}, spec.Env))
	a.config, a.env = config, env
	group, ctx := errgroup.WithContext(ctx)
	for _, service := range role.Services() {
		group.Go(func() error { return a.serve(ctx, service) })
	}
	if err := group.Wait(); err != nil {
		return a, err
	}
	watched := outside.Target{Health: map[string]func() string{}, Usage: a.Usage}
	for _, service := range append(role.Services(), role.Telemetry) {
		watched.Health[service] = func() string { return a.urls[service] + role.HealthPath }
	}
	a.view.Watch(watched)
	return a, nil
}

// serve starts the process of a service, and returns when it is ready. It may have had one before.
func (a *arm) serve(ctx context.Context, service string) error {
	file, err := a.listeners[service].File()
	if err != nil {
		return fmt.Errorf("testenv: %w", err)
	}
	p, _, err := a.launch.start(ctx, service, a.config, a.env, file)
	if err != nil {
		if p != nil {
			_ = p.Kill() // a second one may be started on the same listener
		}
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.procs[service] = p
	return nil
}

// running are the arm's processes by role.
func (a *arm) running() map[string]*child.Process {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.procs)
}

// link starts the links of the arm, and makes the services' configuration lead to them.
func (a *arm) link(ctx context.Context, services *role.Config) error {
	config := role.Defaults()
	config.Arm, config.BackingToken, config.Seed = a.name, services.BackingToken, services.Seed
	for service, target := range map[string]string{
		role.Decision: services.DecisionURL, role.Model: services.ModelURL, role.Profile: services.ProfileURL,
		role.Store: "tcp://" + services.RedisAddr,
	} {
		config.Links = append(config.Links, role.Link{Service: service, Listen: role.DefaultListen, Target: target})
	}
	p, addr, err := a.launch.start(ctx, role.Links, config, nil)
	if err != nil {
		return err
	}
	a.procs[role.Links], a.urls[role.Links] = p, "http://"+addr[role.AddrHTTP]
	url := func(service string) string { return "http://" + addr[role.LinkAddr(service)] }
	services.DecisionURL, services.ModelURL, services.ProfileURL = url(role.Decision), url(role.Model), url(role.Profile)
	services.RedisAddr = addr[role.LinkAddr(role.Store)]
	return nil
}

// pipelineConfig returns the configuration of the arm's pipeline.
func (l *launch) pipelineConfig(spec testenv.ArmSpec) role.Config {
	config := role.Defaults()
	config.Arm, config.ScrapeURL, config.Standstill = spec.Name, l.views.URL(spec.Name), l.spec.Standstill
	config.ScrapeInterval, config.EvalInterval, config.Lookback = l.spec.Scrape, l.spec.EvalInterval, l.spec.Lookback
	config.RulesFile, config.TelemetryDir = l.spec.RulesFile, l.spec.TelemetryDir
	config.SeriesDir = filepath.Join(cmp.Or(l.spec.SeriesDir, filepath.Join(l.scratch.Path, "series")), spec.Name)
	config.TailSampling = spec.Env[role.EnvTailSampling]
	return config
}

func (a *arm) Name() string       { return a.name }
func (a *arm) Gateway() string    { return a.urls[role.Gateway] }
func (a *arm) Prometheus() string { return a.prometheus }

// Park freezes the arm's processes. Otherwise the telemetry timers of idle arms would take CPU from the arm that is measured.
func (a *arm) Park() error { return a.each((*child.Process).Freeze) }

// Unpark lets the arm's processes go on.
func (a *arm) Unpark() error { return a.each((*child.Process).Thaw) }

func (a *arm) each(do func(*child.Process) error) error {
	var errs []error
	for _, p := range a.running() {
		errs = append(errs, do(p))
	}
	return errors.Join(errs...)
}

// Usage reads the processes of the arm, and the broker and store of all arms as role.Backing.
func (a *arm) Usage() (testenv.Usage, error) {
	u, err := a.usage()
	cpu, err2 := child.CPU(a.backing.PID)
	u.Backing(cpu)
	return u, errors.Join(err, err2)
}

// usage reads the processes of the arm.
func (a *arm) usage() (testenv.Usage, error) {
	u := testenv.NewUsage()
	var errs []error
	for service, p := range a.running() {
		if service == role.Links { // no part of the stack
			continue
		}
		cpu, err := child.CPU(p.PID)
		rss, peak, err2 := child.Memory(p.PID)
		if err = cmp.Or(err, err2); err != nil && p.Stopping() {
			continue // it was killed just now
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("testenv: %s: %w", p.Name, err))
			continue
		}
		u.Add(service, cpu, rss, peak)
	}
	return u, errors.Join(errs...)
}

// Telemetry asks the pipeline how much telemetry it received.
func (a *arm) Telemetry(ctx context.Context) (result.Telemetry, error) {
	return a.received(ctx, role.StatsQuestion)
}

// KeepExports asks the same, and makes the pipeline keep the exports that come from then on.
func (a *arm) KeepExports(ctx context.Context) (result.Telemetry, error) {
	return a.received(ctx, role.KeepExports)
}

// HoldExports asks the same, and makes it keep no more.
func (a *arm) HoldExports(ctx context.Context) (result.Telemetry, error) {
	return a.received(ctx, role.HoldExports)
}

func (a *arm) received(ctx context.Context, question string) (result.Telemetry, error) {
	var t result.Telemetry
	if err := a.launch.client.Ask(ctx, a.urls[role.Telemetry], question, struct{}{}, &t); err != nil {
		return t, a.ofPipeline(err)
	}
	return t, nil
}

// Exports returns what the pipeline has kept.
func (a *arm) Exports(ctx context.Context) ([]volume.Export, error) {
	var text []byte
	if err := a.launch.client.Do(ctx, http.MethodPost, a.urls[role.Telemetry]+role.ExportsPath, nil, &text); err != nil {
		return nil, a.ofPipeline(err)
	}
	return volume.Parse(text)
}

func (a *arm) ofPipeline(err error) error {
	return fmt.Errorf("testenv: %s of arm %s: %w", role.Telemetry, a.name, err)
}

// Runtime asks the services what their runtimes have counted.
func (a *arm) Runtime(ctx context.Context) (map[string]result.Runtime, error) {
	return testenv.Runtimes(ctx, a)
}

// Profiled are the services of the arm.
func (a *arm) Profiled() []string { return testenv.Profiled() }

// CPUProfile asks a service for a CPU profile of itself.
func (a *arm) CPUProfile(ctx context.Context, service string, length time.Duration) ([]byte, error) {
	return testenv.RoleProfile(ctx, a, service, length)
}

// Control returns the client and the base URL for the control endpoint of a role of the arm.
func (a *arm) Control(service string) (role.Client, string) { return a.launch.client, a.urls[service] }

func (a *arm) Lag(ctx context.Context) (map[int32]int64, error) { return a.view.Lag(ctx) }

func (a *arm) Loadgen(o testenv.Observed) { a.view.Observe(o) }

func (a *arm) Answers(ctx context.Context, service string) (bool, error) {
	base, ok := a.urls[service]
	if !ok {
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.name, service)
	}
	return a.view.Probe(ctx, base+role.HealthPath), nil
}
