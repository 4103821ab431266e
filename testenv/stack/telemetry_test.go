package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

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
	publish := o.waitSpan("gateway", "send arm.events")
	process := o.waitSpan("ingest", "process arm.events")
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
			client, err := kgo.NewClient(kgo.SeedBrokers(d.addr[role.BrokerAddr("arm")]), kgo.Dialer(role.Dialer(testBackingToken)), kgo.ConsumeTopics(role.EventsTopic("arm")))
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
	for range topLeast/testUsers + 1 { // the share of the top item takes topLeast rankings, and there are none once the attribute is gone
		o.defaults()
	}
	o.must("PUT", "etl", "/control/alter-profiles?lease=1m", map[string]any{"attribute": "age", "share": 1, "change": "drop"}, nil)
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
		"model": {"perso.model.confidence{}", "perso.model.info{perso.model.release=2,perso.model.version=lr-", "perso.model.score.spread{}", "perso.model.top_item.share{}",
			"http.server.request.duration{"},
		"gateway": {"messaging.client.sent.messages{messaging.destination.name=arm.events,messaging.destination.partition.id=", "http.server.request.duration{", "go.goroutine.count"},
		"ingest": {
			"perso.impressions{perso.channel=app,perso.content=personalized,perso.variant=", "perso.clicks{perso.channel=app", "perso.purchases{", "perso.dwell{",
			"perso.event.age{messaging.destination.name=arm.events,perso.channel=app}", "perso.event.age{messaging.destination.name=arm.profile-updates}",
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
	producer, err1 := newProducerSignals(Config{}, "t", tel)
	consumer, err2 := newConsumerSignals(Config{}, tel)
	if producer != nil || consumer != nil || err1 != nil || err2 != nil {
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
