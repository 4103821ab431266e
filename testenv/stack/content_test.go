package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestACallIsRepeated: a call that broke is made again, no more than twice, and says so; an answer that stays as it is is not
// asked for again.
func TestACallIsRepeated(t *testing.T) {
	broken := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	answer := func(status int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { reply(w, status, struct{}{}) }
	}
	for _, test := range []struct {
		name    string
		answers []func(http.ResponseWriter) // the last one again and again
		calls   int64
		ok      bool
	}{
		{"well", []func(http.ResponseWriter){answer(200)}, 1, true},
		{"once broken", []func(http.ResponseWriter){broken, answer(200)}, 2, true},
		{"twice unavailable", []func(http.ResponseWriter){answer(503), answer(503), answer(200)}, 3, true},
		{"always broken", []func(http.ResponseWriter){broken}, 3, false},
		{"refused", []func(http.ResponseWriter){answer(400)}, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Connection", "close") // so that the HTTP client does not repeat the call by itself
				test.answers[min(int(calls.Add(1)), len(test.answers))-1](w)
			}))
			defer server.Close()
			seen := capture(t)
			c := newClient(server.URL, time.Minute, seen.telemetry("decision", Config{}))
			defer c.close()
			err := c.getPatiently(t.Context(), "/v1/content", "ids=i1", &struct{}{})
			if (err == nil) != test.ok || calls.Load() != test.calls {
				t.Errorf("%d calls and %v, want %d calls", calls.Load(), err, test.calls)
			}
			eventually.True(t, "a span for every call", func() bool { return len(seen.spans.GetSpans()) == int(test.calls) })
			for i, span := range seen.spans.GetSpans() {
				if got, want := attr(span.Attributes, "http.request.resend_count"), strconv.Itoa(i); got != want && (i > 0 || got != "") {
					t.Errorf("call %d has resend count %q", i, got)
				}
			}
		})
	}
}

// TestALateCallIsNotRepeated: whoever has waited to the end does not wait again.
func TestALateCallIsNotRepeated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	seen := capture(t)
	c := newClient(server.URL, 50*time.Millisecond, seen.telemetry("decision", Config{}))
	defer c.close()
	err := c.getPatiently(t.Context(), "/v1/content", "ids=i1", nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	calls := uint64(0) // as the caller counts them: the server may not see one that ends at once
	for _, p := range seen.measured("decision") {
		if p.name == "http.client.request.duration" {
			calls += p.count
		}
	}
	if calls != 1 {
		t.Errorf("%d calls and %v", calls, err)
	}
}

// TestContentInPages: an operator's smaller page makes the decision ask more often, and changes nothing that is shown; the end of
// the lease ends it.
func TestContentInPages(t *testing.T) {
	o := observe(t, nil)
	o.journey()
	before := o.recommend("pages", "u1")
	pages := func() int {
		return len(slices.DeleteFunc(slices.Clone(o.spans.GetSpans()), func(s tracetest.SpanStub) bool { return attr(s.Attributes, "perso.content.page") != "4" }))
	}
	if len(before.Items) < 4 || pages() > 0 {
		t.Fatalf("%d items, and %d fourth pages before", len(before.Items), pages())
	}
	client := role.NewClient(testToken)
	defer client.Close()
	ctx, base := t.Context(), o.urls["profile"]
	items := func() (n, partial int) {
		var p struct{ Items, Partial int }
		if err := client.Ask(ctx, base, lever.PageSize, struct{}{}, &p); err != nil {
			t.Fatal(err)
		}
		return p.Items, p.Partial
	}
	pull := func(lease time.Duration) {
		if err := client.Pull(ctx, base, lever.PageSize, map[string]int{"items": 1}, lease); err != nil {
			t.Fatal(err)
		}
	}
	pull(time.Minute)
	after := o.recommend("pages", "u1")
	if !slices.Equal(before.Items, after.Items) {
		t.Errorf("shown: %v, before %v", after.Items, before.Items)
	}
	if n, partial := items(); n != 1 || partial != len(before.Items)-1 {
		t.Errorf("pages of %d, %d of them not the last", n, partial)
	}
	eventually.True(t, "a fourth page", func() bool { return pages() == 1 })
	pull(20 * time.Millisecond)
	eventually.True(t, "the end of the lease", func() bool { n, _ := items(); return n == slotsMost })
	if err := client.Pull(ctx, base, lever.PageSize, map[string]int{"items": 0}, time.Second); err == nil {
		t.Error("a page without items")
	}
}

// TestContentCache: content comes from the cache until it is too old, unless the caller wants it fresh; the cache is bounded.
func TestContentCache(t *testing.T) {
	seen := capture(t)
	c, err := newContentCache(seen.telemetry("profile", Config{}), contentLife)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.now = func() time.Time { return now }
	found := func(bypassed bool, ids ...string) string {
		has, others := c.find(context.Background(), ids, bypassed)
		return fmt.Sprint(len(has), others)
	}
	c.keep([]content{{ID: "i1"}, {ID: "i2"}})
	for _, test := range []struct{ got, want string }{
		{found(false, "i1", "i3", "i2"), "2 [i3]"},
		{found(true, "i1", "i3"), "0 [i1 i3]"},
	} {
		if test.got != test.want {
			t.Errorf("found %s, want %s", test.got, test.want)
		}
	}
	now = now.Add(contentLife)
	if got := found(false, "i1"); got != "0 [i1]" {
		t.Errorf("too old: found %s", got)
	}
	for i := range contentMost + 100 {
		c.keep([]content{{ID: fmt.Sprint(i)}})
	}
	if len(c.items) != contentMost {
		t.Errorf("%d items in the cache", len(c.items))
	}
	if points := strings.Join(seen.points("profile"), "\n"); !strings.Contains(points, "perso.cache.lookups") || !strings.Contains(points, "perso.cache.result=hit") {
		t.Errorf("measured:\n%s", points)
	}
}

// TestNoCache: Cache-Control: no-cache reads past the cache and is in the span.
func TestNoCache(t *testing.T) {
	o := observe(t, nil)
	ask := func(control string) contentAnswer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.urls["profile"]+"/v1/content?ids=i2,nothing,i1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if control != "" {
			r.Header.Set("Cache-Control", control)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var got contentAnswer
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	reads := func() (n int) {
		for _, s := range o.spans.GetSpans() {
			if strings.HasPrefix(s.Name, "hmget ") {
				n++
			}
		}
		return n
	}
	for _, control := range []string{"", "max-age=5", "max-age=0, No-Cache"} {
		got := ask(control)
		if len(got.Items) != 2 || got.Items[0].ID != "i2" || got.Items[1].ID != "i1" || !slices.Equal(got.Missing, []string{"nothing"}) {
			t.Errorf("%q: got %+v", control, got)
		}
	}
	ask("no-cache")
	eventually.True(t, "spans of the store", func() bool { return reads() == 4 }) // what is missing is asked for every time
	eventually.True(t, "the header in the span", func() bool {
		return slices.ContainsFunc(o.spans.GetSpans(), func(s tracetest.SpanStub) bool {
			return attr(s.Attributes, "http.request.header.cache-control") == `["no-cache"]`
		})
	})
}
