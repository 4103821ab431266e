package containers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// arm is one arm as containers.
type arm struct {
	launch     *launch
	spec       testenv.ArmSpec
	services   map[string]*engine.Container // by role; guarded by the launch's lock until the launch is done
	links      *engine.Container            // nil: there are none
	collector  *engine.Container
	prometheus *engine.Container
	view       *outside.View
	push       *outside.Push
	leases     lease.Table // of what this process does to the arm's containers
	parking    engine.Parking
	stopped    atomic.Bool                      // the Collector, by a fault, or while it takes another configuration
	read       atomic.Pointer[result.Telemetry] // what the Collector last said; nil: nothing yet
	volume     volume
	configured configured
	silence    silence
}

// host returns the name of one of the arm's containers in the network.
func (a *arm) host(part string) string { return a.spec.Name + "-" + part }

func (a *arm) url(part, port string) string { return "http://" + a.host(part) + ":" + port }

// Paths in the containers that are copied out at the end.
const (
	telemetryData  = "/telemetry"
	prometheusData = "/prometheus"
)

// startPipeline starts the arm's Prometheus and its Collector.
func (a *arm) startPipeline(ctx context.Context) error {
	config := collector.Config{
		HTTP: "0.0.0.0:" + role.OTLPPort, GRPC: "0.0.0.0:" + role.OTLPGRPCPort, Prometheus: a.url(prometheusHost, prometheusPort) + otlpPath,
		Arm: a.spec.Name, Run: a.launch.spec.Run, Backends: a.launch.targets(), SelfMetrics: "0.0.0.0:" + selfPort, Health: "0.0.0.0:" + healthPort,
		Version: usual, Standstill: a.launch.spec.Standstill,
	}
	if a.launch.spec.Links {
		config.LogsTo = "http://" + receiverHost + ":" + servicePort + receiver.LogsPath(a.spec.Name)
	}
	if a.launch.spec.TelemetryDir != "" {
		config.Dir = telemetryData
	}
	var err error
	if tail := a.spec.Env[role.EnvTailSampling]; tail != "" {
		if config.Tail, err = collector.ParseTail(tail); err != nil {
			return err
		}
	}
	a.configured.basis, a.configured.seen = config, usual
	text, err := config.YAML()
	if err != nil {
		return fmt.Errorf("testenv: %w", err)
	}
	env, err := collector.Environ(config.Backends, os.Getenv)
	if err != nil {
		return fmt.Errorf("testenv: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		a.prometheus, err = a.launch.start(ctx, a.prometheusSpec())
		return err
	})
	group.Go(func() (err error) {
		a.collector, err = a.launch.start(ctx, engine.Spec{
			Name: "collector of arm " + a.spec.Name, Host: a.host(collectorHost), Image: a.launch.Images.Ref("collector"),
			Cmd: []string{"--config", collectorFile}, Env: env, Ports: []string{role.OTLPPort, healthPort, selfPort}, Join: a.launch.Networks,
			Files: []engine.File{{Path: collectorFile, Text: text, Mode: 0o644}, {Path: telemetryData, Mode: 0o777 | fs.ModeDir}},
			Ready: engine.HTTP(healthPort, "/"),
		})
		return err
	})
	return group.Wait()
}

// startService starts one of the arm's services.
func (a *arm) startService(ctx context.Context, service string, turn *engine.Turn) error {
	spec := engine.Spec{
		Name: fmt.Sprintf("%s of arm %s", service, a.spec.Name), Host: a.host(service), Image: a.launch.stack,
		Cmd: []string{"serve", service}, Env: a.env(service), Ports: []string{servicePort}, Ready: engine.HTTP(servicePort, role.HealthPath), Turn: turn,
	}
	if service == role.Gateway {
		spec.Publish = a.launch.GatewayAddr
	}
	c, err := a.launch.start(ctx, spec)
	if err != nil {
		return err
	}
	a.launch.mu.Lock()
	defer a.launch.mu.Unlock()
	if service == role.Links {
		a.links = c
	} else {
		a.services[service] = c
	}
	return nil
}

// env returns the environment variables of a service: the same as in processes, but addresses are names instead of ports.
func (a *arm) env(service string) map[string]string {
	config := role.Defaults()
	config.Arm, config.Listen, config.Token, config.Spin = a.spec.Name, "0.0.0.0:"+servicePort, a.launch.client.Token, a.spec.Spins()
	config.Run, config.Launch, config.Standstill = a.launch.spec.Run, a.launch.spec.Launch, a.launch.spec.Standstill
	config.DecisionURL, config.ModelURL, config.ProfileURL =
		a.url(role.Decision, servicePort), a.url(role.Model, servicePort), a.url(role.Profile, servicePort)
	config.Brokers, config.RedisAddr = []string{kafkaHost + ":" + kafkaPort}, redisHost+":"+redisPort
	switch {
	case service == role.Links:
		config.Links = a.linked(config)
	case a.launch.spec.Links:
		host := a.host(role.Links)
		config.DecisionURL, config.ModelURL = "http://"+linkAt(host, role.Decision), "http://"+linkAt(host, role.Model)
		config.ProfileURL, config.RedisAddr = "http://"+linkAt(host, role.Profile), linkAt(host, role.Store)
	}
	config.Seed, config.Users, config.Items = a.launch.spec.Seed, a.launch.spec.Users, a.launch.spec.Items
	env := config.Environ()
	env[otelenv.ServiceName] = service
	maps.Copy(env, a.spec.Env)
	maps.Copy(env, otelenv.Export(otelenv.Pipeline{HTTP: a.url(collectorHost, role.OTLPPort), GRPC: a.url(collectorHost, role.OTLPGRPCPort)}, a.spec.Env))
	return env
}

