package external

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// shopSystem is the example as a system that Compose builds, with a store beside it that does nothing.
func shopSystem(t *testing.T) testenv.System {
	t.Helper()
	dir := t.TempDir()
	if err := enginetest.Build(filepath.Join(dir, "bin", "shop"), enginetest.Shop); err != nil {
		t.Fatal(err)
	}
	docker, err := os.ReadFile("../../examples/shop/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	file := fmt.Sprintf(`
services:
  shop: {build: ., container_name: shop, ports: ["8080:8080"], depends_on: [store], environment: {SECRET: "a$$b",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:9/v1/traces", OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: grpc, OTEL_RESOURCE_ATTRIBUTES: "team=shop"}}
  store: {image: "%s", volumes: ["data:/data"]}
  migration: {image: "%s", command: [redis-cli, --version], entrypoint: []}
volumes: {data: {}}
`, (images.Choice{}).Ref("redis"), (images.Choice{}).Ref("redis"))
	for name, text := range map[string]string{"Dockerfile": string(docker), "compose.yaml": file} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return testenv.System{
		Compose: testenv.SystemCompose{File: testenv.Files{filepath.Join(dir, "compose.yaml")}, Service: "shop", Port: 8080, Instrumented: []string{"shop"}},
		Health:  "/healthz", Targets: map[string]string{"service-pause": "shop", "collector-down": role.Telemetry},
	}
}

// TestMain lets the test binary be the guard of the proxies.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve" && os.Args[2] == role.ProxyGuard {
		if err := ProxyGuard(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	if text := os.Getenv(envVictim); text != "" {
		victim(text)
		return
	}
	os.Exit(enginetest.Run(m))
}

// alwaysFiring is a rule file whose alert fires at once.
const alwaysFiring = `groups:
  - name: test
    interval: 500ms
    rules:
      - {alert: Always, expr: vector(1)}
`

// shops is one launch of the example at two levels.
func shops(t *testing.T) (*launch, testenv.Spec) {
	t.Helper()
	e := enginetest.Open(t)
	enginetest.Images(t, e, "redis")
	if _, err := compose.Find(t.Context()); err != nil {
		enginetest.Missing(t, err)
	}
	binary := enginetest.Program(t)
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(alwaysFiring), 0o644); err != nil {
		t.Fatal(err)
	}
	env := &Environment{Binary: binary, System: shopSystem(t), Script: true, Say: func(line string) { t.Log(line) }}
	if err := env.Check(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		image := fmt.Sprintf("tollgate-build/%s-shop:latest", filepath.Base(filepath.Dir(env.Compose.File[0])))
		_, _ = env.engine.Client.ImageRemove(context.WithoutCancel(t.Context()), image, client.ImageRemoveOptions{})
		_ = env.engine.Close()
	})
	if notes := strings.Join(env.Notes(), "\n"); !strings.Contains(notes, "container_name") || !strings.Contains(notes, "ports") {
		t.Errorf("what was changed of the file is not said: %q", notes)
	}
	if notes := strings.Join(env.Notes(), "\n"); !strings.Contains(notes, "service shop: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT of the file") {
		t.Errorf("a variable that is overridden is not said: %q", notes)
	}
	up, err := env.Launch(t.Context(), testenv.Spec{
		RulesFile: rules, EvalInterval: 500 * time.Millisecond, Scrape: 500 * time.Millisecond, Lookback: 5 * time.Second,
		SeriesDir: filepath.Join(dir, "series"), TelemetryDir: filepath.Join(dir, "telemetry"),
		Arms: []testenv.ArmSpec{
			{Arm: result.Arm{Name: "off", Level: "off"}, Env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
			{Arm: result.Arm{Name: "full", Level: "full"}, Env: map[string]string{
				"OTEL_METRIC_EXPORT_INTERVAL": "250", "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_BLRP_SCHEDULE_DELAY": "50",
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := up.(*launch)
	return l, l.spec
}

func TestExternalByCompose(t *testing.T) {
	l, spec := shops(t)
	closed := false
	defer func() {
		if !closed {
			_ = l.Close(context.WithoutCancel(t.Context()))
		}
	}()
	ctx, off, full := t.Context(), l.arms[0], l.arms[1]
	search := func() error {
		for _, a := range l.arms {
			if err := api.New("").Get(ctx, a.Gateway()+"/search?q=red+shoes", nil); err != nil {
				return err
			}
		}
		return nil
	}
	for range 20 {
		if err := search(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("ready after %v: %v", l.StartUp().Total, l.StartUp().Parts)

	t.Run("telemetry comes from the level that has it", func(t *testing.T) {
		eventually.Nil(t, func() error {
			v, err := full.Telemetry(ctx)
			if err == nil && (v.Spans < 20 || v.LogRecords < 20 || v.DataPoints == 0 || v.Bytes < 1000 || v.ActiveSeries == 0) {
				err = fmt.Errorf("counted %+v", v)
			}
			return err
		})
		if v, err := off.Telemetry(ctx); err != nil || v.Spans+v.LogRecords+v.DataPoints > 0 || v.ActiveSeries == 0 {
			t.Errorf("level off sent %+v: %v", v, err)
		}
	})
	t.Run("Prometheus has the metrics and the outside view", func(t *testing.T) {
		for _, query := range []string{
			`probe_success{service="shop"} == 1`, `process_cpu_seconds_total{service="store"} > 0`,
			`sum(http_server_request_duration_seconds_count{job="shop"}) >= 20`, `ALERTS{alertname="Always",alertstate="firing"}`,
		} {
			eventually.Nil(t, func() error {
				var answer struct {
					Data struct{ Result []struct{} }
				}
				err := api.New("").Get(ctx, full.Prometheus()+"/api/v1/query?query="+url.QueryEscape(query), &answer)
				if err == nil && len(answer.Data.Result) != 1 {
					err = fmt.Errorf("%s is not so", query)
				}
				return err
			})
		}
	})
	t.Run("usage", func(t *testing.T) {
		u, err := full.Usage()
		if err != nil {
			t.Fatal(err)
		}
		for _, service := range []string{"shop", "store", role.Telemetry} {
			if u.CPU[service] <= 0 || u.RSS[service] < 100<<10 {
				t.Errorf("%s used %v and %d bytes", service, u.CPU[service], u.RSS[service])
			}
		}
		if _, ok := u.CPU["migration"]; ok {
			t.Error("a job that is done is measured")
		}
	})
	t.Run("a parked arm stands still, the other does not", func(t *testing.T) {
		if err := full.Park(); err != nil {
			t.Fatal(err)
		}
		if up, _ := full.Answers(ctx, "shop"); up {
			t.Error("the shop answers though it is parked")
		}
		if up, err := off.Answers(ctx, "shop"); !up || err != nil {
			t.Errorf("the other arm does not answer: %v", err)
		}
		if err := full.Unpark(); err != nil {
			t.Fatal(err)
		}
		eventually.Nil(t, search)
	})
	t.Run("faults act on targets only", func(t *testing.T) { testTargets(t, full, search) })
	t.Run("the Collector of our pipeline", func(t *testing.T) { testCollector(t, full) })
	t.Run("the end", func(t *testing.T) {
		closed = true
		if err := l.Close(context.WithoutCancel(ctx)); err != nil {
			t.Fatal(err)
		}
		testNothingLeft(t, l)
		for _, path := range []string{filepath.Join(spec.TelemetryDir, "full.spans.jsonl"), filepath.Join(spec.SeriesDir, "full", "wal")} {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	})
}

// testTargets pauses and kills the service that the experiment names, and checks that other services are refused.
func testTargets(t *testing.T, a *arm, works func() error) {
	ctx := t.Context()
	for _, service := range []string{"store", "nobody"} { // on every path
		if err := a.Pull(ctx, service, lever.Pause, struct{}{}, time.Minute); err == nil {
			t.Errorf("%s, which nobody named, was paused", service)
		}
		if err := a.Release(ctx, service, lever.Pause); err == nil {
			t.Errorf("%s, which nobody named, was released", service)
		}
	}
	for _, verb := range []string{lever.Pause, lever.Kill} {
		if err := a.Pull(ctx, "shop", verb, struct{}{}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if up, err := a.Answers(ctx, "shop"); up || err != nil {
			t.Errorf("%s: the shop answers (%v)", verb, err)
		}
		for range 2 { // releasing twice is no error
			if err := a.Release(ctx, "shop", verb); err != nil {
				t.Fatal(err)
			}
		}
		eventually.Nil(t, works) // through the delay proxy, even if the shop has a new address
	}
	select {
	case err := <-a.Lost():
		t.Errorf("what a fault did counts as a loss: %v", err)
	default:
	}
}

// testCollector stops the Collector of the pipeline, whose Prometheus goes on.
func testCollector(t *testing.T, a *arm) {
	ctx := t.Context()
	collects := func() bool {
		var s struct{ Answers bool }
		if err := a.Ask(ctx, role.Telemetry, lever.AskCollector, struct{}{}, &s); err != nil {
			t.Fatal(err)
		}
		return s.Answers
	}
	if !collects() {
		t.Fatal("it takes no telemetry")
	}
	if err := a.Pull(ctx, role.Telemetry, lever.StopCollector, struct{}{}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if collects() {
		t.Error("it takes telemetry")
	}
	if _, err := a.Telemetry(ctx); err != nil {
		t.Errorf("what it took is not said: %v", err)
	}
	for _, query := range []string{`probe_success{service="telemetry"} == 0`, `probe_success{service="shop"} == 1`} {
		eventually.Nil(t, func() error {
			var answer struct {
				Data struct{ Result []struct{} }
			}
			err := api.New("").Get(ctx, a.Prometheus()+"/api/v1/query?query="+url.QueryEscape(query), &answer)
			if err == nil && len(answer.Data.Result) != 1 {
				err = fmt.Errorf("%s is not so", query)
			}
			return err
		})
	}
	for range 2 {
		if err := a.Release(ctx, role.Telemetry, lever.StopCollector); err != nil {
			t.Fatal(err)
		}
	}
	eventually.True(t, "it takes telemetry again", collects)
	for _, name := range []string{lever.Pause, lever.LimitCPU} {
		if err := a.Pull(ctx, role.Telemetry, name, map[string]float64{"cores": 0.1}, time.Minute); err == nil {
			t.Errorf("%s acts on the pipeline", name)
		}
	}
}

// testNothingLeft checks that the launch has left nothing in the engine and on disk.
func testNothingLeft(t *testing.T, l *launch) {
	ctx := context.WithoutCancel(t.Context())
	ours := make(client.Filters).Add("label", engine.LabelSession+"="+l.session.ID)
	containers, err := l.engine.Client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil || len(containers.Items) > 0 {
		t.Errorf("%d containers are left: %v", len(containers.Items), err)
	}
	networks, err := l.engine.Client.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil || len(networks.Items) > 0 {
		t.Errorf("%d networks are left: %v", len(networks.Items), err)
	}
	volumes, err := l.engine.Client.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil || len(volumes.Items) > 0 {
		t.Errorf("%d volumes are left: %v", len(volumes.Items), err)
	}
	if _, err := os.Stat(l.scratch.Path); err == nil {
		t.Error("the copies of the file are left")
	}
	if resp, err := http.Get(l.arms[0].Gateway()); err == nil {
		_ = resp.Body.Close()
		t.Error("a delay proxy is left open")
	}
}

// TestExternalQuotesWhatFails starts a file whose service ends at once.
func TestExternalQuotesWhatFails(t *testing.T) {
	e := enginetest.Open(t)
	enginetest.Images(t, e, "redis")
	if _, err := compose.Find(t.Context()); err != nil {
		enginetest.Missing(t, err)
	}
	binary := enginetest.Program(t)
	file := filepath.Join(t.TempDir(), "compose.yaml")
	text := fmt.Sprintf("services: {shop: {image: %q, command: [--nonsense, x]}}", (images.Choice{}).Ref("redis"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := &Environment{Binary: binary, System: testenv.System{Compose: testenv.SystemCompose{File: testenv.Files{file}, Service: "shop", Port: 6379}}}
	err := env.Check(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer env.engine.Close()
	_, err = env.Launch(t.Context(), testenv.Spec{Arms: []testenv.ArmSpec{{Arm: result.Arm{Name: "off", Level: "off"}}}, Scrape: time.Second, EvalInterval: time.Second})
	if err == nil || !strings.Contains(err.Error(), "arm off") || !strings.Contains(err.Error(), "shop") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("the error does not quote what failed: %v", err)
	}
	env.Compose.Service = "shoop"
	if err := env.Check(t.Context(), 1); err == nil || !strings.Contains(err.Error(), `no service "shoop": it has shop`) {
		t.Errorf("a service that is not there: %v", err)
	}
}
