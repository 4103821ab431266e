package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/evidence"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// evidence runs every fault's query over the logs and spans that each level kept, in the fault's window and in the
// clean one before it, and writes what it found, with an example. The events of the passes say when these windows were. The files can be long, and are
// read once.
func (r *run) evidence(events []result.FaultEvent) error {
	for _, l := range r.Levels {
		passes := r.passesOf(l.Name)
		found := make([]*query, len(passes))
		bySignal := map[string][]*evidence.Query{}
		own := r.eventsOf(l.Name, events)
		for i, p := range passes {
			if p.Fault.Evidence == nil || p.Fault.Evidence.Signal == inMetrics {
				continue
			}
			if w, ok := evidence.WindowsOf(own, p.Fault.ID, p.Nth, l.Name); ok {
				found[i] = newQuery(p.Fault.Evidence, w)
				bySignal[p.Fault.Evidence.Signal] = append(bySignal[p.Fault.Evidence.Signal], &found[i].Query)
			}
		}
		for signal, queries := range bySignal {
			if err := evidence.Search(filepath.Join(r.dir.Path(result.TelemetryDir), l.Name+"."+signal+".jsonl"), queries); err != nil {
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
		Time: q.FaultEnd, Fault: p.Fault.ID, Pass: p.Nth, Phase: result.PhaseEvidence, Arm: level, Detail: q.detail, Since: q.first,
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
			at, ok := evidence.WindowsOf(c.events, p.Fault.ID, p.Nth, w.Arm)
			if !ok {
				continue
			}
			q := newQuery(p.Fault.Evidence, at)
			n, text, err := w.First(ctx, p.Fault.Evidence.Query, at.FaultEnd)
			before, _, err2 := w.First(ctx, p.Fault.Evidence.Query, at.CleanEnd)
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
	evidence.Query
	finding
}

// newQuery is a query that keeps what it finds.
func newQuery(e *faults.Evidence, w evidence.Windows) *query {
	q := &query{Query: evidence.Query{Evidence: e, Windows: w}}
	q.Found = q.take
	return q
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

// take counts a record, and takes it for the example if it is a better one.
func (q *query) take(r evidence.Record) {
	switch {
	case q.InFault(r.At):
		if q.fault == 0 {
			q.detail, q.traces = q.told(r), map[pcommon.TraceID]bool{}
		}
		q.fault++
		q.traces[r.Trace] = true
		if q.first.IsZero() || r.At.Before(q.first) { // services export by turns
			q.first = r.At
		}
	case q.InClean(r.At):
		q.clean++
	}
	q.keep(r)
}

// told is a record in words.
func (q *query) told(r evidence.Record) string {
	if q.Signal == result.InLogs {
		return fmt.Sprintf("%s, trace %s", r.Log.Body().AsString(), r.Trace)
	}
	return fmt.Sprintf("span %s, trace %s", r.Span.Name(), r.Trace)
}
