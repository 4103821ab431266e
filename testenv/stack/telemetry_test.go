package stack

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tollgate-dev/tollgate/internal/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
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

// observed is a deployment whose telemetry is kept.
type observed struct {
	*deployed
	spans   *tracetest.InMemoryExporter
	logs    *logSink
	readers map[string]*sdkmetric.ManualReader
}

func observe(t *testing.T, change func(role string, cfg *Config)) *observed {
	t.Helper()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "10")
	o := &observed{spans: tracetest.NewInMemoryExporter(), logs: &logSink{}, readers: map[string]*sdkmetric.ManualReader{}}
	o.deployed = deploy(t, func(role string, cfg *Config) {
		o.readers[role] = sdkmetric.NewManualReader()
		cfg.Level = Level{}
		cfg.Export = Export{Spans: o.spans, Metrics: o.readers[role], Logs: o.logs}
		if change != nil {
			change(role, cfg)
		}
	})
	return o
}

// span returns a finished span of a service by name.
func (o *observed) span(service, name string) (tracetest.SpanStub, bool) {
	for _, s := range o.spans.GetSpans() {
		if s.Name == name && attr(s.Resource.Attributes(), "service.name") == service {
			return s, true
		}
	}
	return tracetest.SpanStub{}, false
}

func (o *observed) waitSpan(service, name string) tracetest.SpanStub {
	o.t.Helper()
	var found tracetest.SpanStub
	eventually.True(o.t, fmt.Sprintf("span %q of %s", name, service), func() bool {
		var ok bool
		found, ok = o.span(service, name)
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

// points returns name{attributes} of all data points of a service.
func (o *observed) points(service string) []string {
	o.t.Helper()
	var data metricdata.ResourceMetrics
	if err := o.readers[service].Collect(o.t.Context(), &data); err != nil {
		o.t.Fatal(err)
	}
	var out []string
	add := func(name string, set attribute.Set) {
		var parts []string
		for _, kv := range set.ToSlice() {
			parts = append(parts, string(kv.Key)+"="+kv.Value.String())
		}
		out = append(out, name+"{"+strings.Join(parts, ",")+"}")
	}
	for _, sm := range data.ScopeMetrics {
		for _, m := range sm.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes)
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes)
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes)
				}
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes)
				}
			case metricdata.Histogram[int64]:
				for _, p := range d.DataPoints {
					add(m.Name, p.Attributes)
				}
			}
		}
	}
	return out
}

func TestTraceCrossesEveryHop(t *testing.T) {
	o := observe(t, nil)
	o.journey()

	root := o.waitSpan("gateway", "POST /v1/recommend").SpanContext.TraceID()
	inTrace := func(service, name string) bool {
		return slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return s.Name == name && attr(s.Resource.Attributes(), "service.name") == service && s.SpanContext.TraceID() == root
		})
	}
	for _, hop := range [][2]string{{"gateway", "POST /v1/decide"}, {"decision", "POST /v1/decide"}, {"decision", "GET /v1/profile"}, {"profile", "GET /v1/profile"}} {
		eventually.True(t, "span "+hop[1]+" of "+hop[0]+" in the gateway's trace", func() bool { return inTrace(hop[0], hop[1]) })
	}
	for _, hop := range [][2]string{{"model", "POST /v1/rank"}, {"profile", "GET /v1/content"}, {"profile", "POST /v1/link"}} {
		if s := o.waitSpan(hop[0], hop[1]); !s.Parent.IsRemote() {
			t.Errorf("%s of %s has no parent in another service", hop[1], hop[0])
		}
	}
	publish := o.waitSpan("gateway", "arm.events publish")
	process := o.waitSpan("ingest", "arm.events process")
	if trace := o.waitSpan("gateway", "POST /v1/events").SpanContext.TraceID(); publish.SpanContext.TraceID() != trace || process.SpanContext.TraceID() != trace {
		t.Error("the event's trace ends before ingest has processed it")
	}
	if batch := o.waitSpan("ingest", "apply batch"); len(batch.Links) == 0 {
		t.Error("the batch is linked to none of its records")
	}
	eventually.True(t, "the decision says what it decided", func() bool {
		return slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return s.Name == "POST /v1/decide" && attr(s.Attributes, "perso.reason") == "none" && attr(s.Attributes, "perso.model.version") != "" &&
				attr(s.Attributes, "feature_flag.result.variant") == attr(s.Attributes, "perso.variant") && attr(s.Attributes, "http.route") == "/v1/decide"
		})
	})
	o.expectPrivacy()
}

func TestBaggageAndContextTravelWithRecords(t *testing.T) {
	for _, test := range []struct {
		name  string
		level Level
		want  bool
	}{{"on", Level{}, true}, {"off", Level{Off: true}, false}} {
		t.Run(test.name, func(t *testing.T) {
			d := deploy(t, func(_ string, cfg *Config) { cfg.Level = test.level })
			d.must("POST", "gateway", "/v1/events", event{Type: "impression", Session: "s 1", Channel: "app", Variant: "a"}, nil)
			client, err := kgo.NewClient(kgo.SeedBrokers(d.addr[role.BrokerAddr("arm")]), kgo.ConsumeTopics(role.EventsTopic("arm")))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			headers := map[string]string{}
			for _, r := range client.PollFetches(t.Context()).Records() {
				for _, h := range r.Headers {
					headers[h.Key] = string(h.Value)
				}
			}
			carried := headers["traceparent"] != "" && strings.Contains(headers["baggage"], "session.id=s%201") && strings.Contains(headers["baggage"], "perso.channel=app")
			if carried != test.want || (!test.want && len(headers) > 0) {
				t.Errorf("headers are %v", headers)
			}
		})
	}
}

