package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/internal/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestConventions holds everything that the whole stack emits, in health and in failure, to the conventions.
func TestConventions(t *testing.T) {
	c := readConventions(t)
	o := observe(t, func(_ string, cfg *Config) {
		cfg.Debug, cfg.ItemLabels, cfg.Version, cfg.Run, cfg.Launch = true, true, "v1.2.3", "a run", 3
	})
	o.journey()
	o.must("PUT", "etl", "/control/drop-attribute?lease=1m", map[string]any{"attribute": "age", "share": 1}, nil)
	o.must("POST", "etl", "/control/deliver", struct{}{}, nil)
	o.spoil()
	o.waitSpan("ingest", "process arm.events")
	if status, _ := o.call("GET", "profile", "/v1/content", nil, nil); status != http.StatusBadRequest {
		t.Fatalf("content without ids answers %d", status)
	}
	eventually.True(t, "a rejected record", func() bool {
		return slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return s.Name == "process arm.events" && attr(s.Attributes, "error.type") == "*json.SyntaxError"
		})
	})
	o.agree("gateway", "decision", "model", "profile", "ingest", "etl")

	for _, s := range o.spans.GetSpans() {
		for _, kv := range slices.Concat(s.Attributes, s.Resource.Attributes()) {
			if why := c.unknown(string(kv.Key)); why != "" {
				t.Errorf("span %s: %s", s.Name, why)
			}
		}
		for _, e := range s.Events {
			for _, kv := range e.Attributes {
				if why := c.unknown(string(kv.Key)); why != "" {
					t.Errorf("event %s of span %s: %s", e.Name, s.Name, why)
				}
			}
		}
		expectScope(t, "span "+s.Name, s.InstrumentationScope)
		expectResource(t, s.Resource)
		o.expectMessaging(s)
	}
	for _, service := range role.Services() {
		for _, p := range o.measured(service) {
			if why := c.unknownMetric(p); why != "" {
				t.Errorf("metric of %s: %s", service, why)
			}
			expectScope(t, "metric "+p.name, p.scope)
			expectResource(t, p.resource)
		}
	}
	o.logs.mu.Lock()
	defer o.logs.mu.Unlock()
	for _, r := range o.logs.records {
		r.WalkAttributes(func(kv attribute.KeyValue) bool {
			if why := c.unknown(string(kv.Key)); why != "" {
				t.Errorf("log record %q: %s", r.Body().String(), why)
			}
			return true
		})
		expectScope(t, "log record", r.InstrumentationScope())
		expectResource(t, r.Resource())
	}
	o.expectOneInstance()
}

// spoil sends an event that ingest cannot read.
func (o *observed) spoil() {
	o.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(o.addr[role.BrokerAddr("arm")]))
	if err != nil {
		o.t.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{Topic: role.EventsTopic("arm"), Value: []byte("{spoilt")}
	if err := client.ProduceSync(o.t.Context(), record).FirstErr(); err != nil {
		o.t.Fatal(err)
	}
}

// expectMessaging checks what the conventions ask of a messaging span besides the names of attributes.
func (o *observed) expectMessaging(s tracetest.SpanStub) {
	operation := attr(s.Attributes, "messaging.operation.name")
	if operation == "" {
		return
	}
	kinds := map[string]trace.SpanKind{opSend: trace.SpanKindProducer, opPoll: trace.SpanKindClient, opProcess: trace.SpanKindConsumer}
	types := map[string]string{opSend: "send", opPoll: "receive", opProcess: "process"}
	name := strings.TrimSpace(operation + " " + attr(s.Attributes, "messaging.destination.name"))
	if s.Name != name || s.SpanKind != kinds[operation] || attr(s.Attributes, "messaging.operation.type") != types[operation] {
		o.t.Errorf("span %q is a %v of type %q, want %q, %v, %q", s.Name, s.SpanKind, attr(s.Attributes, "messaging.operation.type"),
			name, kinds[operation], types[operation])
	}
	want := []string{"messaging.system", "server.address", "server.port"}
	if operation != opSend {
		want = append(want, "messaging.consumer.group.name", "messaging.client.id")
	}
	if operation != opPoll {
		want = append(want, "messaging.destination.partition.id", "messaging.kafka.offset")
	}
	for _, key := range want {
		if attr(s.Attributes, key) == "" {
			o.t.Errorf("span %q lacks %s", s.Name, key)
		}
	}
	if operation == opProcess && s.Parent.IsValid() && (len(s.Links) != 1 || s.Links[0].SpanContext.SpanID() != s.Parent.SpanID()) {
		o.t.Errorf("span %q is not linked to the context in which its record was made", s.Name)
	}
}

