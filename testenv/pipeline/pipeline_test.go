package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/result"
)

const (
	token = "test-token"
	limit = 30 * time.Second // on every wait
)

// running is a pipeline under test.
type running struct {
	addr map[string]string
	stop func() error // ends it and returns what Run returned
}

func start(t testing.TB, cfg Config) running {
	t.Helper()
	lines, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	cfg.Arm, cfg.Token, cfg.Stdout, cfg.Stderr = "full", token, out, t.Output()
	ended := make(chan error, 1)
	go func() {
		err := Run(ctx, cfg)
		out.CloseWithError(fmt.Errorf("ended before it was ready: %w", err))
		ended <- err
	}()
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = stop() })
	var line struct {
		Ready bool
		Addr  map[string]string
	}
	if err := json.NewDecoder(lines).Decode(&line); err != nil || !line.Ready {
		t.Fatalf("ready line: %v", err)
	}
	return running{addr: line.Addr, stop: stop}
}

// eventually waits until the condition holds, and fails with its last complaint when it does not within the limit.
func eventually(t *testing.T, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// value evaluates an expression that has one series, or none: NaN.
func (r running) value(query string) (float64, error) {
	resp, err := http.PostForm(r.addr["prometheus"]+"/api/v1/query", url.Values{"query": {query}})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var body struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return 0, err
	}
	if body.Status != "success" || len(body.Data.Result) > 1 {
		return 0, fmt.Errorf("%s: %+v", query, body)
	}
	if len(body.Data.Result) == 0 {
		return math.NaN(), nil
	}
	return strconv.ParseFloat(body.Data.Result[0].Value[1].(string), 64)
}

func (r running) expect(t *testing.T, query string, want float64) {
	t.Helper()
	eventually(t, func() error {
		got, err := r.value(query)
		if err == nil && got != want {
			err = fmt.Errorf("%s = %v, want %v", query, got, want)
		}
		return err
	})
}

func (r running) stats(t *testing.T) Stats {
	t.Helper()
	req, _ := http.NewRequest(http.MethodPost, "http://"+r.addr["http"]+"/control/stats", strings.NewReader("{}"))
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s Stats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return s
}

// sdk is an instrumented service that exports to a pipeline when told to.
type sdk struct {
	meter  *sdkmetric.MeterProvider
	tracer *sdktrace.TracerProvider
	logger *sdklog.LoggerProvider
}

func newSDK(t *testing.T, r running) sdk {
	t.Helper()
	ctx, base := context.Background(), r.addr["otlp"]
	res := resource.NewSchemaless(attribute.String("service.name", "decision"), attribute.String("service.namespace", "perso"))
	metrics, err1 := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(base+"/v1/metrics"))
	traces, err2 := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"))
	logs, err3 := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(base+"/v1/logs"))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	s := sdk{
		meter: sdkmetric.NewMeterProvider(sdkmetric.WithResource(res),
			sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics, sdkmetric.WithInterval(time.Hour)))),
		tracer: sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(traces)),
		logger: sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(logs))),
	}
	t.Cleanup(func() { // the pipeline may be gone by now
		_ = errors.Join(s.meter.Shutdown(ctx), s.tracer.Shutdown(ctx), s.logger.Shutdown(ctx))
	})
	return s
}

func (s sdk) flush(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if err := errors.Join(s.meter.ForceFlush(ctx), s.tracer.ForceFlush(ctx), s.logger.ForceFlush(ctx)); err != nil {
		t.Fatal(err)
	}
}

// decide is one decision for each reason, told in all three signals.
func (s sdk) decide(reasons ...string) {
	ctx := context.Background()
	decisions, _ := s.meter.Meter("test").Int64Counter("perso.decisions")
	duration, _ := s.meter.Meter("test").Float64Histogram("http.server.request.duration", metric.WithUnit("s"))
	for _, reason := range reasons {
		attr := attribute.String("perso.reason", reason)
		ctx, span := s.tracer.Tracer("test").Start(ctx, "decide")
		span.SetAttributes(attr)
		decisions.Add(ctx, 1, metric.WithAttributes(attr, attribute.String("perso.channel", "web"), attribute.String("perso.variant", "a")))
		duration.Record(ctx, 0.01)
		if reason != "none" {
			var r log.Record
			r.SetTimestamp(time.Now())
			r.SetBody(attribute.StringValue("default content"))
			r.AddAttributes(attribute.String("perso.reason", reason))
			s.logger.Logger("test").Emit(ctx, r)
		}
		span.End()
	}
}

