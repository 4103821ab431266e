package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Services of one arm, in the order in which a request meets them; telemetry is its pipeline. The broker and the store
// of all arms are one more process, Backing.
const (
	Gateway   = "gateway"
	Decision  = "decision"
	Model     = "model"
	Profile   = "profile"
	Ingest    = "ingest"
	ETL       = "etl"
	Telemetry = "telemetry"
	Backing   = "backing"
)

// services are the roles that each arm runs besides its pipeline.
var services = []string{Gateway, Decision, Model, Profile, Ingest, ETL}

// Services are the services that each arm of our own stack runs besides its pipeline.
func Services() []string { return slices.Clone(services) }

var _ Environment = (*Process)(nil)

// Process is the environment of plain child processes on this machine: every service its own process of Binary,
// broker and store in a child of their own, a pipeline per arm. The zero value needs Binary.
type Process struct {
	Binary string // path of tollgate itself
	// GatewayAddr is the address of the gateway's listener, for a stack that people talk to; "" for a free port.
	GatewayAddr string
	// ReadyLimit is how long a launch may take; 0 for two minutes.
	ReadyLimit time.Duration
}

// Name is "process".
func (*Process) Name() string { return "process" }

// Size counts every arm's services and pipeline, and the broker and store.
func (*Process) Size(arms int) string { return fmt.Sprintf("%d processes", arms*(len(services)+1)+1) }

// launch is one deployment of all arms as processes.
type launch struct {
	token   string
	scratch string // removed at the end
	log     io.Writer
	outside *outside
	lost    chan error

	mu      sync.Mutex
	procs   []*child.Process // in the order of their start
	arms    []*arm
	startUp result.StartUp
	slowest time.Duration
}

