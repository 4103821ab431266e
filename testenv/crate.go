package testenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// crate is one arm as containers.
type crate struct {
	fleet      *fleet
	spec       ArmSpec
	services   map[string]*engine.Container // by role; guarded by the fleet's lock until the launch is done
	collector  *engine.Container
	prometheus *engine.Container
	view       *view
	push       *push
	leases     leases
	parked     atomic.Bool
}

// host is the name of one of the arm's containers in the network.
func (a *crate) host(part string) string { return a.spec.Name + "-" + part }

func (a *crate) url(part, port string) string { return "http://" + a.host(part) + ":" + port }

// Where the containers keep what is copied out at the end.
const (
	telemetryData  = "/telemetry"
	prometheusData = "/prometheus"
)

// startPipeline starts the arm's Prometheus and its Collector.
func (a *crate) startPipeline(ctx context.Context) error {
	config := collector.Config{
		HTTP: "0.0.0.0:" + otlpPort, GRPC: "0.0.0.0:" + otlpGRPCPort, Prometheus: a.url(prometheusHost, prometheusPort) + "/api/v1/otlp/v1/metrics",
		Arm: a.spec.Name, Backends: a.fleet.targets(), SelfMetrics: "0.0.0.0:" + selfPort, Health: "0.0.0.0:" + healthPort,
	}
	if a.fleet.spec.TelemetryDir != "" {
		config.Dir = telemetryData
	}
	var err error
	if tail := a.spec.Env[collector.EnvTail]; tail != "" {
		if config.Tail, err = collector.ParseTail(tail); err != nil {
			return err
		}
	}
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
		a.prometheus, err = a.fleet.start(ctx, a.prometheusSpec())
		return err
	})
	group.Go(func() (err error) {
		const file = "/etc/otelcol-contrib/tollgate.yaml"
		a.collector, err = a.fleet.start(ctx, engine.Spec{
			Name: "collector of arm " + a.spec.Name, Host: a.host(collectorHost), Image: a.fleet.Images.Ref("collector"),
			Cmd: []string{"--config", file}, Env: env, Ports: []string{otlpPort, healthPort, selfPort}, Join: a.fleet.Networks,
			Files: []engine.File{{Path: file, Text: text, Mode: 0o644}, {Path: telemetryData, Mode: 0o777 | modeDir}},
			Ready: engine.HTTP(healthPort, "/"),
		})
		return err
	})
	return group.Wait()
}

// startService starts one of the arm's services.
func (a *crate) startService(ctx context.Context, service string, turn *engine.Turn) error {
	spec := engine.Spec{
		Name: fmt.Sprintf("%s of arm %s", service, a.spec.Name), Host: a.host(service), Image: a.fleet.stack,
		Cmd: []string{"serve", service}, Env: a.env(service), Ports: []string{servicePort}, Ready: engine.HTTP(servicePort, "/healthz"), Turn: turn,
	}
	if service == Gateway {
		spec.Publish = a.fleet.GatewayAddr
	}
	c, err := a.fleet.start(ctx, spec)
	if err != nil {
		return err
	}
	a.fleet.mu.Lock()
	defer a.fleet.mu.Unlock()
	a.services[service] = c
	return nil
}

// env is the environment of a service: the same as in processes, with names in place of ports.
func (a *crate) env(service string) map[string]string {
	spec := a.fleet.spec
	env := map[string]string{
		"PERSO_ARM": a.spec.Name, "PERSO_LISTEN": "0.0.0.0:" + servicePort, "PERSO_CONTROL_TOKEN": a.fleet.token,
		"PERSO_DECISION_URL": a.url(Decision, servicePort), "PERSO_MODEL_URL": a.url(Model, servicePort), "PERSO_PROFILE_URL": a.url(Profile, servicePort),
		"PERSO_KAFKA_BROKERS": kafkaHost + ":" + kafkaPort, "PERSO_REDIS_ADDR": redisHost + ":" + redisPort,
		"PERSO_SEED": fmt.Sprint(spec.Seed), "PERSO_USERS": strconv.Itoa(spec.Users), "PERSO_ITEMS": strconv.Itoa(spec.Items),
		"OTEL_SERVICE_NAME":           service,
		"OTEL_EXPORTER_OTLP_ENDPOINT": a.url(collectorHost, otlpPort), "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
	}
	for k, v := range a.spec.Env {
		env[k] = v
	}
	if a.spec.Delay > 0 {
		env["PERSO_SPIN"] = a.spec.Delay.String()
	}
	return env
}

// begin shows the arm from outside, now that it is up.
func (a *crate) begin(ctx context.Context) {
	a.view = newView(a.spec.Name, a.fleet.broker()...)
	watched := &seen{health: map[string]func() string{}, usage: a.Usage}
	for service, c := range a.services {
		watched.health[service] = func() string { return c.URL(servicePort) + "/healthz" }
	}
	a.view.watch(watched)
	a.push = startPush(ctx, a.Prometheus(), a.view.registry, a.fleet.spec.Scrape, a.parked.Load)
}

// end stops showing it, and lets its processes end.
func (a *crate) end(ctx context.Context) {
	if a.push != nil {
		a.push.stop()
	}
	_ = a.Unpark() // whoever cannot be thawed is killed
	_ = a.leases.releaseAll()
	if a.view != nil {
		a.view.close()
	}
}

func (a *crate) Name() string       { return a.spec.Name }
func (a *crate) Prometheus() string { return a.prometheus.URL(prometheusPort) }
func (a *crate) Gateway() string {
	if published := a.services[Gateway].Published(); published != "" {
		return "http://" + published
	}
	return a.services[Gateway].URL(servicePort)
}

