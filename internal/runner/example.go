package runner

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/evidence"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// sample is a record that a query found, with what leads to its trace.
type sample struct {
	at      time.Time
	sampled bool // the spans of its trace are kept, unless they were lost
	log     *result.LogRecord
	trace   pcommon.TraceID
	span    pcommon.SpanID
}

// keep takes a record as the sample if it is better than the one before: of a sampled trace, and early. It counts from the injection
// on, since what is logged before the effect is confirmed tells as much.
func (q *query) keep(r evidence.Record) {
	if r.At.Before(q.CleanEnd) || !r.At.Before(q.FaultEnd) {
		return
	}
	if q.first.IsZero() || r.At.Before(q.first) {
		q.first = r.At
	}
	sampled := q.Signal != result.InLogs || r.Log.Flags().IsSampled()
	if q.sample == nil || sampled && !q.sample.sampled || sampled == q.sample.sampled && r.At.Before(q.sample.at) {
		q.sample = q.sampleOf(r)
		q.sample.at, q.sample.sampled = r.At, sampled
	}
}

// sampleOf is a record as a sample.
func (q *query) sampleOf(r evidence.Record) *sample {
	if q.Signal == result.InLogs {
		return logOf(r.Resource, r.Log, q.Evidence)
	}
	return &sample{trace: r.Trace, span: r.Span.SpanID()}
}

// examples writes a record for each pass whose query found something at a level, with the spans of its trace.
func (r *run) examples(level string, passes []experiment.Pass, found []*query) error {
	var out []*example
	for i, q := range found {
		if q == nil || q.sample == nil || q.fault == 0 {
			continue
		}
		e := &example{query: q, Example: result.Example{
			Fault: passes[i].Fault.ID, Pass: passes[i].Nth, Arm: level, Signal: q.Signal, First: q.first, Log: q.sample.log,
		}}
		if !q.sample.trace.IsEmpty() {
			e.TraceID = q.sample.trace.String()
		}
		out = append(out, e)
	}
	if err := gather(filepath.Join(r.dir.Path(result.TelemetryDir), level+".spans.jsonl"), out); err != nil {
		return err
	}
	for _, e := range out {
		e.bound()
		if err := r.dir.Example(e.Example); err != nil {
			return err
		}
	}
	return nil
}

// example is a result.Example that is being made.
type example struct {
	result.Example
	query *query
}

// gather finds the spans of the examples' traces in a file of OTLP JSON lines. A level without traces has no file.
func gather(path string, examples []*example) error {
	if !slices.ContainsFunc(examples, func(e *example) bool { return e.TraceID != "" }) {
		return nil
	}
	return evidence.EachLine(path, func(line []byte) error {
		at, known := evidence.FirstTime(line)
		var in []*example
		for _, e := range examples {
			near := !known || at.Sub(e.query.sample.at).Abs() <= traceSpan
			if near && e.TraceID != "" && bytes.Contains(line, []byte(e.TraceID)) {
				in = append(in, e)
			}
		}
		if len(in) == 0 {
			return nil
		}
		traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		if err != nil {
			return err
		}
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					for _, e := range in {
						if span.TraceID() == e.query.sample.trace {
							e.add(resource.Resource(), span)
						}
					}
				}
			}
		}
		return nil
	})
}

// traceSpan is more than a line with a span of a trace is from another span or log record of the trace: what a line brings, and how
// long a request may take.
const traceSpan = 2*evidence.LineSpan + experiment.ClientTimeout

