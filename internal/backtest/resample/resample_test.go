package resample_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/backtest/resample"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// start is when a written run begins; times below are seconds after it.
var start = time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// written is a run that is being made: dependency-slow is injected twice, from 20 to 30 and from 60 to 70, and profile-attribute-missing
// from 100 to 110. Each clean window is the 10 seconds before.
type written struct {
	t           *testing.T
	dir         string
	spans, logs []byte
	next        uint64
}

// trace adds a trace of two spans that begins then, and is slow in the store or not.
func (w *written) trace(seconds float64, channel string, slow, failed bool) pcommon.TraceID {
	w.next++
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[8:], w.next)
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	took := 5 * time.Millisecond
	if slow {
		took = 600 * time.Millisecond
	}
	for i := range 2 {
		s := spans.AppendEmpty()
		s.SetTraceID(id)
		s.SetSpanID(pcommon.SpanID{7: byte(i + 1)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at(seconds)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(at(seconds).Add(took)))
	}
	if channel != "" {
		spans.At(0).Attributes().PutStr("perso.channel", channel)
	}
	spans.At(1).Attributes().PutStr("db.system.name", "redis")
	spans.At(1).Attributes().PutStr("db.operation.name", "get")
	if failed {
		spans.At(1).Status().SetCode(ptrace.StatusCodeError)
	}
	line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	if err != nil {
		w.t.Fatal(err)
	}
	w.spans = append(append(w.spans, line...), '\n')
	return id
}

// log adds a log record that names the cause of profile-attribute-missing.
func (w *written) log(seconds float64, trace pcommon.TraceID) {
	logs := plog.NewLogs()
	r := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(at(seconds)))
	r.SetTraceID(trace)
	r.Attributes().PutStr("perso.reason", "attribute-missing")
	r.Attributes().PutStr("perso.attribute", "age")
	line, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		w.t.Fatal(err)
	}
	w.logs = append(append(w.logs, line...), '\n')
}

// write writes the run with a level that keeps all traces and one that keeps none.
func (w *written) write() *result.Data {
	w.t.Helper()
	w.dir = filepath.Join(w.t.TempDir(), "run")
	run := result.Run{ID: "20260102-150400-small", Started: start, Environment: "process", Lapse: 60}
	for _, name := range []string{"off", "full"} {
		level, err := testenv.Level(name)
		if err != nil {
			w.t.Fatal(err)
		}
		run.Levels = append(run.Levels, level)
		run.Arms = append(run.Arms, result.Arm{Name: name, Level: name, Role: result.RoleLevel})
	}
	run.Arms[0].Role = result.RoleBaseline
	for _, id := range []string{"dependency-slow", "profile-attribute-missing"} {
		f, err := faults.Lookup(id)
		if err != nil {
			w.t.Fatal(err)
		}
		params := map[string]string{}
		for name, value := range f.Values {
			params[name] = value.String()
		}
		run.Faults = append(run.Faults, result.Fault{ID: id, Params: params, Expect: []string{"Slow"}, Evidence: f.Evidence.String()})
	}
	run.Faults[0].Passes = 2
	run.Alerts = []result.Alert{{Name: "Slow", Needs: "traces", Expr: "perso_spans_total > 0", RunExpr: "perso_spans_total > 0"}}
	dir, err := result.Create(w.dir, run)
	if err != nil {
		w.t.Fatal(err)
	}
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	must(os.WriteFile(dir.Path(result.LatencyFile), nil, 0o600))
	must(os.WriteFile(dir.Path(result.TelemetryDir, "full.spans.jsonl"), w.spans, 0o600))
	must(os.WriteFile(dir.Path(result.TelemetryDir, "full.logs.jsonl"), w.logs, 0o600))
	for _, p := range []struct {
		fault        string
		nth          int
		from         float64
		fault0, bare float64 // records found in the fault's window, and in the clean one
	}{{"dependency-slow", 0, 20, 3, 0}, {"dependency-slow", 1, 60, 3, 1}, {"profile-attribute-missing", 0, 100, 2, 0}} {
		event := func(seconds float64, phase, arm string) result.FaultEvent {
			return result.FaultEvent{Time: at(seconds), Fault: p.fault, Pass: p.nth, Phase: phase, Arm: arm}
		}
		events := []result.FaultEvent{event(p.from-10, result.PhaseClean, ""), event(p.from, result.PhaseInject, "")}
		for _, arm := range []string{"off", "full"} {
			events = append(events, event(p.from, result.PhaseConfirmed, arm))
		}
		events = append(events, event(p.from+10, result.PhaseRevert, ""), event(p.from+10, result.PhaseReverted, "full"), event(p.from+12, result.PhaseDone, ""))
		found := event(p.from+10, result.PhaseEvidence, "full")
		found.Values = map[string]float64{"fault": p.fault0, "clean": p.bare}
		for _, e := range append(events, found) {
			must(dir.Fault(e))
		}
	}
	must(dir.Alert(result.AlertEvent{Time: at(25), Arm: "full", Alert: "Slow", From: result.Inactive, To: result.Firing}))
	must(dir.Alert(result.AlertEvent{Time: at(32), Arm: "full", Alert: "Slow", From: result.Firing, To: result.Inactive}))
	must(dir.Finish(func(r *result.Run) { r.Status, r.Ended = result.Complete, at(120) }))
	data, err := result.Read(w.dir)
	must(err)
	return data
}

// usual is the run that most tests look at. Of the first pass an app's, a failed web and a web request of no channel bear the evidence; the
// second has it before the fault, too.
func usual(t *testing.T) *written {
	w := &written{t: t}
	for i := range 8 {
		w.trace(11+float64(i), []string{"web", "app"}[i%2], false, false)
	}
	w.trace(21, "app", true, false)
	w.trace(22, "web", true, true)
	w.trace(23, "", true, false)
	w.trace(24, "app", false, false)
	w.trace(55, "web", true, false)
	for i := range 3 {
		w.trace(61+float64(i), "web", true, false)
	}
	w.log(101, w.trace(101, "app", false, false))
	w.log(102, w.trace(102, "web", false, false))
	return w
}

