package stack

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

// logSink keeps log records. The SDK reuses what it exports, so they are cloned.
type logSink struct {
	mu      sync.Mutex
	records []sdklog.Record
}

func (s *logSink) Export(_ context.Context, records []sdklog.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		s.records = append(s.records, r.Clone())
	}
	return nil
}

func (*logSink) Shutdown(context.Context) error   { return nil }
func (*logSink) ForceFlush(context.Context) error { return nil }

// with returns the records that have an attribute of that value.
func (s *logSink) with(key, value string) []sdklog.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []sdklog.Record
	for _, r := range s.records {
		if recordAttr(r, key) == value {
			found = append(found, r)
		}
	}
	return found
}

func recordAttr(r sdklog.Record, key string) string {
	out := ""
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		if string(kv.Key) == key {
			out = kv.Value.String()
		}
		return true
	})
	return out
}

// captured is the telemetry of services, which is kept.
type captured struct {
	t       *testing.T
	spans   *tracetest.InMemoryExporter
	logs    *logSink
	readers map[string]*sdkmetric.ManualReader // by service
}

func capture(t *testing.T) *captured {
	t.Helper()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "10")
	return &captured{t: t, spans: tracetest.NewInMemoryExporter(), logs: &logSink{}, readers: map[string]*sdkmetric.ManualReader{}}
}

// export keeps the telemetry of a service.
func (c *captured) export(service string) Export {
	c.readers[service] = sdkmetric.NewManualReader()
	return Export{Spans: c.spans, Metrics: c.readers[service], Logs: c.logs}
}

// telemetry returns the telemetry of a service that is not deployed.
func (c *captured) telemetry(service string, cfg Config) *telemetry {
	c.t.Helper()
	cfg.Level, cfg.Export = Level{}, c.export(service)
	tel, err := setup(c.t.Context(), service, cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = tel.shutdown(context.Background()) })
	return tel
}

// observed is a deployment whose telemetry is kept.
type observed struct {
	*deployed
	*captured
	t *testing.T
}

func observe(t *testing.T, change func(role string, cfg *Config)) *observed {
	t.Helper()
	o := &observed{t: t, captured: capture(t)}
	o.deployed = deploy(t, func(role string, cfg *Config) {
		cfg.Level, cfg.Export = Level{}, o.export(role)
		if change != nil {
			change(role, cfg)
		}
	})
	return o
}

// span returns a finished span of a service by name.
func (c *captured) span(service, name string) (tracetest.SpanStub, bool) {
	for _, s := range c.spans.GetSpans() {
		if s.Name == name && attr(s.Resource.Attributes(), "service.name") == service {
			return s, true
		}
	}
	return tracetest.SpanStub{}, false
}

func (c *captured) waitSpan(service, name string) tracetest.SpanStub {
	c.t.Helper()
	var found tracetest.SpanStub
	eventually.True(c.t, fmt.Sprintf("span %q of %s", name, service), func() bool {
		var ok bool
		found, ok = c.span(service, name)
		return ok
	})
	return found
}

func attr(attrs []attribute.KeyValue, key string) string {
	for _, kv := range attrs {
		if string(kv.Key) == key {
			return kv.Value.String()
		}
	}
	return ""
}

// point is one data point, with what stands above it.
type point struct {
	resource *resource.Resource
	scope    instrumentation.Scope
	name     string
	unit     string
	attrs    attribute.Set
	count    uint64 // of a histogram's measurements
}

// String returns name{attributes}.
func (p point) String() string {
	var parts []string
	for _, kv := range p.attrs.ToSlice() {
		parts = append(parts, string(kv.Key)+"="+kv.Value.String())
	}
	return p.name + "{" + strings.Join(parts, ",") + "}"
}

// measured returns all data points of a service.
func (c *captured) measured(service string) []point {
	c.t.Helper()
	var data metricdata.ResourceMetrics
	if err := c.readers[service].Collect(context.Background(), &data); err != nil {
		c.t.Fatal(err)
	}
	var out []point
	for _, sm := range data.ScopeMetrics {
		for _, m := range sm.Metrics {
			add := func(attrs attribute.Set, count uint64) {
				out = append(out, point{data.Resource, sm.Scope, m.Name, m.Unit, attrs, count})
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				each(d.DataPoints, add)
			case metricdata.Sum[float64]:
				each(d.DataPoints, add)
			case metricdata.Gauge[int64]:
				each(d.DataPoints, add)
			case metricdata.Gauge[float64]:
				each(d.DataPoints, add)
			case metricdata.Histogram[float64]:
				eachHistogram(d.DataPoints, add)
			case metricdata.Histogram[int64]:
				eachHistogram(d.DataPoints, add)
			default:
				c.t.Errorf("metric %s is a %T", m.Name, d)
			}
		}
	}
	return out
}

func each[N int64 | float64](points []metricdata.DataPoint[N], add func(attribute.Set, uint64)) {
	for _, p := range points {
		add(p.Attributes, 0)
	}
}

func eachHistogram[N int64 | float64](points []metricdata.HistogramDataPoint[N], add func(attribute.Set, uint64)) {
	for _, p := range points {
		add(p.Attributes, p.Count)
	}
}

// points returns name{attributes} of all data points of a service.
func (c *captured) points(service string) []string {
	c.t.Helper()
	var out []string
	for _, p := range c.measured(service) {
		out = append(out, p.String())
	}
	return out
}
