package runner

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// recorded are the telemetry files of a level that was kept: OTLP JSON lines.
type recorded struct {
	t           *testing.T
	begin       time.Time
	logs, spans []byte
}

func (r *recorded) at(after time.Duration) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(r.begin.Add(after))
}

// log adds a line with one record of a trace, which lacks age.
func (r *recorded) log(after time.Duration, trace byte, sampled bool, attributes map[string]any) {
	r.t.Helper()
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "decision")
	record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(r.at(after))
	record.SetSeverityText("WARN")
	record.Body().SetStr("default content for somebody@example.com, token=abcdef")
	record.SetTraceID(pcommon.TraceID{15: trace})
	record.SetSpanID(pcommon.SpanID{0: trace, 7: 2})
	record.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(sampled))
	if err := record.Attributes().FromRaw(attributes); err != nil {
		r.t.Fatal(err)
	}
	record.Attributes().PutStr("perso.attribute", "age")
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		r.t.Fatal(err)
	}
	r.logs = append(append(r.logs, line...), '\n')
}

// span adds a line with span n of a trace, whose parent is the span before.
func (r *recorded) span(after, took time.Duration, trace byte, n int, service string) {
	r.t.Helper()
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", service)
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("POST /" + service)
	span.SetTraceID(pcommon.TraceID{15: trace})
	span.SetSpanID(pcommon.SpanID{0: trace, 6: byte(n >> 8), 7: byte(n)})
	if n > 1 {
		span.SetParentSpanID(pcommon.SpanID{0: trace, 6: byte((n - 1) >> 8), 7: byte(n - 1)})
	}
	span.SetStartTimestamp(r.at(after))
	span.SetEndTimestamp(r.at(after + took))
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Attributes().PutStr("perso.reason", "attribute-missing")
	span.Attributes().PutStr("user.email", "somebody@example.com")
	span.Attributes().PutStr("url.full", "http://shop/?q=1")
	line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		r.t.Fatal(err)
	}
	r.spans = append(append(r.spans, line...), '\n')
}