// Launch starts the backing process, then all arms in parallel.
func (e *Process) Launch(ctx context.Context, spec Spec) (_ Launch, err error) {
	begin := time.Now()
	limit := e.ReadyLimit
	if limit == 0 {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the launch took longer than %v", limit))
	defer cancel()

	l := &launch{log: spec.Log, token: rand.Text(), lost: make(chan error, 1), startUp: result.StartUp{Launch: spec.Launch}}
	defer func() {
		if err != nil {
			_ = l.Close(context.WithoutCancel(ctx))
		}
	}()
	if l.scratch, err = os.MkdirTemp(spec.Scratch, "tollgate-"); err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	if l.outside, err = newOutside(); err != nil {
		return nil, err
	}
	names := make([]string, len(spec.Arms))
	for i, a := range spec.Arms {
		names[i] = a.Name
	}
	backing, addr, err := l.start(ctx, e, Backing, "", map[string]string{"PERSO_ARMS": strings.Join(names, ","), "OTEL_SDK_DISABLED": "true"})
	if err != nil {
		return nil, err
	}
	l.arms = make([]*arm, len(spec.Arms))
	group, ctx := errgroup.WithContext(ctx)
	for i, a := range spec.Arms {
		group.Go(func() error {
			arm, err := l.deploy(ctx, e, spec, a, backing, addr)
			l.arms[i] = arm
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	l.startUp.Total, l.startUp.Processes = time.Since(begin), len(l.procs)
	return l, nil
}

// deploy starts one arm: its pipeline, whose address the services need, then the services together. Their listeners
// exist before they do, so that none has to wait for another's address.
func (l *launch) deploy(ctx context.Context, e *Process, spec Spec, a ArmSpec, backing *child.Process, shared map[string]string) (*arm, error) {
	out := &arm{name: a.Name, token: l.token, urls: map[string]string{Backing: "http://" + shared["http"]}, procs: map[string]*child.Process{}, backing: backing}
	out.view = l.outside.add(a.Name, kgo.SeedBrokers(shared[a.Name+"/kafka"]))
	pipeline, addr, err := l.start(ctx, e, Telemetry, a.Name, l.pipelineEnv(spec, a))
	if err != nil {
		return nil, err
	}
	out.procs[Telemetry], out.urls[Telemetry], out.prometheus = pipeline, "http://"+addr["http"], addr["prometheus"]

	listeners := map[string]*os.File{}
	for _, service := range services {
		listen := "127.0.0.1:0"
		if service == Gateway && e.GatewayAddr != "" {
			listen = e.GatewayAddr
		}
		file, url, err := inherit(listen)
		if err != nil {
			return nil, err
		}
		listeners[service], out.urls[service] = file, url
	}
	env := map[string]string{
		"PERSO_DECISION_URL":          out.urls[Decision],
		"PERSO_MODEL_URL":             out.urls[Model],
		"PERSO_PROFILE_URL":           out.urls[Profile],
		"PERSO_KAFKA_BROKERS":         shared[a.Name+"/kafka"],
		"PERSO_REDIS_ADDR":            shared[a.Name+"/redis"],
		"PERSO_SEED":                  fmt.Sprint(spec.Seed),
		"PERSO_USERS":                 fmt.Sprint(spec.Users),
		"PERSO_ITEMS":                 fmt.Sprint(spec.Items),
		"OTEL_EXPORTER_OTLP_ENDPOINT": addr["otlp"],
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
	}
	for k, v := range a.Env {
		env[k] = v
	}
	if a.Delay > 0 {
		env["PERSO_SPIN"] = a.Delay.String()
	}
	group, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	for _, service := range services {
		group.Go(func() error {
			p, _, err := l.start(ctx, e, service, a.Name, env, listeners[service])
			mu.Lock()
			defer mu.Unlock()
			out.procs[service] = p
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	watched := &seen{health: map[string]func() string{}, usage: out.Usage}
	for _, service := range services {
		watched.health[service] = func() string { return out.urls[service] + "/healthz" }
	}
	out.view.watch(watched)
	return out, nil
}

func (l *launch) pipelineEnv(spec Spec, a ArmSpec) map[string]string {
	env := map[string]string{
		"PERSO_SCRAPE_URL":      l.outside.url(a.Name),
		"PERSO_SCRAPE_INTERVAL": spec.Scrape.String(),
		"PERSO_EVAL_INTERVAL":   spec.EvalInterval.String(),
		"PERSO_RULES_FILE":      spec.RulesFile,
		"PERSO_TELEMETRY_DIR":   spec.TelemetryDir,
		collector.EnvTail:       a.Env[collector.EnvTail],
	}
	if spec.Lookback > 0 {
		env["PERSO_LOOKBACK"] = spec.Lookback.String()
	}
	series := spec.SeriesDir
	if series == "" {
		series = filepath.Join(l.scratch, "series")
	}
	env["PERSO_SERIES_DIR"] = filepath.Join(series, a.Name)
	return env
}

// start starts one role and waits until it is ready.
func (l *launch) start(ctx context.Context, e *Process, role, arm string, env map[string]string, files ...*os.File) (*child.Process, map[string]string, error) {
	begin := time.Now()
	name := role
	if arm != "" {
		name = fmt.Sprintf("%s of arm %s", role, arm)
	}
	listen := "127.0.0.1:0"
	if len(files) > 0 {
		listen = "fd:3"
	}
	vars := map[string]string{"PERSO_ARM": arm, "PERSO_LISTEN": listen, "PERSO_CONTROL_TOKEN": l.token, "OTEL_SERVICE_NAME": role, "PERSO_LIFELINE": "stdin"}
	maps.Copy(vars, env)
	p, err := child.Start(child.Spec{Name: name, Path: e.Binary, Args: []string{"serve", role}, Env: child.Environ(vars), Files: files, Ready: true, Log: l.log})
	if err != nil {
		return nil, nil, fmt.Errorf("testenv: %w", err)
	}
	l.mu.Lock()
	l.procs = append(l.procs, p)
	l.mu.Unlock()
	addr, err := p.Ready(ctx)
	if err != nil {
		return p, nil, fmt.Errorf("testenv: %w", err)
	}
	l.mu.Lock()
	if took := time.Since(begin); took > l.slowest {
		l.slowest, l.startUp.Slowest = took, fmt.Sprintf("%s (%v)", name, took.Round(time.Millisecond))
	}
	l.mu.Unlock()
	go func() { // ends with the child, which Close waits for
		<-p.Done()
		if !p.Stopping() {
			select {
			case l.lost <- p.Lost():
			default: // only the first matters
			}
		}
	}()
	return p, addr, nil
}

// Arms are the arms in the order of the spec.
func (l *launch) Arms() []Arm {
	arms := make([]Arm, len(l.arms))
	for i, a := range l.arms {
		arms[i] = a
	}
	return arms
}

// Lost delivers the first child that ended by itself.
func (l *launch) Lost() <-chan error { return l.lost }

// StartUp is how long the launch took.
func (l *launch) StartUp() result.StartUp { return l.startUp }

// Close ends the children: services before the pipelines that take their last telemetry, the backing process last.
func (l *launch) Close(context.Context) error {
	l.mu.Lock()
	procs := slices.Clone(l.procs)
	l.mu.Unlock()
	for _, p := range procs {
		_ = p.Thaw() // services flush into pipelines, which may be parked
	}
	stop := func(pick func(name string) bool) {
		var group sync.WaitGroup
		for _, p := range procs {
			if pick(p.Name) {
				group.Go(func() { p.Stop(8 * time.Second) })
			}
		}
		group.Wait()
	}
	isPipeline := func(name string) bool { return strings.HasPrefix(name, Telemetry+" of") }
	stop(func(name string) bool { return name != Backing && !isPipeline(name) })
	stop(isPipeline)
	stop(func(name string) bool { return name == Backing })
	var errs []error
	if l.outside != nil {
		errs = append(errs, l.outside.close())
	}
	if l.scratch != "" {
		errs = append(errs, os.RemoveAll(l.scratch))
	}
	return errors.Join(errs...)
}

// inherit opens a listener for a child: its file and the base URL under which others reach it.
func inherit(address string) (*os.File, string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("testenv: cannot listen on %s: %w (is another stack up? choose another port)", address, err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, "", fmt.Errorf("testenv: %w", err)
	}
	return file, "http://" + listener.Addr().String(), nil
}

// arm is one arm as processes.
type arm struct {
	name       string
	token      string
	prometheus string
	urls       map[string]string // by role
	procs      map[string]*child.Process
	backing    *child.Process
	view       *view
	leases     leases
}

func (a *arm) Name() string       { return a.name }
func (a *arm) Gateway() string    { return a.urls[Gateway] }
func (a *arm) Prometheus() string { return a.prometheus }

// Park freezes the arm's processes: telemetry timers of idle arms would otherwise share the machine with the arm that
// is being measured.
func (a *arm) Park() error { return a.each((*child.Process).Freeze) }

// Unpark lets them go on.
func (a *arm) Unpark() error { return a.each((*child.Process).Thaw) }

func (a *arm) each(do func(*child.Process) error) error {
	var errs []error
	for _, p := range a.procs {
		errs = append(errs, do(p))
	}
	return errors.Join(errs...)
}

func (a *arm) Usage() (Usage, error) {
	u := Usage{CPU: map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}}
	var errs []error
	for service, p := range a.procs {
		cpu, err := child.CPU(p.PID)
		if err != nil {
			errs = append(errs, fmt.Errorf("testenv: %s: %w", p.Name, err))
			continue
		}
		rss, peak, err := child.Memory(p.PID)
		if err != nil {
			errs = append(errs, fmt.Errorf("testenv: %s: %w", p.Name, err))
			continue
		}
		u.CPU[service], u.RSS[service] = cpu, rss
		if peak > 0 {
			u.Peak[service] = peak
		}
	}
	cpu, err := child.CPU(a.backing.PID)
	u.CPU[Backing] = cpu
	return u, errors.Join(append(errs, err)...)
}

func (a *arm) roles() roles {
	return roles{a.name, a.token, func(role string) (string, bool) {
		base, ok := a.urls[role]
		return base, ok
	}}
}

func (a *arm) Telemetry(ctx context.Context) (result.Telemetry, error) {
	var t result.Telemetry
	err := a.Ask(ctx, Telemetry, "stats", struct{}{}, &t)
	return t, err
}

func (a *arm) Runtime(ctx context.Context) (map[string]result.Runtime, error) {
	return a.roles().runtimes(ctx)
}

func (a *arm) Lag(ctx context.Context) (map[int32]int64, error) { return a.view.lag(ctx) }

func (a *arm) Loadgen(o Observed) { a.view.observe(o) }

// pause is the one control that a process has whatever its role.
const pause = "pause"

// Supports says which faults processes cannot have: what only a container engine can do, and what takes a proxy.
func (*Process) Supports(_ string, uses []string) error {
	for _, use := range uses {
		_, control, _ := strings.Cut(use, "/")
		if control == latency {
			return errNoProxy
		}
		if _, err := engine.LookupVerb(control); err == nil && control != pause {
			return fmt.Errorf("%s takes a container engine: use --env containers", use)
		}
	}
	return nil
}

func (a *arm) Control(ctx context.Context, service, control string, params any, lease time.Duration) error {
	if control == pause {
		p, ok := a.procs[service]
		if !ok {
			return fmt.Errorf("testenv: arm %s has no %q to pause", a.name, service)
		}
		return a.leases.hold(service+"/"+pause, lease, p.Freeze, p.Thaw)
	}
	return a.roles().call(ctx, http.MethodPut, service, control+"?lease="+lease.String(), params, nil)
}

func (a *arm) Release(ctx context.Context, service, control string) error {
	if control == pause {
		return a.leases.release(service + "/" + pause)
	}
	return a.roles().call(ctx, http.MethodDelete, service, control+"?arm="+a.name, nil, nil) // backing serves all arms
}

func (a *arm) Answers(ctx context.Context, service string) (bool, error) {
	base, ok := a.urls[service]
	if !ok {
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.name, service)
	}
	return a.view.probe(ctx, base+"/healthz") == 1, nil
}

func (a *arm) Ask(ctx context.Context, service, action string, params, out any) error {
	return a.roles().call(ctx, http.MethodPost, service, action, params, out)
}
