package collector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// TestMain lets the test binary be the guard that a session of the engine starts.
func TestMain(m *testing.M) {
	if enginetest.Guarded() {
		return
	}
	os.Exit(m.Run())
}

func config(backends ...collector.Target) collector.Config {
	return collector.Config{
		HTTP: "0.0.0.0:4318", GRPC: "0.0.0.0:4317", Prometheus: "http://prometheus:9090/api/v1/otlp/v1/metrics",
		Dir: "/telemetry", Arm: "full", SelfMetrics: "0.0.0.0:8888", Health: "0.0.0.0:13133", Backends: backends,
	}
}

// The Collector of the standard image accepts our configurations: bare, changed, with tail sampling, and with every back end
// in an arm that may stand still. An image with only a part of contrib may lack the exporter of a back end; the test says which one.
func TestCollectorValidates(t *testing.T) {
	e := enginetest.Open(t)
	enginetest.Images(t, e, "collector")
	if _, err := exec.LookPath("docker"); err != nil {
		enginetest.Missing(t, err)
	}
	sampled := config()
	sampled.Tail = &collector.Tail{Errors: true, Slow: time.Second, Share: 0.5}
	bare := config()
	bare.Dir, bare.Health, bare.SelfMetrics = "", "", ""
	changed := config()
	changed.Version, changed.LogsTo = "1", "http://receiver:8080/full/v1/logs"
	changed.Change = collector.Change{Queue: 1, HoldLogs: "4s", CountBy: "session.id", DropMetric: "perso.decisions"}
	configs := map[string]collector.Config{"no back end": config(), "tail sampling": sampled, "bare": bare, "changed": changed}
	for _, b := range collector.Backends() {
		parked := config(collector.Target{Backend: b.Name})
		parked.Standstill = time.Minute
		configs[b.Name] = parked
	}
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			said, err := validate(t, c)
			switch {
			case err == nil:
			case name == "elasticsearch" && strings.Contains(said, `unknown type: "elasticsearch"`):
				t.Logf("not validated: this image has only a part of contrib: %s", said)
			default:
				t.Errorf("%v: %s", err, said)
			}
		})
	}
	broken := config()
	broken.SelfMetrics = "0.0.0.0:none"
	if said, err := validate(t, broken); err == nil {
		t.Errorf("a port that is no number was accepted: %s", said)
	}
}

// validate asks the Collector of the image about a configuration.
func validate(t *testing.T, c collector.Config) (said string, err error) {
	t.Helper()
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	user := map[string]string{collector.EnvOTLPEndpoint: "http://127.0.0.1:4318", collector.EnvOTLPHeaders: "api-key=secret"}
	env, err := collector.Environ(c.Backends, func(name string) string { return user[name] })
	if err != nil {
		t.Fatal(err)
	}
	// Without a label of a session: this container removes itself, and a sweep in a test beside this one would end it.
	args := []string{"run", "--rm", "--network=none"}
	for name, value := range env {
		args = append(args, "--env="+name+"="+value)
	}
	out, err := exec.CommandContext(t.Context(), "docker",
		append(args, (images.Choice{}).Ref("collector"), "validate", "--config=yaml:"+string(text))...).CombinedOutput()
	return string(out), err
}

// The standard image runs with our configuration. Traces that tail sampling keeps arrive at Jaeger and Zipkin with the arm's
// name, and are counted in Prometheus. The Collector's own metrics say how much came in.
func TestCollectorRuns(t *testing.T) {
	e := enginetest.Open(t)
	enginetest.Images(t, e, "collector", "jaeger", "zipkin", "prometheus")
	s, err := e.NewSession(t.Context(), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	network, err := s.Network(t.Context(), "collector")
	if err != nil {
		t.Fatal(err)
	}
	run := func(spec engine.Spec) *engine.Container {
		t.Helper()
		spec.Network, spec.Name = network, spec.Host
		spec.Image = (images.Choice{}).Ref(spec.Host)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c, err := s.Start(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	jaeger := run(engine.Spec{Host: "jaeger", Ports: []string{"16686"}, Ready: engine.HTTP("16686", "/api/services"),
		Env: map[string]string{"COLLECTOR_OTLP_ENABLED": "true"}})
	zipkin := run(engine.Spec{Host: "zipkin", Ports: []string{"9411"}, Ready: engine.HTTP("9411", "/health")})
	prometheus := run(engine.Spec{Host: "prometheus", Ports: []string{"9090"}, Ready: engine.HTTP("9090", "/-/ready"),
		Cmd:   []string{"--config.file=/prometheus.yml", "--web.enable-otlp-receiver", "--enable-feature=otlp-deltatocumulative"},
		Files: []engine.File{{Path: "/prometheus.yml", Text: []byte("{storage: {tsdb: {out_of_order_time_window: 1m}}}"), Mode: 0o644}}})

	c := config(collector.Target{Backend: "jaeger"}, collector.Target{Backend: "zipkin"})
	c.Dir, c.Tail = "", &collector.Tail{Errors: true}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	col := run(engine.Spec{Host: "collector", Ports: []string{"4318", "8888", "13133"}, Ready: engine.HTTP("13133", "/"),
		Cmd: []string{"--config=yaml:" + string(text)}})

	t.Cleanup(func() {
		if t.Failed() {
			_ = col.Logs(context.WithoutCancel(t.Context()), 20, t.Output())
			_ = prometheus.Logs(context.WithoutCancel(t.Context()), 5, t.Output())
		}
	})
	failed := send(t, col.URL("4318"), 3)
	eventually.Nil(t, func() error {
		traces, err := get(t.Context(), jaeger.URL("16686")+"/api/traces?service=decision&limit=100")
		return errors.Join(err, want(traces, 1, `"spanID":`, `"traceID":"`+failed, `"key":"tollgate.arm"`, `"value":"full"`))
	})
	eventually.Nil(t, func() error {
		traces, err := get(t.Context(), zipkin.URL("9411")+"/api/v2/traces?serviceName=decision&limit=100")
		return errors.Join(err, want(traces, 1, `"traceId":"`, failed, `"tollgate.arm":"full"`))
	})
	for query, value := range map[string]string{"sum(perso_span_fallbacks_total)": "1", "sum(perso_log_records_total)": "4", "sum(sent_total)": "4"} {
		eventually.Nil(t, func() error {
			answer, err := get(t.Context(), prometheus.URL("9090")+"/api/v1/query?query="+query)
			return errors.Join(err, want(answer, 1, `,"`+value+`"]`))
		})
	}
	eventually.Nil(t, func() error {
		text, err := get(t.Context(), col.URL("8888")+"/metrics")
		if err != nil {
			return err
		}
		v, err := collector.ParseSelfMetrics(strings.NewReader(text))
		if err == nil && (v.Spans != 4 || v.LogRecords != 4 || v.DataPoints != 1 || v.Bytes < 500 || v.Refused != 0) {
			err = fmt.Errorf("%+v, want 4 spans, 4 log records, 1 data point, their bytes, none refused", v)
		}
		return err
	})
}

// want complains unless the text has each of the parts, and the first exactly n times.
func want(text string, n int, parts ...string) error {
	for i, part := range parts {
		if got := strings.Count(text, part); got == 0 || i == 0 && got != n {
			return fmt.Errorf("%d times %s in %s, want %d", got, part, text, n)
		}
	}
	return nil
}

// get reads a page; the status must be 200.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return string(body), err
}
