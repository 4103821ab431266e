package stack

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestConventions holds everything that the whole stack emits, in health and in failure, to the conventions.
func TestConventions(t *testing.T) {
	c := readConventions(t)
	o := observe(t, func(_ string, cfg *Config) {
		cfg.Debug, cfg.ItemLabels, cfg.Version, cfg.Run, cfg.Launch = true, true, "v1.2.3", "a run", 3
	})
	o.journey()
	o.must("PUT", "etl", "/control/alter-profiles?lease=1m", map[string]any{"attribute": "age", "share": 1, "change": "drop"}, nil)
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
	eventually.True(t, "a log record with the type and the text of the error", func() bool {
		records := o.logs.with("error.type", "*json.SyntaxError")
		return len(records) > 0 && recordAttr(records[0], "exception.message") != ""
	})
	o.agree(role.Services()...)

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
	client, err := kgo.NewClient(kgo.SeedBrokers(o.addr[role.BrokerAddr("arm")]), kgo.Dialer(role.Dialer(testBackingToken)))
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
	first, second := instance(role.Gateway, config("", 0, "off")), instance(role.Gateway, config("", 0, "off"))
	if first == second {
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
