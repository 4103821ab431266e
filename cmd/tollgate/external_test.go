package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// small is a run that is so small that its verdict may be inconclusive or invalid.
type small struct {
	*result.Data
	text    string   // the report on stdout
	metrics []string // ids of those that the report has
}

// runIn runs an experiment in a directory, with variables besides those of this process.
func runIn(t *testing.T, dir, experiment string, variables ...string) small {
	t.Helper()
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	file, out := filepath.Join(t.TempDir(), "tollgate.yaml"), filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(file, []byte(experiment), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "run", "-v", file, "--out", out)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), variables...)
	if err := cmd.Run(); err != nil {
		exit := &exec.ExitError{}
		if !errors.As(err, &exit) || !slices.Contains([]int{exitInconclusive, exitInvalid}, exit.ExitCode()) {
			t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
		}
	}
	data, err := result.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if data.Run.Status != result.Complete {
		t.Fatalf("the run is %s: %s", data.Run.Status, data.Run.Reason)
	}
	text, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Metrics []struct{ ID string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	made := small{Data: data, text: stdout.String()}
	for _, m := range report.Metrics {
		made.metrics = append(made.metrics, m.ID)
	}
	return made
}

// TestRunOfURLs measures two deployments that exist already. tollgate knows only their addresses. TOLLGATE_VUS in the user's
// environment is how many VUs k6 has for the script.
func TestRunOfURLs(t *testing.T) {
	var vus sync.Map // that the script saw
	urls := map[string]string{}
	for level, slower := range map[string]time.Duration{"off": 0, "full": 20 * time.Millisecond} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/page" {
				vus.Store(r.URL.Query().Get("vus"), true)
				select { // no load, only time
				case <-time.After(slower):
				case <-r.Context().Done():
				}
			}
			fmt.Fprint(w, "ok")
		}))
		defer server.Close()
		urls[level] = server.URL
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"load.js": "import http from 'k6/http';\nimport exec from 'k6/execution';\n" +
			"export default function () { http.get(`${__ENV.BASE_URL}/page?vus=${exec.test.options.scenarios.default.vus}`); }\n",
		"rules.yaml": "groups: [{name: site, rules: [{alert: SiteDown, expr: 'probe_success == 0'}, {alert: SiteLoaded, expr: 'sum(loadgen_requests_total) > 0'}]}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := runIn(t, dir, fmt.Sprintf(`
