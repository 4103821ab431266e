package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestPipeline(t *testing.T) {
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE probe_success gauge\nprobe_success{service=\"gateway\",job=\"probe\"} 1\n")
	}))
	defer outside.Close()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	text := "groups: [{name: g, interval: 100ms, rules: [{alert: Up, expr: 'probe_success == 1', for: 3s}]}]"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	series, began := filepath.Join(dir, "series"), time.Now()
	r := start(t, Config{Config: role.Config{
		TelemetryDir: dir, SeriesDir: series, RulesFile: rules, ScrapeURL: outside.URL + "/metrics",
		ScrapeInterval: 100 * time.Millisecond, EvalInterval: 100 * time.Millisecond, Lookback: time.Minute,
	}})
	s := newSDK(t, r)
	s.decide("none", "none", "attribute-missing")
	s.flush(t)

	// A metric that comes by OTLP has its standard Prometheus name, and the service's name as job.
	r.expect(t, `perso_decisions_total{job="perso/decision",perso_channel="web",perso_variant="a",perso_reason="none"}`, 2)
	r.expect(t, `http_server_request_duration_seconds_count{job="perso/decision"}`, 3)
	// The metrics that the Collector derives count only spans and log records that have a reason.
	r.expect(t, `sum(perso_log_records_total{service_name="decision",perso_reason="attribute-missing"})`, 1)
	r.expect(t, `sum(perso_span_fallbacks_total)`, 1)
	r.expect(t, `sum(perso_spans_total{service_name="decision"})`, 3)
	r.expect(t, `sum(perso_span_roots_total{service_name="decision"})`, 3)
	s.decide("attribute-missing", "low-confidence", "none")
	s.flush(t)
	r.expect(t, `sum(perso_log_records_total{perso_reason="attribute-missing"})`, 2)
	r.expect(t, `sum by () (perso_span_fallbacks_total)`, 3)
	// A counter whose first sample is 1 has an increase from 0.
	eventually.Nil(t, func() error {
		got, err := r.value(`sum(increase(perso_log_records_total{perso_reason="attribute-missing"}[1m]))`)
		if err == nil && !(got > 1) {
			err = fmt.Errorf("increase %v, want more than the 1 after the first sample", got)
		}
		return err
	})
	// Scraped, with the scraped job honoured, and evaluated in intervals of less than a second.
	r.expect(t, `probe_success{job="probe",service="gateway"}`, 1)
	r.expect(t, `up{job="outside"}`, 1)
	r.expect(t, `up{job="pipeline"}`, 1)
	r.expect(t, `count(ALERTS{alertname="Up",alertstate="firing"})`, 1)
	eventually.Nil(t, func() error {
		got, err := r.value(`count_over_time(up{job="outside"}[1s])`)
		if err == nil && !(got >= 5) {
			err = fmt.Errorf("%v scrapes in a second, want about 10", got)
		}
		return err
	})

	watchUp(t, &alerts.Watcher{Arm: "full", URL: r.addr["prometheus"], Eval: 100 * time.Millisecond, Since: began})

	got := r.stats(t)
	if got.Spans != 6 || got.Roots != 6 || got.LogRecords != 3 || got.DataPoints < 4 || got.Refused != 0 {
		t.Errorf("stats %+v, want 6 spans that are all roots, 3 log records, at least 4 data points, none refused", got)
	}
	if got.Bytes < 500 || got.ActiveSeries < 10 {
		t.Errorf("stats %+v: too few bytes or series", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if n := records(t, filepath.Join(dir, "full.spans.jsonl"), "spanId"); n != 6 {
		t.Errorf("%d spans in the file, want 6", n)
	}
	if n := records(t, filepath.Join(dir, "full.logs.jsonl"), "body"); n != 3 {
		t.Errorf("%d log records in the file, want 3", n)
	}
	if n := stored(t, series, "perso_decisions_total"); n < 2 {
		t.Errorf("%d samples of perso_decisions_total in the closed series, want at least 2", n)
	}
}

// watchUp polls until the alert Up fires, and checks that it was pending before. Prometheus does not write the state of
// an alert in the first two evaluations after its start, and a busy machine evaluates late, so it may look pending for less than its
// for of 3 s.
func watchUp(t *testing.T, w *alerts.Watcher) {
	t.Helper()
	var events []result.AlertEvent
	eventually.Nil(t, func() error {
		more, err := w.Poll(t.Context())
		if events = append(events, more...); err == nil && len(events) < 2 {
			err = fmt.Errorf("events %+v, want two", events)
		}
		return err
	})
	if events[0].To != result.Pending || events[1].To != result.Firing || events[1].Labels["service"] != "gateway" ||
		events[1].Time.Sub(events[0].Time) < 500*time.Millisecond {
		t.Errorf("events %+v", events)
	}
}

// Every span and log record is counted, and nothing is refused, whatever time they bear: exports in a row end with the same
// millisecond, or with an earlier one.
func TestCountsOfOneMoment(t *testing.T) {
	r := start(t, Config{Config: role.Config{Lookback: time.Minute}})
	s := newSDK(t, r)
	const exports = 5
	at := time.Now().Add(-time.Second).Truncate(time.Millisecond)
	for i := range exports {
		for _, at := range []time.Time{at.Add(time.Duration(i) * time.Microsecond), at.Add(-time.Duration(i) * time.Millisecond)} {
			ctx, span := s.tracer.Tracer("test").Start(t.Context(), "decide", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(at))
			span.SetAttributes(attribute.String("perso.reason", "attribute-missing"))
			var record log.Record
			record.SetTimestamp(at)
			record.AddAttributes(attribute.String("perso.reason", "attribute-missing"))
			s.logger.Logger("test").Emit(ctx, record)
			span.End(trace.WithTimestamp(at))
			s.flush(t)
			time.Sleep(2 * time.Millisecond) // a service exports less often
		}
	}
	for _, count := range []string{"perso_spans_total", "perso_span_roots_total", "perso_span_fallbacks_total", "perso_log_records_total"} {
		r.expect(t, "sum("+count+")", 2*exports)
	}
	if got := r.stats(t); got.Refused != 0 {
		t.Errorf("%d points were refused, want 0", got.Refused)
	}
}

func TestWithoutDirectories(t *testing.T) {
	r := start(t, Config{})
	s := newSDK(t, r)
	s.decide("attribute-missing")
	s.flush(t)
	r.expect(t, `sum(perso_log_records_total)`, 1)
	r.expect(t, `sum(perso_span_fallbacks_total)`, 1)
	if got := r.stats(t); got.Spans != 1 || got.LogRecords != 1 {
		t.Errorf("stats %+v, want 1 span and 1 log record", got)
	}
}

// Traces that tail sampling does not keep are counted as received, but are neither in a file nor in the metrics derived from
// spans. Traces that are decided at the end are kept, too.
func TestTailSampling(t *testing.T) {
	tail, err := configuration.ParseTail("errors,slow=1h")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := start(t, Config{Config: role.Config{TelemetryDir: dir}, Tail: tail})
	s := newSDK(t, r)
	// A service sends a batch about every 50 ms. When a loop sent as fast as it can, Prometheus refused a request of counts in
	// 2 of 24 runs of this test (status 400; probably two counts of one series in the same millisecond), at one batch in 20 ms
	// none in 42 runs. It pauses between two batches: a ticker would make up for what a busy machine is late, and send two in a row.
	const pause = 20 * time.Millisecond
	for range 40 { // traces are decided in no order, and none may be lost because of that
		time.Sleep(pause)
		s.decide("attribute-missing", "low-confidence") // one trace, and no error in it
		for range 5 {
			s.fail("attribute-missing")
		}
		s.flush(t)
	}
	r.expect(t, `sum(perso_span_fallbacks_total)`, 200)
	r.expect(t, `sum(perso_spans_total)`, 280) // of all that arrived
	eventually.Nil(t, func() error {           // the first count is an increase, too
		got, err := r.value(`sum(increase(perso_span_fallbacks_total[1m]))`)
		if err == nil && !(got > 150) {
			err = fmt.Errorf("increase %v, want about 200", got)
		}
		return err
	})
	if got := r.stats(t); got.Spans != 280 || got.Refused != 0 {
		t.Errorf("stats %+v, want 280 spans, none refused", got)
	}
	s.fail("low-confidence")
	s.flush(t)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if n := records(t, filepath.Join(dir, "full.spans.jsonl"), "spanId"); n != 201 {
		t.Errorf("%d spans in the file, want the 201 with an error", n)
	}
}

// Metrics that are still inside the Collector when it is told to end reach the series.
func TestEndFlushes(t *testing.T) {
	series := filepath.Join(t.TempDir(), "series")
	r := start(t, Config{Config: role.Config{SeriesDir: series}})
	s := newSDK(t, r)
	s.decide("none")
	s.flush(t)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if n := stored(t, series, "perso_decisions_total"); n < 1 {
		t.Error("the last metrics were lost")
	}
}

func TestGRPC(t *testing.T) {
	r := start(t, Config{})
	ctx := context.Background()
	exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(r.addr["otlp-grpc"]), otlpmetricgrpc.WithInsecure(),
		otlpmetricgrpc.WithHeaders(map[string]string{"authorization": api.Bearer(pipelineToken)}))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Hour))))
	defer func() { _ = provider.Shutdown(ctx) }()
	counter, _ := provider.Meter("test").Int64Counter("perso.impressions")
	counter.Add(ctx, 7)
	if err := provider.ForceFlush(ctx); err != nil {
		t.Fatal(err)
	}
	r.expect(t, `perso_impressions_total`, 7)
	if got := r.stats(t); got.Bytes < 50 || got.MetricBytes != got.Bytes || got.DataPoints != 1 {
		t.Errorf("stats %+v, want 1 data point and its bytes, all of metrics", got)
	}
}

