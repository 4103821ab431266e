package runner

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/evidence"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// kept is a line of OTLP JSON with one log record at each time, which has the attribute that the query wants.
func kept(t testing.TB, at ...time.Time) []byte {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, when := range at {
		record := records.AppendEmpty()
		record.SetTimestamp(pcommon.NewTimestampFromTime(when))
		record.Body().SetStr("a default was served")
		record.Attributes().PutStr("perso.attribute", "age")
	}
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		t.Fatal(err)
	}
	return append(line, '\n')
}

// Evidence is counted in the windows of the events that the passes have kept; the file that they are being written to is
// not read back.
func TestEvidence(t *testing.T) {
	dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{
		Levels: []result.Level{{Name: "off"}, {Name: "full"}, {Name: "debug"}}, Faults: []result.Fault{{ID: "missing"}, {ID: "later"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-time.Minute)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	telemetry := dir.Path(result.TelemetryDir)
	if err := os.MkdirAll(telemetry, 0o755); err != nil {
		t.Fatal(err)
	}
	lines := kept(t, at(1), at(11), at(21), at(22), at(31)) // before, clean, twice in the fault, after
	if err := os.WriteFile(filepath.Join(telemetry, "full.logs.jsonl"), append(lines, `{"cut off`...), 0o600); err != nil {
		t.Fatal(err)
	}
	query := &faults.Evidence{Signal: "logs", Match: map[string]string{"perso.attribute": "age"}}
	c := &catch{run: &run{
		Experiment: &experiment.Experiment{Levels: []experiment.Level{
			{Level: result.Level{Name: "off"}}, {Level: result.Level{Name: "full"}}, {Level: result.Level{Name: "debug"}},
		}},
		dir: dir, faults: []faults.Fault{{ID: "none"}, {ID: "missing", Evidence: query}, {ID: "later", Evidence: query}},
	}}
	for _, e := range []result.FaultEvent{
		{Time: at(10), Fault: "missing", Phase: result.PhaseClean},
		{Time: at(12), Fault: "missing", Phase: result.PhaseInject},
		{Time: at(20), Fault: "missing", Phase: result.PhaseConfirmed, Arm: "full"},
		{Time: at(20), Fault: "missing", Phase: result.PhaseConfirmed, Arm: "off"},
		{Time: at(20), Fault: "missing", Phase: result.PhaseUnconfirmed, Arm: "debug"},
		{Time: at(30), Fault: "missing", Phase: result.PhaseRevert},
		{Time: at(40), Fault: "later", Phase: result.PhaseClean}, // and no further: the run ended early
	} {
		if err := c.record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(dir.Path(result.FaultsFile), 0); err != nil {
		t.Fatal(err)
	}
	if err := c.evidence(c.events); err != nil {
		t.Fatal(err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := result.Read(dir.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(data.Faults) != 2 {
		t.Fatalf("findings %+v, want one for each level at which the fault was confirmed", data.Faults)
	}
	for i, want := range []struct {
		arm          string
		clean, fault float64
		first        time.Time
	}{{"off", 0, 0, time.Time{}}, {"full", 1, 2, at(21)}} {
		e := data.Faults[i]
		if !e.Since.Equal(want.first) {
			t.Errorf("the first record at %s is of %s, want %s", want.arm, e.Since, want.first)
		}
		if e.Fault != "missing" || e.Phase != result.PhaseEvidence || e.Arm != want.arm || e.Values["clean"] != want.clean || e.Values["fault"] != want.fault {
			t.Errorf("finding %+v, want %+v", e, want)
		}
	}
}

// TestEvidenceInSpans: a query may be for spans of a service that have no parent, or for spans that took long.
func TestEvidenceInSpans(t *testing.T) {
	begin := time.Now().Add(-time.Minute)
	w := evidence.Windows{CleanStart: begin, CleanEnd: begin.Add(10 * time.Second), FaultStart: begin.Add(20 * time.Second), FaultEnd: begin.Add(30 * time.Second)}
	traces := ptrace.NewTraces()
	span := func(service string, at, took time.Duration, parent byte) {
		resource := traces.ResourceSpans().AppendEmpty()
		resource.Resource().Attributes().PutStr("service.name", service)
		s := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(at)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(at + took)))
		s.SetParentSpanID(pcommon.SpanID{parent})
		s.SetTraceID(pcommon.TraceID{byte(at / (26 * time.Second))}) // the last two spans are of one trace
		s.Attributes().PutStr("http.route", "/v1/rank")
		s.Attributes().PutInt("http.request.resend_count", 1)
	}
	span("model", 5*time.Second, time.Millisecond, 1)        // clean, with a parent
	span("gateway", 27*time.Second, 200*time.Millisecond, 0) // another service has roots at all times; it exports earlier
	span("model", 25*time.Second, time.Millisecond, 0)       // without
	span("model", 26*time.Second, 250*time.Millisecond, 2)   // with a parent, and long
	line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		evidence     faults.Evidence
		clean, fault float64
		traces       int
		first        time.Duration // of the window's records
	}{
		{faults.Evidence{Match: map[string]string{"http.request.resend_count": "1"}}, 1, 3, 2, 25 * time.Second},
		{faults.Evidence{Root: "model"}, 0, 1, 1, 25 * time.Second},
		{faults.Evidence{Took: "200 ms"}, 0, 2, 1, 26 * time.Second},
		{faults.Evidence{Took: "200 ms", Root: "model"}, 0, 0, 0, 0},
	} {
		e := c.evidence
		e.Signal = "spans"
		found := newQuery(&e, w)
		if err := found.Line(line); err != nil || found.clean != c.clean || found.fault != c.fault {
			t.Errorf("%s: found %g in the clean window and %g in the fault's, want %g and %g: %v", &e, found.clean, found.fault, c.clean, c.fault, err)
		}
		if len(found.traces) != c.traces || c.traces > 0 && !found.first.Equal(begin.Add(c.first)) {
			t.Errorf("%s: %d traces, the first record at %s, want %d, %s", &e, len(found.traces), found.first.Sub(begin), c.traces, c.first)
		}
	}
	if err := newQuery(&faults.Evidence{Signal: "spans", Took: "long"}, w).Line(line); err == nil {
		t.Error("a duration that is none")
	}
}