func TestPipeline(t *testing.T) {
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE probe_success gauge\nprobe_success{service=\"gateway\",job=\"probe\"} 1\n")
	}))
	defer outside.Close()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	text := "groups: [{name: g, interval: 100ms, rules: [{alert: Up, expr: 'probe_success == 1', for: 1s}]}]"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	series, began := filepath.Join(dir, "series"), time.Now()
	r := start(t, Config{
		TelemetryDir: dir, SeriesDir: series, RulesFile: rules, ScrapeURL: outside.URL + "/metrics",
		ScrapeInterval: 100 * time.Millisecond, EvalInterval: 100 * time.Millisecond, Lookback: time.Minute,
	})
	s := newSDK(t, r)
	s.decide("none", "none", "attribute-missing")
	s.flush(t)

	// What OTLP brought has its standard Prometheus name, and the service's name as job.
	r.expect(t, `perso_decisions_total{job="perso/decision",perso_channel="web",perso_variant="a",perso_reason="none"}`, 2)
	r.expect(t, `http_server_request_duration_seconds_count{job="perso/decision"}`, 3)
	// What the Collector derives counts only what gives a reason.
	r.expect(t, `sum(perso_log_records_total{service_name="decision",perso_reason="attribute-missing"})`, 1)
	r.expect(t, `sum(perso_span_fallbacks_total)`, 1)
	s.decide("attribute-missing", "low-confidence", "none")
	s.flush(t)
	r.expect(t, `sum(perso_log_records_total{perso_reason="attribute-missing"})`, 2)
	r.expect(t, `sum by () (perso_span_fallbacks_total)`, 3)
	// A counter that was seen first at 1 has its increase from 0.
	eventually(t, func() error {
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
	eventually(t, func() error {
		got, err := r.value(`count_over_time(up{job="outside"}[1s])`)
		if err == nil && !(got >= 5) {
			err = fmt.Errorf("%v scrapes in a second, want about 10", got)
		}
		return err
	})

	watchUp(t, &alerts.Watcher{Arm: "full", URL: r.addr["prometheus"], Eval: 100 * time.Millisecond, Since: began})

	got := r.stats(t)
	if got.Spans != 6 || got.LogRecords != 3 || got.DataPoints < 4 || got.Refused != 0 {
		t.Errorf("stats %+v, want 6 spans, 3 log records, at least 4 data points, none refused", got)
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
// an alert in the first two evaluations after its start, so it may look pending for a little less than its for.
func watchUp(t *testing.T, w *alerts.Watcher) {
	t.Helper()
	var events []result.AlertEvent
	eventually(t, func() error {
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

// What is still inside the Collector when it is told to end reaches the series.
func TestEndFlushes(t *testing.T) {
	series := filepath.Join(t.TempDir(), "series")
	r := start(t, Config{SeriesDir: series})
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
	exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(r.addr["otlp-grpc"]), otlpmetricgrpc.WithInsecure())
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
	if got := r.stats(t); got.Bytes < 50 || got.DataPoints != 1 {
		t.Errorf("stats %+v, want 1 data point and its bytes", got)
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
		{"GET", "/metrics", "", 200},
		{"GET", "/api/v1/status/buildinfo", "", 200},
		{"GET", "/api/v1/status/runtimeinfo", "", 200},
		{"GET", "/api/v1/status/config", "", 200},
		{"GET", "/api/v1/status/tsdb", "", 200},
		{"GET", "/api/v1/rules", "", 200},
		{"GET", "/api/v1/alerts", "", 200},
		{"GET", "/api/v1/alertmanagers", "", 200},
		{"GET", "/api/v1/targets", "", 200},
		{"GET", "/api/v1/labels", "", 200},
		{"GET", "/api/v1/metadata", "", 200},
		{"GET", "/api/v1/series?match[]=up", "", 200},
		{"GET", "/api/v1/query_range?query=up&start=1&end=2&step=1", "", 200},
		{"GET", "/api/v1/query?query=up(", "", 400},
		{"POST", "/control/stats", "", 401},
		{"POST", "/control/stats", "wrong", 401},
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

// records counts a key in the records of an OTLP JSON file, and checks that every line is JSON.
func records(t *testing.T, path, key string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !json.Valid(lines.Bytes()) {
			t.Errorf("%s: not JSON: %s", path, lines.Text())
		}
		n += strings.Count(lines.Text(), `"`+key+`":`)
	}
	return n
}

// stored counts the samples of a metric in a TSDB that nobody has open.
func stored(t *testing.T, dir, metric string) int {
	t.Helper()
	db, err := tsdb.OpenDBReadOnly(dir, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, metric))
	n := 0
	for set.Next() {
		for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
			n++
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return n
}