// own are the arm's own containers, by service; its Collector and Prometheus are two of Telemetry.
func (a *crate) own() map[*engine.Container]string {
	own := map[*engine.Container]string{a.collector: Telemetry, a.prometheus: Telemetry}
	for service, c := range a.services {
		own[c] = service
	}
	return own
}

// Park freezes the arm's containers.
func (a *crate) Park() error {
	a.parked.Store(true)
	return a.each(func(m *engine.Meter) error { return m.Freeze(context.Background()) })
}

// Unpark lets them go on.
func (a *crate) Unpark() error {
	if !a.parked.Swap(false) {
		return nil
	}
	return a.each(func(m *engine.Meter) error { return m.Thaw(context.Background()) })
}

func (a *crate) each(do func(*engine.Meter) error) error {
	var group errgroup.Group
	for c := range a.own() {
		if c != nil {
			group.Go(func() error { return do(c.Meter) })
		}
	}
	return group.Wait()
}

// Usage reads the control groups of the arm's containers, and of the broker and the store as Backing.
func (a *crate) Usage() (Usage, error) {
	u := Usage{CPU: map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}}
	var errs []error
	for c, service := range a.own() {
		errs = append(errs, u.add(c, service))
	}
	for _, host := range []string{kafkaHost, redisHost} {
		errs = append(errs, u.add(a.fleet.shared[host], Backing))
	}
	delete(u.RSS, Backing) // all arms hold it together
	delete(u.Peak, Backing)
	return u, errors.Join(errs...)
}

// add adds what a container of a service has used. A peak is known of a service only if it is of all its containers.
func (u Usage) add(c *engine.Container, service string) error {
	r, err := c.Meter.Read(context.Background())
	if err != nil {
		return fmt.Errorf("testenv: %s: %w", c.Name, err)
	}
	_, more := u.CPU[service]
	_, known := u.Peak[service]
	u.CPU[service] += r.CPU
	u.RSS[service] += r.Memory
	if r.Peak > 0 && known == more {
		u.Peak[service] += r.Peak
	} else {
		delete(u.Peak, service)
	}
	return nil
}

// Telemetry reads what the Collector took in and how many series Prometheus holds.
func (a *crate) Telemetry(ctx context.Context) (result.Telemetry, error) {
	var t result.Telemetry
	resp, err := get(ctx, a.collector.URL(selfPort)+"/metrics")
	if err != nil {
		return t, fmt.Errorf("testenv: collector of arm %s: %w", a.spec.Name, err)
	}
	defer resp.Body.Close()
	v, err := collector.ParseSelfMetrics(resp.Body)
	if err != nil {
		return t, fmt.Errorf("testenv: collector of arm %s: %w", a.spec.Name, err)
	}
	t = result.Telemetry{Spans: v.Spans, LogRecords: v.LogRecords, DataPoints: v.DataPoints, Bytes: v.Bytes, Refused: v.Refused}
	status, err := get(ctx, a.Prometheus()+"/api/v1/status/tsdb?limit=1")
	if err != nil {
		return t, fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	defer status.Body.Close()
	var head struct {
		Data struct {
			HeadStats struct {
				NumSeries int64 `json:"numSeries"`
			} `json:"headStats"`
		} `json:"data"`
	}
	if err := json.NewDecoder(status.Body).Decode(&head); err != nil {
		return t, fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	t.ActiveSeries = head.Data.HeadStats.NumSeries
	return t, nil
}

func (a *crate) Runtime(ctx context.Context) (map[string]result.Runtime, error) {
	return a.roles().runtimes(ctx)
}

// get is a GET that is answered by 200.
func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := controls.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return resp, err
}

func (a *crate) Lag(ctx context.Context) (map[int32]int64, error) { return a.view.lag(ctx) }

func (a *crate) Loadgen(o Observed) { a.view.observe(o) }

func (a *crate) roles() roles {
	return roles{a.spec.Name, a.fleet.token, func(role string) (string, bool) {
		c, ok := a.services[role]
		if !ok {
			return "", false
		}
		return c.URL(servicePort), true
	}}
}

// Control is of three kinds: what the engine does to a container, the quota that the broker holds, and the roles' own.
func (a *crate) Control(ctx context.Context, service, control string, params any, lease time.Duration) error {
	if service == Backing && control == throttleFetch {
		key := service + "/" + control
		return a.leases.hold(key, lease, func() error { return a.fleet.throttle(ctx, a.spec.Name, params) },
			func() error { return a.fleet.unthrottle(a.spec.Name) })
	}
	if _, err := engine.LookupVerb(control); err == nil {
		c, ok := a.services[service]
		if !ok {
			return fmt.Errorf("testenv: arm %s has no %q to %s", a.spec.Name, service, control)
		}
		return a.fleet.session.Hold(c.ID, control, params, lease)
	}
	return a.roles().call(ctx, http.MethodPut, service, control+"?lease="+lease.String(), params, nil)
}

func (a *crate) Release(ctx context.Context, service, control string) error {
	if service == Backing && control == throttleFetch {
		return a.leases.release(service + "/" + control)
	}
	if _, err := engine.LookupVerb(control); err == nil {
		c, ok := a.services[service]
		if !ok {
			return nil
		}
		return a.fleet.session.Release(ctx, c.ID, control)
	}
	return a.roles().call(ctx, http.MethodDelete, service, control, nil, nil)
}

func (a *crate) Ask(ctx context.Context, service, action string, params, out any) error {
	return a.roles().call(ctx, http.MethodPost, service, action, params, out)
}

func (a *crate) Answers(ctx context.Context, service string) (bool, error) {
	c, ok := a.services[service]
	if !ok {
		return false, fmt.Errorf("testenv: arm %s has no %q to ask", a.spec.Name, service)
	}
	return a.view.probe(ctx, c.URL(servicePort)+"/healthz") == 1, nil
}