func expectScope(t *testing.T, what string, s instrumentation.Scope) {
	t.Helper()
	if s.Version == "" || s.SchemaURL != semconv.SchemaURL || (s.Name == scope && s.Version != "v1.2.3") {
		t.Errorf("%s has scope %s, version %q, schema %q", what, s.Name, s.Version, s.SchemaURL)
	}
}

func expectResource(t *testing.T, r *resource.Resource) {
	t.Helper()
	for key, want := range map[string]string{
		"service.namespace": "perso", "service.version": "v1.2.3", "deployment.environment.name": "test", "tollgate.run.id": "a run",
		"telemetry.sdk.language": "go",
	} {
		if got := attr(r.Attributes(), key); got != want {
			t.Errorf("resource of %s has %s %q, want %q", attr(r.Attributes(), "service.name"), key, got, want)
		}
	}
	if r.SchemaURL() != semconv.SchemaURL {
		t.Errorf("resource has schema %q", r.SchemaURL())
	}
}

// expectOneInstance checks that all signals of a service name the same instance, and every service another one.
func (o *observed) expectOneInstance() {
	o.t.Helper()
	instances := map[string]map[string]bool{}
	add := func(r *resource.Resource) {
		service := attr(r.Attributes(), "service.name")
		if instances[service] == nil {
			instances[service] = map[string]bool{}
		}
		instances[service][attr(r.Attributes(), "service.instance.id")] = true
	}
	for _, s := range o.spans.GetSpans() {
		add(s.Resource)
	}
	for service := range o.readers {
		for _, p := range o.measured(service) {
			add(p.resource)
		}
	}
	for _, r := range o.logs.records {
		add(r.Resource())
	}
	seen := map[string]string{}
	for service, ids := range instances {
		for id := range ids {
			if _, err := uuid.Parse(id); err != nil || len(ids) != 1 || seen[id] != "" {
				o.t.Errorf("%s is instance %v, and %s of %s", service, ids, id, seen[id])
			}
			seen[id] = service
		}
	}
}

// TestInstance: an instance differs between runs, launches, arms and services, and is the same after a restart.
func TestInstance(t *testing.T) {
	config := func(run string, launch int, arm string) Config {
		return Config{Config: role.Config{Run: run, Launch: launch, Arm: arm}}
	}
	seen := map[string]bool{}
	for _, cfg := range []Config{config("r1", 0, "off"), config("r2", 0, "off"), config("r1", 1, "off"), config("r1", 0, "full")} {
		for _, service := range []string{role.Gateway, role.Ingest} {
			id := instance(service, cfg)
			if seen[id] || id != instance(service, cfg) {
				t.Errorf("%s of %+v is instance %s, as another", service, cfg, id)
			}
			seen[id] = true
		}
	}
	if none := config("", 0, "off"); instance(role.Gateway, none) == instance(role.Gateway, none) {
		t.Error("without a run, two processes are one instance")
	}
}