// examplesOf runs the search for evidence over what was recorded at a level: a fault that is injected after 12 s, is there after 20 s
// and ends after 30 s.
func (r *recorded) examplesOf(query *faults.Evidence) []result.Example {
	r.t.Helper()
	dir, err := result.Create(filepath.Join(r.t.TempDir(), "run"), result.Run{
		Levels: []result.Level{{Name: "full"}}, Faults: []result.Fault{{ID: "missing"}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for signal, text := range map[string][]byte{"logs": r.logs, "spans": r.spans} {
		if text == nil {
			continue // a level that does not have the signal
		}
		if err := os.WriteFile(dir.Path(result.TelemetryDir, "full."+signal+".jsonl"), text, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	c := &catch{run: &run{
		Experiment: &experiment.Experiment{Levels: []experiment.Level{{Level: result.Level{Name: "full"}}}},
		dir:        dir, faults: []faults.Fault{{ID: "missing", Evidence: query}},
	}}
	for phase, after := range map[string]time.Duration{
		result.PhaseClean: 10 * time.Second, result.PhaseInject: 12 * time.Second, result.PhaseConfirmed: 20 * time.Second, result.PhaseRevert: 30 * time.Second,
	} {
		e := result.FaultEvent{Time: r.begin.Add(after), Fault: "missing", Phase: phase}
		if phase == result.PhaseConfirmed {
			e.Arm = "full"
		}
		if err := c.record(e); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := c.evidence(c.events); err != nil {
		r.t.Fatal(err)
	}
	if err := dir.Finish(func(m *result.Run) { m.Status = result.Complete }); err != nil {
		r.t.Fatal(err)
	}
	data, err := result.Read(dir.Dir())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range data.Examples {
		if n := sizeOf(e); n > result.MostExampleBytes {
			r.t.Errorf("the example has %d bytes", n)
		}
	}
	return data.Examples
}

func newRecorded(t *testing.T) *recorded {
	return &recorded{t: t, begin: time.Now().Add(-time.Minute).Round(0).UTC()}
}

// TestExample: of the records since the injection the earliest one of a sampled trace is kept, with the whole trace, whatever line its
// spans are in. The time is that of the earliest record, also of one whose trace was not sampled.
func TestExample(t *testing.T) {
	r := newRecorded(t)
	r.log(11*time.Second, 1, true, nil) // in the clean window
	r.log(14*time.Second, 2, false, nil)
	r.log(25*time.Second, 4, true, nil)
	r.log(22*time.Second, 3, true, map[string]any{"password": "hunter2", "session.id": "s1", "perso.batch": 7, "free": "of somebody@example.com"})
	r.span(22*time.Second, 40*time.Millisecond, 3, 1, "gateway")
	r.span(25*time.Second, time.Millisecond, 4, 1, "gateway")
	r.span(22*time.Second+10*time.Millisecond, 30*time.Millisecond, 3, 2, "decision")
	r.span(22*time.Second+5*time.Millisecond, -time.Millisecond, 3, 3, "odd")            // it ends before it starts
	r.span(22*time.Second+20*time.Millisecond, 1000*time.Hour, 3, 4, "impossible")       // it is only counted
	r.spans = append(r.spans, `{"resourceSpans":[{"00000000000000000000000000000003`...) // and a line that was cut off
	all := r.examplesOf(&faults.Evidence{Signal: "logs", Match: map[string]string{"perso.attribute": "age"}})
	if len(all) != 1 {
		t.Fatalf("%d examples", len(all))
	}
	e := all[0]
	if e.Fault != "missing" || e.Arm != "full" || e.Signal != result.InLogs || !e.First.Equal(r.begin.Add(14*time.Second)) || e.Left != 1 ||
		e.TraceID != "00000000000000000000000000000003" {
		t.Errorf("example %+v", e)
	}
	if l := e.Log; !l.Time.Equal(r.begin.Add(22*time.Second)) || l.Service != "decision" || l.Severity != "WARN" || l.SpanID != "0300000000000002" ||
		l.Body != "default content for [redacted], token=[redacted]" {
		t.Errorf("log record %+v", l)
	}
	want := map[string]string{"perso.attribute": "age", "password": "[redacted]", "session.id": "[redacted]", "perso.batch": "7", "free": "of [redacted]"}
	if !maps.Equal(e.Log.Attributes, want) {
		t.Errorf("attributes %v, want %v", e.Log.Attributes, want)
	}
	var spans []string
	for _, s := range e.Trace {
		spans = append(spans, fmt.Sprintf("%s %s of %q took %v: %s %v %v", s.Service, s.ID, s.Parent, s.Took, s.Status, s.Telling, s.Attributes))
	}
	const attributes = " map[perso.reason:attribute-missing]"
	if wants := []string{
		`gateway 0300000000000001 of "" took 40ms: error false` + attributes,
		`odd 0300000000000003 of "0300000000000002" took 0s: error false` + attributes,
		`decision 0300000000000002 of "0300000000000001" took 30ms: error true` + attributes,
	}; !slices.Equal(spans, wants) {
		t.Errorf("spans\n%s\nwant\n%s", strings.Join(spans, "\n"), strings.Join(wants, "\n"))
	}
}

// TestExampleOfASpan: the trace is that of the earliest span that the query finds, which is marked.
func TestExampleOfASpan(t *testing.T) {
	r := newRecorded(t)
	r.span(21*time.Second, 10*time.Millisecond, 5, 1, "gateway")
	r.span(21*time.Second, 300*time.Millisecond, 5, 2, "model")
	r.span(15*time.Second, time.Second, 6, 1, "model")
	all := r.examplesOf(&faults.Evidence{Signal: "spans", Took: "200 ms"})
	if len(all) != 1 || all[0].Log != nil || all[0].TraceID != "00000000000000000000000000000006" || len(all[0].Trace) != 1 || !all[0].Trace[0].Telling ||
		!all[0].First.Equal(r.begin.Add(15*time.Second)) {
		t.Errorf("examples %+v", all)
	}
}

// TestNoExample: where the query finds nothing while the effect is there, there is none; a level without traces has a record alone.
func TestNoExample(t *testing.T) {
	r := newRecorded(t)
	r.log(14*time.Second, 1, true, nil) // before the effect was confirmed
	query := &faults.Evidence{Signal: "logs", Match: map[string]string{"perso.attribute": "age"}}
	if all := r.examplesOf(query); len(all) != 0 {
		t.Errorf("examples %+v", all)
	}
	r.log(24*time.Second, 2, true, nil)
	if all := r.examplesOf(query); len(all) != 1 || len(all[0].Trace) != 0 || all[0].Log == nil {
		t.Errorf("examples %+v", all)
	}
}

// TestExampleIsBounded: of a long trace what tells stays, with what it is part of; of many and long attributes those that the query
// asks for.
func TestExampleIsBounded(t *testing.T) {
	r := newRecorded(t)
	long := map[string]any{}
	for i := range 100 {
		long[fmt.Sprintf("a%02d", i)] = strings.Repeat("ö ", 5000)
	}
	r.log(22*time.Second, 3, true, long)
	for n := 1; n <= 300; n++ {
		r.span(22*time.Second+time.Duration(n)*time.Millisecond, time.Millisecond, 3, n, "gateway")
	}
	all := r.examplesOf(&faults.Evidence{Signal: "logs", Match: map[string]string{"perso.attribute": "age"}})
	if len(all) != 1 {
		t.Fatalf("%d examples", len(all))
	}
	e := all[0]
	if len(e.Trace) < 2 || len(e.Trace)+e.Left != 300 || len(e.Log.Attributes) != result.MostAttributes || e.Log.Left != 77 || e.Log.Attributes["perso.attribute"] != "age" {
		t.Errorf("%d spans, %d left out; %d attributes, %d left out", len(e.Trace), e.Left, len(e.Log.Attributes), e.Log.Left)
	}
	if !e.Trace[0].Telling && !e.Trace[1].Telling {
		t.Error("the telling span is among the first two, and gone")
	}
	for _, v := range e.Log.Attributes {
		if len(v) > mostShown+len("…") || !json.Valid([]byte(`"`+v+`"`)) {
			t.Errorf("attribute of %d bytes", len(v))
		}
	}
}
