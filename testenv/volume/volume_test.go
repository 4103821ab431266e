package volume

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// spans is an export of n spans of a name, as an SDK would send it.
func spans(t testing.TB, service, name string, n int) Export {
	t.Helper()
	all := ptrace.NewTraces()
	r := all.ResourceSpans().AppendEmpty()
	r.Resource().Attributes().PutStr("service.name", service)
	scope := r.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("scope")
	for i := range n {
		s := scope.Spans().AppendEmpty()
		s.SetName(name)
		s.SetTraceID([16]byte{byte(i), 1})
		s.Attributes().PutStr("a", strings.Repeat("x", 40*i)) // lengths that take one byte and two
	}
	return exported(t, result.InSpans, ptraceotlp.NewExportRequestFromTraces(all))
}

func logs(t testing.TB, texts ...string) Export {
	t.Helper()
	all := plog.NewLogs()
	scope := all.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, text := range texts {
		scope.LogRecords().AppendEmpty().Body().SetStr(text)
	}
	named := scope.LogRecords().AppendEmpty()
	named.SetEventName("order.placed")
	named.Body().SetStr("ignored")
	scope.LogRecords().AppendEmpty().Body().SetEmptyMap()
	return exported(t, result.InLogs, plogotlp.NewExportRequestFromLogs(all))
}

// metrics is an export of a counter with 3 users on 2 channels, and of a histogram with 4 bounds.
func metrics(t testing.TB) Export {
	t.Helper()
	all := pmetric.NewMetrics()
	scope := all.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	counter := scope.Metrics().AppendEmpty()
	counter.SetName("counter")
	counter.SetEmptySum()
	for i := range 6 {
		d := counter.Sum().DataPoints().AppendEmpty()
		d.Attributes().PutInt("user", int64(i%3))
		d.Attributes().PutInt("channel", int64(i%2))
		d.SetIntValue(1)
	}
	histogram := scope.Metrics().AppendEmpty()
	histogram.SetName("histogram")
	d := histogram.SetEmptyHistogram().DataPoints().AppendEmpty()
	d.ExplicitBounds().FromRaw([]float64{1, 2, 3, 4})
	d.BucketCounts().FromRaw([]uint64{1, 1, 1, 1, 1})
	return exported(t, result.InMetrics, pmetricotlp.NewExportRequestFromMetrics(all))
}

func exported(t testing.TB, signal string, request interface{ MarshalProto() ([]byte, error) }) Export {
	t.Helper()
	body, err := request.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return Export{Signal: signal, Body: body}
}

// TestPartsAddUp: the parts of an export are all of its bytes, to the last one.
func TestPartsAddUp(t *testing.T) {
	all := []Export{spans(t, "shop", "GET /", 9), spans(t, "till", "pay", 1), spans(t, "", "", 2), spans(t, "shop", "none", 0), logs(t, "hello"), metrics(t), metrics(t)}
	tally, sent := NewTally("full"), int64(0)
	for i, e := range all {
		if !tally.Add(e) {
			t.Errorf("export %d cannot be taken apart", i)
		}
		if sent += int64(len(e.Body)); sum(tally.Volume()) != sent {
			t.Errorf("after export %d: parts of %d bytes, and %d were sent", i, sum(tally.Volume()), sent)
		}
	}
}

func sum(v result.Volume) (bytes int64) {
	for _, p := range v.Parts {
		bytes += p.Bytes
	}
	return bytes
}

// named finds a part by its name.
func named(v result.Volume, name string) result.VolumePart {
	for _, p := range v.Parts {
		if p.Name == name {
			return p
		}
	}
	return result.VolumePart{}
}