func TestAPI(t *testing.T) {
	r := start(t, Config{})
	for _, tt := range []struct {
		method, path, token string
		status              int
	}{
		{"GET", "/healthz", "", 200},
		{"GET", "/-/ready", "", 200},
		{"GET", "/metrics", "", 401},
		{"GET", "/alerts", "", 401},
		{"GET", "/api/v1/query?query=up", "", 401},
		{"GET", "/api/v1/query?query=up", token, 401}, // of the control endpoint
		{"POST", "/api/v1/otlp/v1/metrics", "wrong", 401},
		{"POST", "/api/v1/write", "", 401},
		{"GET", "/metrics", pipelineToken, 200},
		{"GET", "/api/v1/status/buildinfo", pipelineToken, 200},
		{"GET", "/api/v1/status/runtimeinfo", pipelineToken, 200},
		{"GET", "/api/v1/status/config", pipelineToken, 200},
		{"GET", "/api/v1/status/tsdb", pipelineToken, 200},
		{"GET", "/api/v1/rules", pipelineToken, 200},
		{"GET", "/api/v1/alerts", pipelineToken, 200},
		{"GET", "/alerts", pipelineToken, 200}, // what `tollgate up` prints
		{"GET", "/api/v1/alertmanagers", pipelineToken, 200},
		{"GET", "/api/v1/targets", pipelineToken, 200},
		{"GET", "/api/v1/labels", pipelineToken, 200},
		{"GET", "/api/v1/metadata", pipelineToken, 200},
		{"GET", "/api/v1/series?match[]=up", pipelineToken, 200},
		{"GET", "/api/v1/query_range?query=up&start=1&end=2&step=1", pipelineToken, 200},
		{"GET", "/api/v1/query?query=up(", pipelineToken, 400},
		{"POST", "/control/stats", "", 401},
		{"POST", "/control/stats", pipelineToken, 401},
		{"POST", "/control/stats", token, 200},
		{"PUT", "/control/nothing", token, 404},
	} {
		req, _ := http.NewRequest(tt.method, "http://"+r.addr["http"]+tt.path, nil)
		req.Header.Set("Authorization", "Bearer "+tt.token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, resp.StatusCode, body, tt.status)
		}
	}
}

