package runner

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/result"
)

// evidence runs every fault's query over the logs and spans that each level kept, in the fault's window and in the
// clean one before it, and writes what it found, with an example. The events of the passes say when these windows were. The files can be long, and are
// read once.
func (r *run) evidence(events []result.FaultEvent) error {
	for _, l := range r.Levels {
		passes := r.passesOf(l.Name)
		found := make([]*query, len(passes))
		bySignal := map[string][]*query{}
		own := r.eventsOf(l.Name, events)
		for i, p := range passes {
			if p.Fault.Evidence == nil || p.Fault.Evidence.Signal == inMetrics {
				continue
			}
			if w, ok := windowsOf(own, p.Fault.ID, p.Nth, l.Name); ok {
				found[i] = &query{Evidence: p.Fault.Evidence, windows: w}
				bySignal[p.Fault.Evidence.Signal] = append(bySignal[p.Fault.Evidence.Signal], found[i])
			}
		}
		for signal, queries := range bySignal {
			if err := search(filepath.Join(r.dir.Path(result.TelemetryDir), l.Name+"."+signal+".jsonl"), queries); err != nil {
				return err
			}
		}
		for i, p := range passes {
			q := found[i]
			if q == nil {
				continue
			}
			if err := r.found(p, l.Name, q); err != nil {
				return err
			}
		}
		if err := r.examples(l.Name, passes, found); err != nil {
			return err
		}
	}
	return nil
}

// passesOf are the passes of all launches that have a level.
func (r *run) passesOf(level string) []experiment.Pass {
	var out []experiment.Pass
	for launch, levels := range r.CatchLaunches() {
		if slices.Contains(levels, level) {
			out = append(out, r.LaunchPasses(r.faults, launch)...)
		}
	}
	return out
}

// eventsOf are those of the launches that have a level.
func (r *run) eventsOf(level string, events []result.FaultEvent) []result.FaultEvent {
	launches := r.CatchLaunches()
	return slices.DeleteFunc(slices.Clone(events), func(e result.FaultEvent) bool { return !slices.Contains(launches[e.Launch], level) })
}

// found writes what a query found.
func (r *run) found(p experiment.Pass, level string, q *query) error {
	e := result.FaultEvent{
		Time: q.faultEnd, Fault: p.Fault.ID, Pass: p.Nth, Phase: result.PhaseEvidence, Arm: level, Detail: q.detail, Since: q.first,
		Values: map[string]float64{"clean": q.clean, "fault": q.fault},
	}
	if q.Signal == result.InSpans {
		e.Values["traces"] = float64(len(q.traces))
	}
	return r.dir.Fault(e)
}

// inMetrics is the signal of evidence that is in series. Prometheus answers while it runs.
const inMetrics = result.InMetrics

