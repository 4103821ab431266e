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
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

const (
	token         = "test-token"
	pipelineToken = "token-of-this-pipeline"
	limit         = 30 * time.Second // on every wait
)

// running is a pipeline under test.
type running struct {
	addr map[string]string
	stop func() error // ends it and returns what Run returned
}

// start starts a pipeline with a token, as it is in an arm of processes.
func start(t testing.TB, cfg Config) running {
	t.Helper()
	cfg.PipelineToken = pipelineToken
	return launch(t, cfg)
}

func launch(t testing.TB, cfg Config) running {
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
	line.Addr["prometheus"] = api.WithToken(line.Addr["prometheus"], cfg.PipelineToken)
	return running{addr: line.Addr, stop: stop}
}

// value evaluates an expression with one series; without any series it returns NaN.
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
	eventually.Nil(t, func() error {
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
	headers := map[string]string{"Authorization": api.Bearer(pipelineToken)}
	metrics, err1 := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(base+"/v1/metrics"), otlpmetrichttp.WithHeaders(headers))
	traces, err2 := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"), otlptracehttp.WithHeaders(headers))
	logs, err3 := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(base+"/v1/logs"), otlploghttp.WithHeaders(headers))
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

// decide makes one decision for each reason, with all three signals.
func (s sdk) decide(reasons ...string) {
	ctx := context.Background()
	decisions, _ := s.meter.Meter("test").Int64Counter("perso.decisions")
	duration, _ := s.meter.Meter("test").Float64Histogram("http.server.request.duration", metric.WithUnit("s"))
	for _, reason := range reasons {
		attr := attribute.String("perso.reason", reason)
		ctx, span := s.tracer.Tracer("test").Start(ctx, "decide", trace.WithSpanKind(trace.SpanKindServer))
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

// fail makes a trace of one span that ends in an error.
func (s sdk) fail(reason string) {
	_, span := s.tracer.Tracer("test").Start(context.Background(), "decide")
	span.SetAttributes(attribute.String("perso.reason", reason))
	span.SetStatus(codes.Error, reason)
	span.End()
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

// stored counts the samples of a metric in a closed TSDB.
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