// Another process may take a port between its choice and its use. The error must be distinguished from other failures.
func TestPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Config: role.Config{Arm: "full"}, Stderr: t.Output()}.withDefaults()
	if _, err := startCollectorAt(t.Context(), cfg, "http://127.0.0.1:1/", taken.Addr().String(), ports[0], configuration.Change{}, new(logAges)); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("error %v, want address in use", err)
	}
}

func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("groups: [{name: g, rules: [{alert: A, expr: 'sum('}]}]"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"no arm", map[string]string{}, "PERSO_ARM"},
		{"interval", map[string]string{"PERSO_ARM": "full", "PERSO_SCRAPE_INTERVAL": "fast"}, `PERSO_SCRAPE_INTERVAL must be a duration of at least 50ms, e.g. 500ms, got "fast"`},
		{"no rules", map[string]string{"PERSO_ARM": "full", "PERSO_RULES_FILE": filepath.Join(dir, "none.yaml")}, "PERSO_RULES_FILE"},
		{"bad rules", map[string]string{"PERSO_ARM": "full", "PERSO_RULES_FILE": bad}, `bad.yaml: 1:45: group "g", rule 1, "A": could not parse expression`},
		{"scrape", map[string]string{"PERSO_ARM": "full", "PERSO_SCRAPE_URL": "localhost"}, `PERSO_SCRAPE_URL must be http://host:port/path, got "localhost"`},
		{"tail", map[string]string{"PERSO_ARM": "full", "PERSO_TAIL_SAMPLING": "fast"}, `PERSO_TAIL_SAMPLING: unknown part "fast": legal parts are errors`},
		{"listen", map[string]string{"PERSO_ARM": "full", "PERSO_LISTEN": "fd:x"}, "fd:x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := ConfigFromEnv(func(name string) string { return tt.env[name] }, io.Discard)
			if err == nil {
				cfg.Stderr = t.Output()
				err = Run(t.Context(), cfg)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to contain %s", err, tt.want)
			}
		})
	}
}
