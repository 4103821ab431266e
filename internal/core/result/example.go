package result

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Example is one line of evidence.jsonl: a record of a level's own telemetry that names the cause of a fault, as the evidence query
// found it. There is one for each level and pass at which the query found something in log records or spans. Texts that look like
// credentials are replaced by [redacted], and long ones are cut. Older runs have none.
type Example struct {
	Fault  string    `json:"fault"`
	Pass   int       `json:"pass,omitempty"` // counts the passes of this fault, from 0
	Arm    string    `json:"arm"`
	Signal string    `json:"signal"` // in which the query looked: logs or spans
	First  time.Time `json:"first"`  // when the earliest record since the injection was made that the query finds

	Log     *LogRecord  `json:"log,omitempty"`      // one of these records, of a trace that was sampled if there is one
	TraceID string      `json:"trace_id,omitempty"` // of the log record, or of the earliest span; in hexadecimal
	Trace   []TraceSpan `json:"trace,omitempty"`    // the spans of this trace, in order of their start; none if the level keeps no spans of it
	Left    int         `json:"left,omitempty"`     // spans of the trace that are not in Trace
}

// Limits of one Example.
const (
	MostSpans        = 200      // of its trace
	MostAttributes   = 24       // of a log record or a span
	MostExampleBytes = 16 << 10 // of its line
)

// LogRecord is a log record of OpenTelemetry.
type LogRecord struct {
	Time       time.Time         `json:"time"`
	Service    string            `json:"service"`
	Severity   string            `json:"severity,omitempty"`
	Body       string            `json:"body"`
	SpanID     string            `json:"span_id,omitempty"` // in hexadecimal
	Attributes map[string]string `json:"attributes,omitempty"`
	Left       int               `json:"left,omitempty"` // attributes that are not in Attributes
}

// TraceSpan is a span of a trace.
type TraceSpan struct {
	ID      string        `json:"id"`               // in hexadecimal
	Parent  string        `json:"parent,omitempty"` // of the span that it is part of, which may be missing
	Service string        `json:"service"`
	Name    string        `json:"name"`
	Start   time.Time     `json:"start"`
	Took    time.Duration `json:"took"` // ns
	Status  string        `json:"status,omitempty"`
	// Telling says that the query found this span, or that the log record was made in it.
	Telling bool `json:"telling,omitempty"`
	// Attributes are those that tell what the span did and how it ended, and all that the query asks for.
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Values of TraceSpan.Status; "": it was not set.
const (
	StatusOK    = "ok"
	StatusError = "error"
)

func (e Example) check(r Run) error {
	errs := []error{
		inRange(reflect.ValueOf(e), "", ""), oneOf("signal", e.Signal, InLogs, InSpans), r.hasArm(e.Arm),
	}
	if e.Pass > mostPasses {
		errs = append(errs, fmt.Errorf("pass is %d: want 0 to %d", e.Pass, mostPasses))
	}
	if !slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.ID == e.Fault }) {
		errs = append(errs, fmt.Errorf("fault is %.100q, which the run does not have", e.Fault))
	}
	if (e.Log != nil) != (e.Signal == InLogs) {
		errs = append(errs, fmt.Errorf("signal is %.100q: want a log record with logs, and none with spans", e.Signal))
	}
	if len(e.Trace) > MostSpans {
		errs = append(errs, fmt.Errorf("trace has %d spans: want 0 to %d", len(e.Trace), MostSpans))
	}
	for i, s := range e.Trace {
		errs = append(errs, oneOf(fmt.Sprintf("trace[%d].status", i), s.Status, "", StatusOK, StatusError))
	}
	return first(errs)
}