func resampled(t *testing.T, w *written, keptLogs bool, policies ...string) *resample.Outcome {
	t.Helper()
	data := w.write()
	o := resample.Options{KeptLogs: keptLogs}
	for _, text := range policies {
		p, err := resample.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Policies = append(o.Policies, p)
	}
	out, err := resample.Of(w.dir, data, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Chances are what they are by hand, in spans and, where only the log records of kept traces are kept, in logs.
func TestOf(t *testing.T) {
	both := func(p float64) float64 { // of three traces of the second pass, with one before it
		return (1 - p) * (1 - math.Pow(1-p, 3))
	}
	for _, c := range []struct {
		policy      string
		slow        float64 // the mean of the two passes of dependency-slow
		logs        float64 // profile-attribute-missing, if only the log records of kept traces are kept
		spans, held float64 // share of the spans that is kept, in clean windows and under faults
	}{
		{"ratio 100%", 0.5, 1, 1, 1},
		{"ratio 0%", 0, 0, 0, 0},
		{"ratio 10%", (1 - math.Pow(0.9, 3) + both(0.1)) / 2, 1 - 0.9*0.9, 0.1, 0.1},
		{"ratio 0% app=50%", (0.5 + 0) / 2, 0.5, 4 * 0.5 / 9, 3 * 0.5 / 9},
		{"tail errors", (1 + 0) / 2., 0, 0, 1 / 9.},
		{"tail errors,share=0.1", (1 + both(0.1)) / 2, 1 - 0.9*0.9, 0.1, (1 + 0.8) / 9},
		{"tail slow=400ms", (1 + 0) / 2., 0, 1 / 9., 6 / 9.},
	} {
		for _, keptLogs := range []bool{false, true} {
			out := resampled(t, usual(t), keptLogs, c.policy)
			if len(out.Faults) != 2 || out.Level != "full" || out.Traces != 18 || out.Nameless != 1 {
				t.Fatalf("%+v", out)
			}
			slow, missing, point := out.Faults[0], out.Faults[1], out.Points[0]
			if slow.Judged != 2 || slow.Diagnosed != 1 || slow.Bearing != 6 || slow.Why != "" {
				t.Fatalf("%+v", slow)
			}
			logs := 1.0
			if keptLogs {
				logs = c.logs
			}
			if !near(slow.Cells[0].Chance, c.slow) || !near(missing.Cells[0].Chance, logs) {
				t.Errorf("%s, kept logs %t: %v and %v, want %v and %v", c.policy, keptLogs, slow.Cells[0].Chance, missing.Cells[0].Chance, c.slow, logs)
			}
			if !near(point.Spans, c.spans) || !near(point.InFaults, c.held) || !near(point.Diagnosed, c.slow+logs) || point.Of != 2 {
				t.Errorf("%s: %+v, want %v and %v of the spans", c.policy, point, c.spans, c.held)
			}
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

// An alert that is counted from spans is not taken for a detection under a policy.
func TestAlertsThatNeedSpans(t *testing.T) {
	out := resampled(t, usual(t), false, "ratio 10%")
	if f := out.Faults[0]; f.Detected != 0 || f.Open != 1 || len(f.By) != 1 || f.By[0] != "Slow" || len(out.Apart) != 1 {
		t.Errorf("%+v; apart %q", f, out.Apart)
	}
}

// Files that are not as the run left them are not searched as if nothing were wrong: the fault is not judged.
func TestChangedFiles(t *testing.T) {
	w := usual(t)
	w.spans = w.spans[:len(w.spans)/2]
	out := resampled(t, w, false, "ratio 10%")
	if f := out.Faults[0]; !strings.Contains(f.Why, "not as the run left them") || f.Cells != nil || out.Points[0].Of != 1 {
		t.Errorf("%+v of %+v", f, out.Points[0])
	}
	if !strings.Contains(strings.Join(out.Notes, "\n"), "dependency-slow is not judged: the files of spans have") {
		t.Errorf("notes %q", out.Notes)
	}
}

func TestRefused(t *testing.T) {
	policy := func(text string) resample.Options {
		p, err := resample.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return resample.Options{Policies: []resample.Policy{p}}
	}
	for _, c := range []struct {
		name   string
		policy string
		change func(dir string, d *result.Data)
		want   string
	}{
		{"a channel that there is not", "ratio 10% ap=100%", func(string, *result.Data) {}, `no trace of full has the channel "ap": there are app, web`},
		{"no level with all traces", "ratio 10%", func(_ string, d *result.Data) { d.Run.Levels = d.Run.Levels[:1] }, "no level that keeps all traces (its levels: off)"},
		{"no spans", "ratio 10%", func(dir string, _ *result.Data) { os.RemoveAll(filepath.Join(dir, result.TelemetryDir)) }, "has no spans of full in"},
		{"no faults", "ratio 10%", func(_ string, d *result.Data) { d.Run.Faults = nil }, "injected no faults"},
		{"a broken line", "ratio 10%", func(dir string, _ *result.Data) {
			if err := os.WriteFile(filepath.Join(dir, result.TelemetryDir, "full.spans.jsonl"), []byte("{}\n{\"resourceSpans\":7}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "full.spans.jsonl:2"},
	} {
		w := usual(t)
		data := w.write()
		c.change(w.dir, data)
		if out, err := resample.Of(w.dir, data, policy(c.policy)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", c.name, out, err, c.want)
		}
	}
}
