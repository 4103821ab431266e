// Package evidence searches the log records and spans that a run has kept for what names the cause of a fault: see faults.Evidence. A
// run does so at its end, and whoever asks later what of it another sampler would have kept.
package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Windows are the two stretches of time that evidence is compared between. Each begins with its start and ends before its end.
type Windows struct{ CleanStart, CleanEnd, FaultStart, FaultEnd time.Time }

// WindowsOf finds the windows of one pass of a fault at one arm; false when the pass did not get that far.
func WindowsOf(events []result.FaultEvent, fault string, nth int, arm string) (Windows, bool) {
	var w Windows
	for _, e := range events {
		if e.Fault != fault || e.Pass != nth || (e.Arm != "" && e.Arm != arm) {
			continue
		}
		switch e.Phase {
		case result.PhaseClean:
			w.CleanStart = e.Time
		case result.PhaseInject:
			w.CleanEnd = e.Time
		case result.PhaseConfirmed:
			w.FaultStart = e.Time
		case result.PhaseRevert:
			w.FaultEnd = e.Time
		}
	}
	return w, !w.FaultStart.IsZero() && !w.FaultEnd.IsZero()
}

// InFault says that a time is in the fault's window.
func (w Windows) InFault(at time.Time) bool { return within(at, w.FaultStart, w.FaultEnd) }

// InClean says that a time is in the clean window, and not in the fault's.
func (w Windows) InClean(at time.Time) bool {
	return within(at, w.CleanStart, w.CleanEnd) && !w.InFault(at)
}

func within(at, from, to time.Time) bool { return !at.Before(from) && at.Before(to) }

// Query is what is looked for in one pass.
type Query struct {
	*faults.Evidence
	Windows
	Found func(Record) // gets every record that matches, in the order of the file; also some that are in neither window
}

// Record is a log record or a span that matches a query.
type Record struct {
	At       time.Time // when it was made; of a span, its start
	Trace    pcommon.TraceID
	Resource pcommon.Resource
	Log      plog.LogRecord // where the query is for logs
	Span     ptrace.Span    // where it is for spans
}

// Search looks for what the queries, all of one signal, want in a file of OTLP JSON lines. A level that does not have the signal has no
// file.
func Search(path string, queries []*Query) error {
	return EachLine(path, func(line []byte) error {
		at, known := FirstTime(line)
		for _, q := range queries {
			if known && (at.Before(q.CleanStart.Add(-LineSpan)) || at.After(q.FaultEnd.Add(LineSpan))) {
				continue
			}
			if err := q.Line(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// EachLine reads the complete lines of a file; one that is not there has none. An error of do is returned with the file and the number
// of the line.
func EachLine(path string, do func(line []byte) error) error {
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

// LineSpan is more than the records of one line are apart: a line is what one export of a service brought.
const LineSpan = 20 * time.Second

// FirstTime returns the time of the first record of a line, without parsing it. It is false if there is none to be found.
func FirstTime(line []byte) (time.Time, bool) {
	const key = `imeUnixNano":"` // of startTimeUnixNano and timeUnixNano
	at := bytes.Index(line, []byte(key))
	if at < 0 {
		return time.Time{}, false
	}
	digits, _, _ := bytes.Cut(line[at+len(key):], []byte(`"`))
	ns, err := strconv.ParseInt(string(digits), 10, 64)
	return time.Unix(0, ns), err == nil && ns > 0
}

// Line looks for what the query wants in one line.
func (q *Query) Line(line []byte) error {
	for key := range q.Match {
		if !bytes.Contains(line, []byte(key)) {
			return nil // spares the parsing of most lines
		}
	}
	if q.Signal == result.InLogs {
		return q.logs(line)
	}
	return q.spans(line)
}

func (q *Query) logs(line []byte) error {
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
	if err != nil {
		return err
	}
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if matches(record.Attributes(), q.Match) {
					q.Found(Record{At: record.Timestamp().AsTime(), Trace: record.TraceID(), Resource: resource.Resource(), Log: record})
				}
			}
		}
	}
	return nil
}

func (q *Query) spans(line []byte) error {
	least, err := q.Least()
	if err != nil {
		return err
	}
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
	if err != nil {
		return err
	}
	for _, resource := range traces.ResourceSpans().All() {
		if q.Root != "" && !matches(resource.Resource().Attributes(), map[string]string{"service.name": q.Root}) {
			continue
		}
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				took := span.EndTimestamp().AsTime().Sub(span.StartTimestamp().AsTime())
				orphan := q.Root == "" || span.ParentSpanID().IsEmpty()
				if orphan && took >= least && matches(span.Attributes(), q.Match) {
					q.Found(Record{At: span.StartTimestamp().AsTime(), Trace: span.TraceID(), Resource: resource.Resource(), Span: span})
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
