package containers

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Ports inside the containers.
const (
	servicePort    = "8080"
	kafkaPort      = "9092"
	redisPort      = "6379"
	prometheusPort = "9090"
	healthPort     = "13133"
	selfPort       = "8888"

	alertmanagerPort   = "9093"
	prometheusLinkPort = "9005" // of the link to an arm's Prometheus; role.Linked has the others
)

// otlpPath is where Prometheus takes metrics by OTLP.
const otlpPath = "/api/v1/otlp/v1/metrics"

// launch is one deployment of all arms as containers.
type launch struct {
	*Environment
	spec    testenv.Spec
	session *engine.Session
	network string
	client  role.Client
	rules   []byte
	admin   *kadm.Client // of the shared broker
	startUp result.StartUp
	pause   holders // of the broker

	mu     sync.Mutex
	all    []*engine.Container // in the order in which they became ready
	shared map[string]*engine.Container
	arms   []*arm
}

// Launch starts the shared parts and every arm's pipeline together. Once the broker is ready, it starts all services.
func (e *Environment) Launch(ctx context.Context, spec testenv.Spec) (_ testenv.Launch, err error) {
	if e.engine == nil || e.stack == "" {
		return nil, errUnchecked
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, engine.LaunchLimit, fmt.Errorf("the launch took longer than %v", engine.LaunchLimit))
	defer cancel()
	l := &launch{Environment: e, spec: spec, client: role.NewClient(rand.Text()), shared: map[string]*engine.Container{},
		startUp: result.StartUp{Launch: spec.Launch, Parts: map[string]time.Duration{}}}
	if spec.RulesFile != "" {
		if l.rules, err = os.ReadFile(spec.RulesFile); err != nil {
			return nil, fmt.Errorf("testenv: %w", err)
		}
	}
	if l.session, err = e.engine.NewSession(ctx, e.Binary); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close(context.WithoutCancel(ctx)))
		}
	}()
	if l.network, err = l.session.Network(ctx, fmt.Sprint(spec.Launch)); err != nil {
		return nil, err
	}
	for _, a := range spec.Arms {
		l.arms = append(l.arms, &arm{launch: l, spec: a, services: map[string]*engine.Container{}})
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, part := range l.sharedParts() {
		group.Go(func() error { return l.startShared(groupCtx, part) })
	}
	for _, a := range l.arms {
		group.Go(func() error { return a.startPipeline(groupCtx) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := l.topics(ctx); err != nil {
		return nil, err
	}
	if err := l.startServices(ctx); err != nil {
		return nil, err
	}
	for _, a := range l.arms {
		a.begin(context.WithoutCancel(ctx))
	}
	l.startUp.Total, l.startUp.Processes = time.Since(begin), len(l.all)
	return l, nil
}

// startOrder has the services first for which others wait.
var startOrder = []string{role.Model, role.ETL, role.Ingest, role.Profile, role.Decision, role.Gateway}

// startServices creates the services arm by arm, in startOrder, and waits until all are ready.
func (l *launch) startServices(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	order := startOrder
	if l.spec.Links {
		order = append([]string{role.Links}, startOrder...)
	}
	for _, a := range l.arms {
		for _, service := range order {
			turn, err := l.session.Turn(ctx)
			if err != nil { // also when a service has failed; its error is the group's error
				return cmp.Or(group.Wait(), err)
			}
			group.Go(func() error { return a.startService(ctx, service, turn) })
		}
	}
	return group.Wait()
}

// start starts a container and records how long that took.
func (l *launch) start(ctx context.Context, spec engine.Spec) (*engine.Container, error) {
	spec.Network = l.network
	c, err := l.session.Start(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, c)
	l.startUp.Parts[spec.Host] = c.StartUp
	if l.startUp.Slowest == "" || c.StartUp >= slices.MaxFunc(l.all, byStartUp).StartUp {
		l.startUp.Slowest = fmt.Sprintf("%s (%v)", c.Name, c.StartUp.Round(time.Millisecond))
	}
	return c, nil
}

func byStartUp(a, b *engine.Container) int { return int(a.StartUp - b.StartUp) }

// sharedParts are the containers that all arms share.
func (l *launch) sharedParts() []engine.Spec {
	parts := []engine.Spec{
		{Host: kafkaHost, Image: l.Images.Ref("kafka"), Ports: []string{kafkaPort}, Env: kafkaEnv(), Ready: brokerReady},
		{Host: redisHost, Image: l.Images.Ref("redis"), Ports: []string{redisPort}, Ready: storeReady,
			Cmd: []string{"--protected-mode", "no", "--save", "", "--appendonly", "no"}},
		{Host: jaegerHost, Image: l.Images.Ref("jaeger"), Ports: []string{"16686"}, Ready: engine.HTTP("16686", "/api/services"),
			Env: map[string]string{"COLLECTOR_OTLP_ENABLED": "true", "MEMORY_MAX_TRACES": "5000"}},
		{Host: alertmanagerHost, Image: l.Images.Ref("alertmanager"), Ports: []string{alertmanagerPort}, Ready: engine.HTTP(alertmanagerPort, "/-/ready"),
			Cmd:   []string{"--config.file=/etc/alertmanager/tollgate.yml", "--storage.path=/alertmanager", "--cluster.listen-address="},
			Files: []engine.File{{Path: "/etc/alertmanager/tollgate.yml", Text: l.alertmanagerConfig(), Mode: 0o644}}},
	}
	if l.spec.Links {
		parts = append(parts, l.receiver())
	}
	if slices.Contains(l.names(), "zipkin") {
		parts = append(parts, engine.Spec{Host: zipkinHost, Image: l.Images.Ref("zipkin"), Ports: []string{"9411"}, Ready: engine.HTTP("9411", "/health")})
	}
	for i := range parts {
		parts[i].Name = parts[i].Host
	}
	return parts
}

// receiver is the far end of the arms' pipelines, which is there while faults are injected.
func (l *launch) receiver() engine.Spec {
	config := role.Defaults()
	config.Listen = "0.0.0.0:" + servicePort
	for _, a := range l.arms {
		config.Arms = append(config.Arms, a.spec.Name)
	}
	return engine.Spec{
		Host: receiverHost, Image: l.stack, Cmd: []string{"serve", role.Receiver}, Env: config.Environ(), Ports: []string{servicePort},
		Ready: engine.HTTP(servicePort, role.HealthPath),
	}
}

func (l *launch) startShared(ctx context.Context, spec engine.Spec) error {
	c, err := l.start(ctx, spec)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared[spec.Host] = c
	return nil
}

// targets returns the back ends of every Collector: the Jaeger of the launch, unless the user names one with an address, and
// the others that the user names.
func (l *launch) targets() []collector.Target {
	if slices.ContainsFunc(l.Backends, func(t collector.Target) bool { return t.Backend == jaegerHost }) {
		return l.Backends
	}
	return append([]collector.Target{{Backend: jaegerHost, Address: jaegerHost + ":" + role.OTLPGRPCPort}}, l.Backends...)
}

// Arms are the arms in the order of the spec.
func (l *launch) Arms() []testenv.Arm {
	arms := make([]testenv.Arm, len(l.arms))
	for i, a := range l.arms {
		arms[i] = a
	}
	return arms
}

// Lost delivers an error for the first container that ended by itself.
func (l *launch) Lost() <-chan error { return l.session.Lost() }

// StartUp says how long the launch took, by container.
func (l *launch) StartUp() result.StartUp { return l.startUp }

// Close ends the services, and then the pipelines, which take the last telemetry of the services. Then it copies out what was
// asked for, and removes everything.
func (l *launch) Close(ctx context.Context) error {
	var errs []error
	var group sync.WaitGroup
	for _, a := range l.arms {
		group.Go(func() { a.end(ctx) })
	}
	group.Wait()
	stop := func(pick func(*engine.Container) bool) {
		var stopping errgroup.Group
		stopping.SetLimit(8)
		for _, c := range l.all {
			if pick(c) {
				stopping.Go(func() error { return c.Stop(ctx, 8*time.Second) })
			}
		}
		errs = append(errs, stopping.Wait())
	}
	isPipeline := func(c *engine.Container) bool {
		return strings.HasSuffix(c.Host(), "-"+collectorHost) || strings.HasSuffix(c.Host(), "-"+prometheusHost)
	}
	isShared := func(c *engine.Container) bool { return l.shared[c.Host()] != nil }
	stop(func(c *engine.Container) bool { return !isShared(c) && !isPipeline(c) })
	stop(func(c *engine.Container) bool { return strings.HasSuffix(c.Host(), "-"+collectorHost) })
	stop(func(c *engine.Container) bool { return strings.HasSuffix(c.Host(), "-"+prometheusHost) })
	errs = append(errs, l.keep(ctx))
	if l.admin != nil {
		l.admin.Close()
	}
	l.client.Close()
	return errors.Join(append(errs, l.session.Close(ctx))...)
}

// keep copies logs, series and telemetry out of the stopped containers.
func (l *launch) keep(ctx context.Context) error {
	var errs []error
	for _, c := range l.all {
		if l.spec.Log != nil {
			fmt.Fprintf(l.spec.Log, "--- %s\n", c.Name)
			errs = append(errs, c.Logs(ctx, engine.LogLines, l.spec.Log))
		}
	}
	for _, a := range l.arms {
		if dir := l.spec.SeriesDir; dir != "" && a.prometheus != nil {
			errs = append(errs, a.prometheus.CopyOut(ctx, prometheusData, filepath.Join(dir, a.spec.Name)))
		}
		if dir := l.spec.TelemetryDir; dir != "" && a.collector != nil {
			errs = append(errs, a.collector.CopyOut(ctx, telemetryData, dir))
		}
	}
	return errors.Join(errs...)
}