// TestUsersResourceWins: what the user sets is not overwritten.
func TestUsersResourceWins(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=shop,service.version=9,service.instance.id=mine,deployment.environment.name=staging,tollgate.run.id=x,service.name=no")
	t.Setenv("OTEL_SERVICE_NAME", "named")
	r, err := describe(t.Context(), role.Gateway, Config{Config: role.Config{Run: "r"}})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"team": "shop", "service.version": "9", "service.instance.id": "mine", "deployment.environment.name": "staging",
		"tollgate.run.id": "x", "service.name": "named", "service.namespace": "perso",
	} {
		if got := attr(r.Attributes(), key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// durations are the metrics of operations that have a span, too, with the kinds of these spans and an attribute by which they are
// known. Otelhttp puts the attributes of also into the metrics only.
var durations = []struct {
	metric string
	kinds  []trace.SpanKind
	key    string
	also   []string
}{
	{"http.server.request.duration", []trace.SpanKind{trace.SpanKindServer}, "http.request.method", []string{"network.protocol.name"}},
	{"http.client.request.duration", []trace.SpanKind{trace.SpanKindClient}, "http.request.method", []string{"network.protocol.name", "url.scheme"}},
	{"messaging.client.operation.duration", []trace.SpanKind{trace.SpanKindProducer, trace.SpanKindClient}, "messaging.system", nil},
	{"messaging.process.duration", []trace.SpanKind{trace.SpanKindConsumer}, "messaging.system", nil},
	{"db.client.operation.duration", []trace.SpanKind{trace.SpanKindClient}, "db.system.name", nil},
}

// agree waits until each of these metrics of the services has counted as many operations as there are spans with exactly its
// attributes.
func (c *captured) agree(services ...string) {
	c.t.Helper()
	var why string
	ok := false
	for range 200 {
		if why = c.disagreement(services); why == "" {
			ok = true
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if !ok {
		c.t.Errorf("spans and metrics disagree: %s", why)
	}
}

func (c *captured) disagreement(services []string) string {
	for _, service := range services {
		points := c.measured(service)
		spans := c.spans.GetSpans()
		for _, d := range durations {
			counted := map[string]uint64{}
			var keys []attribute.Key
			for _, p := range points {
				if p.name == d.metric {
					counted[projected(p.attrs.ToSlice(), nil, d.also)] += p.count
					for _, kv := range p.attrs.ToSlice() {
						keys = append(keys, kv.Key)
					}
				}
			}
			made := map[string]uint64{}
			for _, s := range spans {
				if attr(s.Resource.Attributes(), "service.name") == service && slices.Contains(d.kinds, s.SpanKind) && attr(s.Attributes, d.key) != "" {
					made[projected(s.Attributes, keys, d.also)]++
				}
			}
			for attrs, n := range counted {
				if made[attrs] != n {
					return fmt.Sprintf("%s of %s counts %d of {%s}, spans are %v", d.metric, service, n, attrs, made)
				}
				delete(made, attrs)
			}
			if len(made) > 0 {
				return fmt.Sprintf("%s of %s counts none of %v", d.metric, service, made)
			}
		}
	}
	return ""
}

// projected returns attributes as text, in order: those with one of the keys (nil: all) but for those that are left out.
func projected(attrs []attribute.KeyValue, keys []attribute.Key, without []string) string {
	var out []string
	for _, kv := range attrs {
		if (keys == nil || slices.Contains(keys, kv.Key)) && !slices.Contains(without, string(kv.Key)) {
			out = append(out, string(kv.Key)+"="+kv.Value.String())
		}
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// expectFailure waits for a failed span of that name and error.type, and checks that the metric has it, too.
func (c *captured) expectFailure(service, name, metric, kind string) {
	c.t.Helper()
	eventually.True(c.t, fmt.Sprintf("span %q of %s with error.type %q", name, service, kind), func() bool {
		return slices.ContainsFunc(c.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return s.Name == name && attr(s.Attributes, "error.type") == kind && s.Status.Code == codes.Error
		})
	})
	if !slices.ContainsFunc(c.measured(service), func(p point) bool { return p.name == metric && attr(p.attrs.ToSlice(), "error.type") == kind }) {
		c.t.Errorf("%s of %s has no error.type %s: %v", metric, service, kind, c.points(service))
	}
}

func TestHTTPFailuresCarryTheirType(t *testing.T) {
	c := capture(t)
	tel := c.telemetry("gateway", Config{})
	own := errors.New("own")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/broken":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		case "/v1/slow":
			<-r.Context().Done()
		default:
			fail(w, http.StatusNotFound, own)
		}
	}))
	defer server.Close()
	here := newClient(server.URL, 200*time.Millisecond, tel)
	gone := newClient("http://127.0.0.1:1", time.Second, tel)
	for _, err := range []error{
		here.get(t.Context(), "/v1/absent", "user=u1", nil), here.get(t.Context(), "/v1/broken", "user=u1", nil),
		here.get(t.Context(), "/v1/slow", "user=u1", nil), gone.get(t.Context(), "/v1/gone", "user=u1", nil),
	} {
		if err == nil {
			t.Fatal("a request did not fail")
		}
		if slow := errors.Is(err, context.DeadlineExceeded); slow != strings.Contains(err.Error(), "/v1/slow") {
			t.Errorf("time-out is %t: %v", slow, err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/fails", tel.handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusBadGateway, own) })))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/fails", http.NoBody))

	const connection = scope + ".connectionError"
	for name, kind := range map[string]string{
		"GET /v1/absent": "404", "GET /v1/broken": connection, "GET /v1/slow": "context.deadlineExceededError", "GET /v1/gone": connection,
	} {
		c.expectFailure("gateway", name, "http.client.request.duration", kind)
	}
	c.expectFailure("gateway", "GET /v1/fails", "http.server.request.duration", "502")
	c.agree("gateway")
}

func TestStoreFailuresCarryTheirType(t *testing.T) {
	c := capture(t)
	redis := miniredis.RunT(t)
	cfg := Config{Config: role.Config{Arm: "arm", RedisAddr: redis.Addr()}}
	store, err := newStore(cfg, c.telemetry("profile", cfg))
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	if _, err := store.profile(t.Context(), "s1", ""); err != nil { // GET of a key that does not exist
		t.Fatal(err)
	}
	if _, err := store.profile(t.Context(), "", "u1"); err != nil { // a pipeline of two commands
		t.Fatal(err)
	}
	batch := store.batch()
	batch.seen(t.Context(), "u1", 1, -1) // a pipeline of one command
	if err := batch.write(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.agree("profile")
	at := " " + redis.Addr()
	for _, name := range []string{"get" + at, "PIPELINE" + at, "hset" + at} {
		s := c.waitSpan("profile", name)
		size := attr(s.Attributes, "db.operation.batch.size")
		if s.Status.Code == codes.Error || attr(s.Attributes, "error.type") != "" || (size == "2") != (name == "PIPELINE"+at) || size == "1" ||
			attr(s.Attributes, "db.namespace") != "0" || attr(s.Attributes, "db.operation.name")+at != name {
			t.Errorf("span %q is %v, %v", name, s.Attributes, s.Status)
		}
	}
	redis.SetError("LOADING the data set")
	if _, err := store.users(t.Context()); err == nil {
		t.Fatal("no error")
	}
	c.expectFailure("profile", "scard"+at, "db.client.operation.duration", "LOADING")
	if s := c.waitSpan("profile", "scard"+at); attr(s.Attributes, "db.response.status_code") != "LOADING" {
		t.Errorf("span %v lacks the status code", s.Attributes)
	}
	redis.Close()
	if err := store.link(t.Context(), "s", "u"); err == nil {
		t.Fatal("no error")
	}
	c.expectFailure("profile", "set"+at, "db.client.operation.duration", "*net.OpError")
	c.agree("profile")
	if all := fmt.Sprint(c.spans.GetSpans()); strings.Contains(all, "u1") {
		t.Error("a key is shown")
	}
}

func TestBrokerFailuresCarryTheirType(t *testing.T) {
	c := capture(t)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "arm.events"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	cfg := Config{Config: role.Config{Arm: "arm", Brokers: broker.ListenAddrs()}}
	tel := c.telemetry("gateway", cfg)
	send := func(topic string) error {
		p, err := newProducer(cfg, topic, tel)
		if err != nil {
			t.Fatal(err)
		}
		defer p.client.Close()
		done := make(chan error, 1)
		p.send(t.Context(), "key", []byte("{}"), func(err error) { done <- err })
		return <-done
	}
	if err := send("arm.events"); err != nil {
		t.Fatal(err)
	}
	if err := send("no.such.topic"); err == nil {
		t.Fatal("no error")
	}
	c.expectFailure("gateway", "send no.such.topic", "messaging.client.operation.duration", "UNKNOWN_TOPIC_OR_PARTITION")
	c.expectFailure("gateway", "send no.such.topic", "messaging.client.sent.messages", "UNKNOWN_TOPIC_OR_PARTITION")
	c.agree("gateway")

	consumer, err := newConsumerSignals(cfg, tel)
	if err != nil {
		t.Fatal(err)
	}
	ctx := consumer.polled(t.Context(), time.Now(), kgo.NewErrFetch(&net.DNSError{IsTimeout: true}))
	c.expectFailure("gateway", "poll", "messaging.client.operation.duration", "timeout")
	r := &kgo.Record{Topic: "arm.events", Context: t.Context()}
	_, processing := consumer.begin(ctx, []*kgo.Record{r})
	processing.end(io.ErrUnexpectedEOF)
	c.expectFailure("gateway", "process arm.events", "messaging.process.duration", "_OTHER")
	c.agree("gateway")
}