func TestWhatThePartsAre(t *testing.T) {
	tally := NewTally("full")
	for _, e := range []Export{
		spans(t, "shop", "GET /", 3), spans(t, "shop", "GET /", 2), metrics(t), metrics(t),
		spans(t, "shop", "send full.events", 1), spans(t, "shop", "get 127.0.0.1:4711", 2), spans(t, "shop", "get [::1]:4711", 1),
		logs(t, "user 17 has no age", "user 18 has no age", "user x has no age"),
	} {
		tally.Add(e)
	}
	v := tally.Volume()
	if p := named(v, "GET /"); p.Count != 5 || p.Service != "shop" || p.Signal != result.InSpans {
		t.Errorf("%+v", p)
	}
	for name, count := range map[string]int64{"user * has no age": 2, "user x has no age": 1, "order.placed": 1, "(map)": 1} {
		if p := named(v, name); p.Count != count || p.Signal != result.InLogs {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for name, count := range map[string]int64{"send events": 1, "get *": 3} { // alike in every arm
		if p := named(v, name); p.Count != count || p.Signal != result.InSpans {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := named(v, "counter"); p.Count != 12 || p.Series != 6 || p.Label != "user" || p.Values != 3 {
		t.Errorf("%+v", p)
	}
	if p := named(v, "histogram"); p.Count != 2 || p.Series != 4+1+2 || p.Label != "" {
		t.Errorf("%+v", p)
	}
}

// TestNamesWithoutEnd: a stranger's names are bounded, and their bytes are those of others.
func TestNamesWithoutEnd(t *testing.T) {
	tally, sent := NewTally("full"), int64(0)
	for i := range 3 * mostNames {
		e := spans(t, fmt.Sprint("service ", i), strings.Repeat("ä", 500)+fmt.Sprint(i)+"\xff", 1)
		tally.Add(e)
		sent += int64(len(e.Body))
	}
	v := tally.Volume()
	if len(tally.parts) > mostNames+2 || len(v.Parts) > mostShown+2 || sum(v) != sent {
		t.Errorf("%d parts, %d shown, %d bytes of %d", len(tally.parts), len(v.Parts), sum(v), sent)
	}
	for _, p := range v.Parts {
		if len(p.Name) > mostText+len("…") || strings.ContainsRune(p.Name, '\uFFFD') {
			t.Errorf("a name of %d bytes: %q", len(p.Name), p.Name)
		}
	}
	if v.Parts[len(v.Parts)-1].Rest != result.RestOthers {
		t.Errorf("the last part is %+v", v.Parts[len(v.Parts)-1])
	}
}

// TestTap: what is sent while it keeps comes out as it went in, and the server gets all of it.
func TestTap(t *testing.T) {
	tap, got := new(Tap), []string{}
	server := httptest.NewServer(tap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, string(body))
	})))
	defer server.Close()
	send := func(path, kind, body string) {
		t.Helper()
		resp, err := http.Post(server.URL+path, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	const protobuf = "application/x-protobuf"
	send("/v1/traces", protobuf, "before")
	for range 2 { // a second slot begins anew
		if err := tap.Begin(func() {}); err != nil {
			t.Fatal(err)
		}
		send("/v1/traces", protobuf, "one")
		send("/v1/logs", protobuf, "")
		send("/v1/metrics", protobuf, "three")
		send("/v1/traces", "application/json", "{}")
		send("/v1/profiles", protobuf, "other")
		send("/v1/traces", protobuf, strings.Repeat("x", Most)) // does not fit
		tap.Hold(func() {})
		send("/v1/traces", protobuf, "held")
		var out bytes.Buffer
		if err := tap.Take(&out); err != nil {
			t.Fatal(err)
		}
		send("/v1/traces", protobuf, "after")
		all, err := Parse(out.Bytes())
		if want := "[{spans false one} {logs false } {metrics false three}]"; err != nil || texts(all) != want {
			t.Errorf("%v %s, want %s", err, texts(all), want)
		}
	}
	if len(got) != 17 {
		t.Errorf("the server got %d requests", len(got))
	}
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	send("/v1/traces", protobuf, "closed")
}

func texts(all []Export) string {
	var out []string
	for _, e := range all {
		out = append(out, fmt.Sprintf("{%s %v %s}", e.Signal, e.Compressed, e.Body))
	}
	return "[" + strings.Join(out, " ") + "]"
}