// add adds a span of the trace. One with times that cannot be is only counted.
func (e *example) add(resource pcommon.Resource, span ptrace.Span) {
	start, end := span.StartTimestamp().AsTime(), span.EndTimestamp().AsTime()
	if start.Sub(e.query.sample.at).Abs() > traceSpan || end.Sub(start) > time.Hour {
		e.Left++
		return
	}
	out := result.TraceSpan{
		ID: span.SpanID().String(), Service: serviceOf(resource), Name: shown(span.Name()), Start: start, Took: max(0, end.Sub(start)),
		Telling: span.SpanID() == e.query.sample.span, Attributes: e.telling(span.Attributes()),
	}
	if !span.ParentSpanID().IsEmpty() {
		out.Parent = span.ParentSpanID().String()
	}
	switch span.Status().Code() {
	case ptrace.StatusCodeOk:
		out.Status = result.StatusOK
	case ptrace.StatusCodeError:
		out.Status = result.StatusError
	}
	e.Trace = append(e.Trace, out)
}

// tellingKeys are the attributes of spans, by the semantic conventions, that say what a span did and how it ended. Those of our own begin
// with "perso.".
var tellingKeys = []string{
	"db.operation.name", "db.response.status_code", "error.type", "http.request.resend_count", "http.response.status_code", "http.route",
	"messaging.destination.name", "messaging.operation.name", "rpc.method",
}

// telling are the attributes of a span that tell something, and those that the query asks for.
func (e *example) telling(attributes pcommon.Map) map[string]string {
	kept, _ := shownAttributes(attributes, e.query.Match, func(key string) bool {
		return strings.HasPrefix(key, "perso.") || slices.Contains(tellingKeys, key)
	})
	return kept
}

// bound orders the spans by their start and leaves out what is beyond the limits of an Example: the latest spans first, and last the
// telling ones and those that they are part of.
func (e *example) bound() {
	byStart := func(a, b result.TraceSpan) int { return a.Start.Compare(b.Start) }
	slices.SortStableFunc(e.Trace, byStart)
	all, needed := e.Trace, needed(e.Trace)
	slices.SortStableFunc(all, func(a, b result.TraceSpan) int { return bit(needed[b.ID]) - bit(needed[a.ID]) })
	e.Trace = nil
	room := result.MostExampleBytes - sizeOf(e.Example) - len(`,"trace":[],"left":1000000`)
	for i, s := range all {
		if room -= sizeOf(s) + 1; room < 0 || i == result.MostSpans {
			e.Left += len(all) - i
			break
		}
		e.Trace = append(e.Trace, s)
	}
	slices.SortStableFunc(e.Trace, byStart)
}

// needed are the telling spans and all that they are part of, by their ids.
func needed(spans []result.TraceSpan) map[string]bool {
	parents := map[string]string{}
	for _, s := range spans {
		parents[s.ID] = s.Parent
	}
	out := map[string]bool{}
	for _, s := range spans {
		for id := s.ID; s.Telling && id != "" && !out[id]; id = parents[id] {
			out[id] = true
		}
	}
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sizeOf is how long a value is in JSON, bytes.
func sizeOf(v any) int {
	text, err := json.Marshal(v)
	if err != nil { // no value of ours has what JSON has not
		return 0
	}
	return len(text)
}

// logOf is a log record as an example has it.
func logOf(resource pcommon.Resource, record plog.LogRecord, e *faults.Evidence) *sample {
	out := &result.LogRecord{
		Time: record.Timestamp().AsTime(), Service: serviceOf(resource), Severity: shown(record.SeverityText()), Body: shown(record.Body().AsString()),
	}
	if out.Severity == "" && record.SeverityNumber() != plog.SeverityNumberUnspecified {
		out.Severity = record.SeverityNumber().String()
	}
	if !record.SpanID().IsEmpty() {
		out.SpanID = record.SpanID().String()
	}
	out.Attributes, out.Left = shownAttributes(record.Attributes(), e.Match, func(string) bool { return true })
	return &sample{log: out, trace: record.TraceID(), span: record.SpanID()}
}

// serviceOf is the name of the service of a resource; "" if it has none.
func serviceOf(resource pcommon.Resource) string {
	name, has := resource.Attributes().Get("service.name")
	if !has {
		return ""
	}
	return shown(name.AsString())
}