profile: smoke
environment: external
levels: [{name: off}, {name: full}]
journeys: {script: load.js}
external: {urls: {off: "%s", full: "%s"}, targets: {service-pause: front}}
faults: [none, service-pause]
toll: {launches: 1, rounds: 2, slot: 500ms, rate: 60, warmup: 200ms}
catch: {rate: 20, settle: 1s, clean: 1s, hold: 1s, clear: 1s}
alerts: {rules: rules.yaml, lapse: 1}
`, urls["off"], urls["full"]), slot.EnvVUs+"=7")

	if want := []string{"mean", "p50", "p90", "p95", "p99", "p99.9"}; !slices.Equal(run.metrics, want) {
		t.Errorf("metrics %v, want %v: what is not known must be left out", run.metrics, want)
	}
	spun, slow := int64(0), map[string]bool{}
	for _, s := range run.Slots {
		if s.Phase == "toll" && s.Arm == "known-delay" {
			spun += s.Work.SpunN
		}
	}
	for _, l := range run.Latency {
		if l.Phase == "toll" && l.Kind == result.Response && l.Step == "request" {
			h, err := l.Histogram()
			if err != nil {
				t.Fatal(err)
			}
			slow[l.Arm] = slow[l.Arm] || time.Duration(h.Min()) >= 20*time.Millisecond
		}
	}
	vus.Range(func(n, _ any) bool {
		if n != "7" {
			t.Errorf("k6 has %q VUs for the script, want 7", n)
		}
		return true
	})
	if spun == 0 {
		t.Error("the delay proxy of the known delay reported none")
	}
	if len(slow) != 4 || !slow["full"] || slow["off"] {
		t.Errorf("arms whose every request takes 20 ms: %v, want full alone", slow)
	}
	if !strings.Contains(run.text, "no containers of front are named") {
		t.Errorf("why service-pause is skipped is not said:\n%s", run.text)
	}
	if !slices.ContainsFunc(run.Alerts, func(a result.AlertEvent) bool { return a.Alert == "SiteLoaded" && a.To == result.Firing }) {
		t.Errorf("the outside view reached no Prometheus of ours: alerts %v", run.Alerts)
	}
}

// TestRunOfAScriptThatDoesNotLoad checks that the script heads the error, and that nothing is asked of the system.
func TestRunOfAScriptThatDoesNotLoad(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"load/load.js":  "import http from 'k6/http';\nimport { users } from './users.js';\nexport default function () {}\n",
		"load/users.js": "export const users = 1;\nfunction read() { return open('./none.json'); }\nread();\n",
		"rules.yaml":    "groups: [{name: site, rules: [{alert: SiteDown, expr: 'probe_success == 0'}]}]\n",
		"tollgate.yaml": fmt.Sprintf("profile: smoke\nenvironment: external\nlevels: [{name: off}]\njourneys: {script: load/load.js}\n"+
			"external: {urls: {off: %q}}\nfaults: [none]\nalerts: {rules: rules.yaml, lapse: 1}\n", server.URL),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "run", "tollgate.yaml", "--out", "r")
	cmd.Dir, cmd.Stderr = dir, &stderr
	exit := &exec.ExitError{}
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitCouldNotRun {
		t.Errorf("%v, want exit code %d", err, exitCouldNotRun)
	}
	want := fmt.Sprintf("tollgate: script load/load.js: %[1]s/load/users.js:2:30: GoError: stat %[1]s/load/none.json: no such file or directory", dir)
	if !strings.Contains(stderr.String(), want) || strings.Contains(stderr.String(), "ready") {
		t.Errorf("want … %s …, got\n%s", want, &stderr)
	}
	if n := asked.Load(); n > 1 { // 1: whether it is there
		t.Errorf("%d requests to the system", n)
	}
}

// shopImage makes the image of examples/shop, as make example does.
var shopImage = sync.OnceValue(func() error {
	ctx := context.Background()
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	dir, err := os.MkdirTemp("", "tollgate-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	shop := filepath.Join(dir, "shop")
	if err := enginetest.Build(shop, enginetest.Shop); err != nil {
		return err
	}
	return images.Add(ctx, e, "tollgate-example/shop:dev", build.Image{
		Arch: e.Arch(), Entries: []build.Entry{{Path: "/shop", Mode: 0o755, From: shop}}, Entrypoint: []string{"/shop"}, User: "65532:65532",
	})
})

// exampleImage sees to it that the image of examples/shop is there, and returns the directory of the example.
func exampleImage(t *testing.T) string {
	t.Helper()
	enginetest.Open(t)
	if _, err := compose.Find(t.Context()); err != nil {
		enginetest.Missing(t, err)
	}
	example, err := filepath.Abs("../../examples/shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := shopImage(); err != nil {
		t.Fatal(err)
	}
	return example
}

// TestRunOfTheExample takes examples/shop, which knows nothing of tollgate, from its Compose file to a verdict.
func TestRunOfTheExample(t *testing.T) {
	run := runIn(t, exampleImage(t), `
profile: smoke
environment: external
levels:
  - {name: off, env: {OTEL_SDK_DISABLED: "true"}}
  - {name: full, env: {OTEL_METRICS_EXPORTER: otlp, OTEL_TRACES_EXPORTER: otlp, OTEL_LOGS_EXPORTER: otlp}}
journeys: {script: load.js, step: search}
external:
  compose: {file: compose.yaml, service: shop, port: 8080}
  health: /healthz
  targets: {service-pause: shop}