func TestMissingAttributeShowsInAllSignals(t *testing.T) {
	o := observe(t, func(_ string, cfg *Config) { cfg.Debug, cfg.ItemLabels = true, true })
	o.journey()
	o.must("PUT", "etl", "/control/drop-attribute?lease=1m", map[string]any{"attribute": "age", "share": 1}, nil)
	o.must("POST", "etl", "/control/deliver", struct{}{}, nil)
	eventually.True(t, "default content for all", func() bool { return o.defaults()[reasonMissing] == testUsers })
	eventually.True(t, "drift of age, which takes driftLeast decisions", func() bool {
		o.defaults()
		return slices.ContainsFunc(o.points("decision"), func(p string) bool { return strings.HasPrefix(p, "perso.feature.psi{perso.feature=age}") })
	})

	var records []sdklog.Record
	eventually.True(t, "log records with the reason", func() bool {
		records = o.logs.with("perso.reason", reasonMissing)
		return len(records) > 0
	})
	r := records[0]
	if recordAttr(r, "perso.attribute") != "age" || recordAttr(r, "session.id") == "" || len(recordAttr(r, pseudonymKey)) != 16 || !r.TraceID().IsValid() {
		t.Errorf("the record lacks attribute, session, pseudonym or trace: %v", r)
	}
	if len(o.logs.with("feature_flag.key", flag)) == 0 {
		t.Error("no feature_flag.evaluation at debug level")
	}
	eventually.True(t, "a span with the missing attribute", func() bool {
		return slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return attr(s.Attributes, "perso.missing") == `["age"]` && attr(s.Attributes, "perso.reason") == reasonMissing
		})
	})
	for service, names := range map[string][]string{
		"decision": {
			"perso.decisions{perso.channel=web,perso.reason=attribute-missing,perso.variant=a}", "perso.decisions{perso.channel=web,perso.reason=none,perso.variant=",
			"perso.feature.missing{perso.feature=age}", "perso.feature.psi{perso.feature=age}", "perso.item.impressions{perso.item=i", "http.client.request.duration{",
		},
		"model":   {"perso.model.confidence{}", "perso.model.info{perso.model.version=lr-", "http.server.request.duration{"},
		"gateway": {"messaging.client.sent.messages{messaging.destination.name=arm.events", "http.server.request.duration{", "go.goroutine.count"},
		"ingest": {
			"perso.impressions{perso.channel=app,perso.content=personalized,perso.variant=", "perso.clicks{perso.channel=app", "perso.purchases{", "perso.dwell{",
			"perso.event.age{messaging.destination.name=arm.events}", "perso.event.age{messaging.destination.name=arm.profile-updates}",
			"perso.profile.updates{perso.result=applied}", "messaging.client.consumed.messages{", "messaging.process.duration{",
		},
		"etl": {"messaging.client.sent.messages{messaging.destination.name=arm.profile-updates"},
	} {
		points := o.points(service)
		for _, name := range names {
			if !slices.ContainsFunc(points, func(p string) bool { return strings.HasPrefix(p, name) }) {
				t.Errorf("%s has no data point %s…: %v", service, name, points)
			}
		}
	}
	o.expectPrivacy()
}

// sensitiveText matches user ids of the population and its e-mail addresses.
var sensitiveText = regexp.MustCompile(`\bu\d+\b|@example\.com`)

// expectPrivacy searches everything that was exported.
func (o *observed) expectPrivacy() {
	o.t.Helper()
	check := func(where, text string) {
		if found := sensitiveText.FindString(text); found != "" {
			o.t.Errorf("%s shows %q: %s", where, found, text)
		}
	}
	for _, s := range o.spans.GetSpans() {
		text := fmt.Sprint(s.Name, s.Attributes, s.Status.Description)
		for _, e := range s.Events {
			text += fmt.Sprint(e.Name, e.Attributes)
		}
		check("span "+s.Name, text)
	}
	o.logs.mu.Lock()
	defer o.logs.mu.Unlock()
	for _, r := range o.logs.records {
		text := r.Body().String()
		r.WalkAttributes(func(kv attribute.KeyValue) bool {
			text += fmt.Sprintf(" %s=%s", kv.Key, kv.Value.String())
			return true
		})
		check("log record", text)
	}
	for service := range o.readers {
		for _, p := range o.points(service) {
			check("metric of "+service, p)
		}
	}
}

func TestExportersNone(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	d := deploy(t, func(_ string, cfg *Config) { cfg.Level = Level{} })
	d.journey()
}

func TestOffHasNoInstrumentation(t *testing.T) {
	tel, err := setup(t.Context(), "gateway", Config{Level: Level{Off: true, Traces: true, Metrics: true, Logs: true}})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient("http://127.0.0.1:1", profileLimit, tel)
	if c.http.Transport != c.wire {
		t.Error("outgoing requests are instrumented")
	}
	if len(hooks(tel.kafka(""))) != 0 {
		t.Error("the Kafka client is instrumented")
	}
	if tel.log.Enabled(t.Context(), 12) {
		t.Error("logs are bridged")
	}
	ctx := t.Context()
	if tel.withSession(ctx, "s", "web") != ctx {
		t.Error("baggage is made")
	}
}