// linked are the links of the arm, to what the services would call without them. That to Prometheus is for the Collector, which takes
// it only while its way to Prometheus is to be slow.
func (a *arm) linked(services role.Config) []role.Link {
	links := []role.Link{{
		Service: prometheusHost, Listen: net.JoinHostPort("0.0.0.0", prometheusLinkPort), Target: a.url(prometheusHost, prometheusPort),
	}}
	for service, target := range map[string]string{
		role.Decision: services.DecisionURL, role.Model: services.ModelURL, role.Profile: services.ProfileURL,
		role.Store: "tcp://" + services.RedisAddr,
	} {
		links = append(links, role.Link{Service: service, Listen: linkAt("0.0.0.0", service), Target: target})
	}
	return links
}

// linkAt is host:port of the link to a service, on a host that has the links.
func linkAt(host, service string) string { return net.JoinHostPort(host, role.Linked()[service]) }

// begin starts the outside view of the arm, which is up by now.
func (a *arm) begin(ctx context.Context) {
	a.view = outside.NewView(a.spec.Name, a.launch.broker()...)
	watched := outside.Target{Health: map[string]func() string{role.Telemetry: a.collectorHealth}, Usage: a.Usage}
	for service, c := range a.services {
		watched.Health[service] = func() string { return c.URL(servicePort) + role.HealthPath }
	}
	a.view.Watch(watched)
	a.push = outside.StartPush(ctx, a.Prometheus(), a.view, a.launch.spec.Scrape, a.parking.Parked)
}

// end ends the outside view, and lets the arm's processes end.
func (a *arm) end(ctx context.Context) {
	if a.push != nil {
		a.push.Stop()
	}
	_ = a.Unpark() // a container that cannot be thawed is killed
	_ = a.leases.Close()
	if a.view != nil {
		a.view.Close()
	}
}

func (a *arm) Name() string       { return a.spec.Name }
func (a *arm) Prometheus() string { return a.prometheus.URL(prometheusPort) }
func (a *arm) Gateway() string {
	if published := a.services[role.Gateway].Published(); published != "" {
		return "http://" + published
	}
	return a.services[role.Gateway].URL(servicePort)
}

// own returns the arm's own containers, by role. Its Collector and its Prometheus both count as role.Telemetry.
func (a *arm) own() map[*engine.Container]string {
	own := map[*engine.Container]string{a.collector: role.Telemetry, a.prometheus: role.Telemetry}
	if a.links != nil {
		own[a.links] = role.Links
	}
	for service, c := range a.services {
		own[c] = service
	}
	return own
}

// Park freezes the arm's containers.
func (a *arm) Park() error { return a.parking.Park(a.containers()) }

// Unpark lets the arm's containers go on.
func (a *arm) Unpark() error { return a.parking.Unpark(a.containers()) }

// containers returns the arm's own containers that exist by now.
func (a *arm) containers() []*engine.Container {
	return slices.DeleteFunc(slices.Collect(maps.Keys(a.own())), func(c *engine.Container) bool { return c == nil })
}

// Usage reads the control groups of the arm's containers, and of the broker and the store as role.Backing.
func (a *arm) Usage() (testenv.Usage, error) {
	u := testenv.NewUsage()
	var errs []error
	for c, service := range a.own() {
		if service == role.Links { // no part of the stack
			continue
		}
		r, err := c.Used(context.Background())
		if err != nil && c.Ending() {
			continue // it was killed just now
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		u.Add(service, r.CPU, r.Memory, r.Peak)
		u.Throttled[service] += r.Throttled
	}
	for _, host := range []string{kafkaHost, redisHost} {
		r, err := a.launch.shared[host].Used(context.Background())
		u.Backing(r.CPU)
		errs = append(errs, err)
	}
	return u, errors.Join(errs...)
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
func (a *arm) Control(service string) (role.Client, string) {
	if service == role.Links {
		return a.launch.client, a.links.URL(servicePort)
	}
	return a.launch.client, a.services[service].URL(servicePort)
}

func (a *arm) Lag(ctx context.Context) (map[int32]int64, error) { return a.view.Lag(ctx) }

func (a *arm) Loadgen(o testenv.Observed) { a.view.Observe(o) }

func (a *arm) Answers(ctx context.Context, service string) (bool, error) {
	c, ok := a.services[service]
	if !ok {
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.spec.Name, service)
	}
	return a.view.Probe(ctx, c.URL(servicePort)+role.HealthPath), nil
}