faults: [service-pause]
toll: {launches: 1, rounds: 4, slot: 1s, rate: 60}
catch: {rate: 20, hold: 6s}
alerts: {rules: rules.yaml, expect: {service-pause: [ShopDown, ShopErrors, ShopSlow, ShopSilent]}}
`)
	for _, arm := range []string{"off", "full"} {
		if !slices.ContainsFunc(run.Alerts, func(a result.AlertEvent) bool {
			return a.Arm == arm && a.Alert == "ShopDown" && a.To == result.Firing
		}) {
			t.Errorf("ShopDown did not fire at %s while the shop was paused", arm)
		}
	}
	if strings.Count(run.text, "ShopDown") < 2 || strings.Contains(run.text, "✗ missed") {
		t.Errorf("the pause was not detected at every level:\n%s", run.text)
	}
	for _, id := range []string{"cpu", "pipeline-cpu", "idle-cpu", "rss", "rss-peak", "spans", "bytes"} {
		if !slices.Contains(run.metrics, id) {
			t.Errorf("metrics %v, want %s among them", run.metrics, id)
		}
	}
	var spans, of = map[string]int64{}, map[string]time.Duration{}
	for _, s := range run.Slots {
		if s.Phase == "toll" {
			spans[s.Arm] += s.Telemetry.Spans
			of[s.Arm] += s.CPU["shop"]
		}
	}
	if spans["off"] != 0 || spans["full"] == 0 || of["off"] <= 0 || of["full"] <= of["off"] {
		t.Errorf("spans %v, CPU of the shop %v", spans, of)
	}
	if !slices.ContainsFunc(run.Run.Warnings, func(w string) bool { return strings.Contains(w, "container_name is left out") }) {
		t.Errorf("what was changed of the file is not said: %v", run.Run.Warnings)
	}
}

// TestRunOfFaultsOnTargets injects into the example what the experiment names. Every effect is confirmed, and so is its end. What has
// no target is skipped, and the reason says which key names one.
func TestRunOfFaultsOnTargets(t *testing.T) {
	t.Parallel()
	run := runIn(t, exampleImage(t), `
profile: smoke
environment: external
levels:
  - {name: off, env: {OTEL_SDK_DISABLED: "true"}}
  - {name: full, env: {OTEL_METRICS_EXPORTER: otlp, OTEL_TRACES_EXPORTER: otlp, OTEL_LOGS_EXPORTER: otlp}}
journeys: {script: load.js, step: search}
external:
  compose: {file: compose.yaml, service: shop, port: 8080}
  health: /healthz
  targets: {cpu-throttle: shop, memory-squeeze: shop, consumer-stopped: shop, collector-down: telemetry}
faults: [{id: cpu-throttle, cores: 0.01}, memory-squeeze, consumer-stopped, collector-down, broker-pause, retry-storm, consumer-lag]
toll: {launches: 0}
catch: {rate: 40, settle: 1s, clean: 1s, hold: 2s, clear: 1s, quiet_limit: 0s}
alerts: {rules: rules.yaml, expect: {consumer-stopped: [ShopDown]}}
`)
	for fault, want := range map[string]string{
		"broker-pause": "external.targets: {broker-pause: SERVICE}", "retry-storm": "external.proxies: {profile:", "consumer-lag": "part of our own stack",
	} {
		at := slices.IndexFunc(run.Run.Faults, func(f result.Fault) bool { return f.ID == fault })
		if at < 0 || !strings.Contains(run.Run.Faults[at].Skipped, want) {
			t.Errorf("%s is not skipped for want of %q: %+v", fault, want, run.Run.Faults)
		}
	}
	for _, fault := range []string{"cpu-throttle", "memory-squeeze", "consumer-stopped", "collector-down"} {
		seen := map[string]int{}
		for _, e := range run.Faults {
			if e.Fault == fault {
				seen[e.Phase]++
			}
		}
		if seen[result.PhaseConfirmed] != 2 || seen[result.PhaseReverted] != 2 {
			t.Errorf("%s: want it confirmed and reverted at both levels, got %v", fault, seen)
		}
	}
}
