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
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

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
	var kinds []string
	for _, err := range []error{
		here.get(t.Context(), "/v1/absent", "user=u1", nil), here.get(t.Context(), "/v1/broken", "user=u1", nil),
		here.get(t.Context(), "/v1/slow", "user=u1", nil), gone.get(t.Context(), "/v1/gone", "user=u1", nil),
	} {
		if err == nil {
			t.Fatal("a request did not fail")
		}
		slow := strings.Contains(err.Error(), "/v1/slow")
		if errors.Is(err, context.DeadlineExceeded) != slow {
			t.Errorf("time-out is %t: %v", !slow, err)
		}
		kinds = append(kinds, errorType(err).Value.AsString()) // as log records have it
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
	if want := []string{"404", connection, "context.deadlineExceededError", connection}; !slices.Equal(kinds, want) {
		t.Errorf("log records have %v, want %v", kinds, want)
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
	records := []*kgo.Record{{Topic: "arm.profile-updates", Context: t.Context()}, {Topic: "arm.events", Context: t.Context()}}
	_, batch := consumer.begin(ctx, time.Now(), records)
	batch.reject(records[1], io.ErrUnexpectedEOF)
	slices.Reverse(records) // as the client may, which sorts them
	batch.end(nil)
	c.expectFailure("gateway", "process arm.events", "messaging.process.duration", "_OTHER")
	if s := c.waitSpan("gateway", "process arm.profile-updates"); s.Status.Code == codes.Error {
		t.Error("the failure of one record is in the span of another")
	}
	_, batch = consumer.begin(ctx, time.Now(), records)
	batch.end(context.DeadlineExceeded) // all of it
	c.expectFailure("gateway", "process arm.profile-updates", "messaging.process.duration", "context.deadlineExceededError")
	c.agree("gateway")
}