// evidenceInMetrics evaluates the queries whose evidence is in series, at the end of every fault and at the end of the clean window
// before it. A query that cannot be evaluated has found nothing, and the run says so.
func (c *catch) evidenceInMetrics(ctx context.Context) error {
	for _, p := range c.LaunchPasses(c.faults, c.nth) {
		if p.Fault.Evidence == nil || p.Fault.Evidence.Signal != inMetrics {
			continue
		}
		for _, w := range c.watchers {
			at, ok := windowsOf(c.events, p.Fault.ID, p.Nth, w.Arm)
			if !ok {
				continue
			}
			q := &query{Evidence: p.Fault.Evidence, windows: at}
			n, text, err := w.First(ctx, q.Query, at.faultEnd)
			before, _, err2 := w.First(ctx, q.Query, at.cleanEnd)
			if err := errors.Join(err, err2); err != nil {
				warning := fmt.Sprintf("the evidence of %s at %s is not known: %v", p.Fault.ID, w.Arm, err)
				if err := c.dir.Update(func(m *result.Run) { m.Warnings = append(m.Warnings, warning) }); err != nil {
					return err
				}
				continue
			}
			q.finding = finding{clean: float64(before), fault: float64(n), detail: text}
			if err := c.found(p, w.Arm, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// query is one fault's query at one level, with what it has found.
type query struct {
	*faults.Evidence
	windows
	finding
}

// windows are the two stretches of time that evidence is compared between.
type windows struct{ cleanStart, cleanEnd, faultStart, faultEnd time.Time }

// windowsOf finds the windows of one pass of a fault at one arm; false when the pass did not get that far.
func windowsOf(events []result.FaultEvent, fault string, nth int, arm string) (windows, bool) {
	var w windows
	for _, e := range events {
		if e.Fault != fault || e.Pass != nth || (e.Arm != "" && e.Arm != arm) {
			continue
		}
		switch e.Phase {
		case result.PhaseClean:
			w.cleanStart = e.Time
		case result.PhaseInject:
			w.cleanEnd = e.Time
		case result.PhaseConfirmed:
			w.faultStart = e.Time
		case result.PhaseRevert:
			w.faultEnd = e.Time
		}
	}
	return w, !w.faultStart.IsZero() && !w.faultEnd.IsZero()
}

// finding is what an evidence query found: the number of records in each window, and of the fault's window one of them, and the traces
// that they belong to. Since the injection: when the earliest was made, and one of them as an example.
type finding struct {
	clean, fault float64
	detail       string
	first        time.Time
	traces       map[pcommon.TraceID]bool
	sample       *sample
}

func (f *finding) add(w windows, at time.Time, trace pcommon.TraceID, detail func() string) {
	switch {
	case !at.Before(w.faultStart) && at.Before(w.faultEnd):
		if f.fault == 0 {
			f.detail, f.traces = detail(), map[pcommon.TraceID]bool{}
		}
		f.fault++
		f.traces[trace] = true
		if f.first.IsZero() || at.Before(f.first) { // services export by turns
			f.first = at
		}
	case !at.Before(w.cleanStart) && at.Before(w.cleanEnd):
		f.clean++
	}
}

// search looks for what the queries want in a file of OTLP JSON lines. A level that does not have the signal has no file.
func search(path string, queries []*query) error {
	return eachLine(path, func(line []byte) error {
		at, known := firstTime(line)
		for _, q := range queries {
			if known && (at.Before(q.cleanStart.Add(-lineSpan)) || at.After(q.faultEnd.Add(lineSpan))) {
				continue
			}
			if err := searchLine(line, q.Evidence, q.windows, &q.finding); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachLine reads the complete lines of a file; one that is not there has none.
func eachLine(path string, do func(line []byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	defer f.Close()
	for lines, n := bufio.NewReaderSize(f, 1<<20), 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // a part after the last newline is not complete
		}
		if err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		if err := do(line); err != nil {
			return fmt.Errorf("evidence: %s:%d: %w", path, n, err)
		}
	}
}

// lineSpan is more than the records of one line are apart: a line is what one export of a service brought.
const lineSpan = 20 * time.Second

// firstTime returns the time of the first record of a line, without parsing it. It is false if there is none to be found.
func firstTime(line []byte) (time.Time, bool) {
	const key = `imeUnixNano":"` // of startTimeUnixNano and timeUnixNano
	at := bytes.Index(line, []byte(key))
	if at < 0 {
		return time.Time{}, false
	}
	digits, _, _ := bytes.Cut(line[at+len(key):], []byte(`"`))
	ns, err := strconv.ParseInt(string(digits), 10, 64)
	return time.Unix(0, ns), err == nil && ns > 0
}

func searchLine(line []byte, e *faults.Evidence, w windows, found *finding) error {
	for key := range e.Match {
		if !bytes.Contains(line, []byte(key)) {
			return nil // spares the parsing of most lines
		}
	}
	if e.Signal == result.InLogs {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return err
		}
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if matches(record.Attributes(), e.Match) {
						found.add(w, record.Timestamp().AsTime(), record.TraceID(), func() string {
							return fmt.Sprintf("%s, trace %s", record.Body().AsString(), record.TraceID())
						})
						found.keep(w, record.Timestamp().AsTime(), record.Flags().IsSampled(), func() *sample {
							return logOf(resource.Resource(), record, e)
						})
					}
				}
			}
		}
		return nil
	}
	least, err := e.Least()
	if err != nil {
		return err
	}
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
	if err != nil {
		return err
	}
	for _, resource := range traces.ResourceSpans().All() {
		if e.Root != "" && !matches(resource.Resource().Attributes(), map[string]string{"service.name": e.Root}) {
			continue
		}
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				took := span.EndTimestamp().AsTime().Sub(span.StartTimestamp().AsTime())
				orphan := e.Root == "" || span.ParentSpanID().IsEmpty()
				if orphan && took >= least && matches(span.Attributes(), e.Match) {
					found.add(w, span.StartTimestamp().AsTime(), span.TraceID(), func() string {
						return fmt.Sprintf("span %s, trace %s", span.Name(), span.TraceID())
					})
					found.keep(w, span.StartTimestamp().AsTime(), true, func() *sample {
						return &sample{trace: span.TraceID(), span: span.SpanID()}
					})
				}
			}
		}
	}
	return nil
}

func matches(attributes pcommon.Map, want map[string]string) bool {
	for key, value := range want {
		if got, ok := attributes.Get(key); !ok || got.AsString() != value {
			return false
		}
	}
	return true
}
