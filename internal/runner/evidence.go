package runner

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/result"
)

// evidence runs every fault's query over the logs and spans that each level kept, in the fault's window and in the
// clean one before it, and writes what it found. The events of the passes say when these windows were.
func (r *run) evidence(events []result.FaultEvent) error {
	for _, p := range r.Passes(r.faults) {
		f := p.Fault
		if f.Evidence == nil {
			continue
		}
		for _, l := range r.Levels {
			w, ok := windowsOf(events, f.ID, p.Nth, l.Name)
			if !ok {
				continue
			}
			found, err := search(r.dir.Path(result.TelemetryDir), l.Name, f.Evidence, w)
			if err != nil {
				return err
			}
			err = r.dir.Fault(result.FaultEvent{
				Time: w.faultEnd, Fault: f.ID, Pass: p.Nth, Phase: result.PhaseEvidence, Arm: l.Name, Detail: found.detail,
				Values: map[string]float64{"clean": found.clean, "fault": found.fault},
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
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

// finding is what an evidence query found: the number of records in each window, and the first one in the fault's.
type finding struct {
	clean, fault float64
	detail       string
}

func (f *finding) add(w windows, at time.Time, detail func() string) {
	switch {
	case !at.Before(w.faultStart) && at.Before(w.faultEnd):
		if f.fault == 0 {
			f.detail = detail()
		}
		f.fault++
	case !at.Before(w.cleanStart) && at.Before(w.cleanEnd):
		f.clean++
	}
}

// search looks for the evidence in the OTLP JSON lines of one arm. A signal that the level does not have has no records.
func search(dir, arm string, e *faults.Evidence, w windows) (finding, error) {
	var found finding
	path := filepath.Join(dir, arm+"."+e.Signal+".jsonl")
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return found, fmt.Errorf("evidence: %w", err)
	}
	defer f.Close()
	for lines, n := bufio.NewReader(f), 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return found, nil // a part after the last newline is not complete
		}
		if err != nil {
			return found, fmt.Errorf("evidence: %w", err)
		}
		if err := searchLine(line, e, w, &found); err != nil {
			return found, fmt.Errorf("evidence: %s:%d: %w", path, n, err)
		}
	}
}

func searchLine(line []byte, e *faults.Evidence, w windows, found *finding) error {
	for key := range e.Match {
		if !strings.Contains(string(line), key) {
			return nil // spares the parsing of most lines
		}
	}
	if e.Signal == "logs" {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		if err != nil {
			return err
		}
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if matches(record.Attributes(), e.Match) {
						found.add(w, record.Timestamp().AsTime(), func() string {
							return fmt.Sprintf("%s, trace %s", record.Body().AsString(), record.TraceID())
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
					found.add(w, span.StartTimestamp().AsTime(), func() string {
						return fmt.Sprintf("span %s, trace %s", span.Name(), span.TraceID())
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
