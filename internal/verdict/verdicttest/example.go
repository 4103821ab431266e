package verdicttest

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// examples adds what the evidence query of profile-attribute-missing found: a log record at the levels with logs, 500 ms after the
// injection, and its trace where there are traces.
func (b *builder) examples() {
	const fault = "profile-attribute-missing"
	for _, level := range []string{"logs", "full"} {
		for _, e := range b.data.Faults {
			if e.Fault != fault || e.Phase != result.PhaseInject {
				continue
			}
			at := e.Time.Add(500 * time.Millisecond)
			x := result.Example{
				Fault: fault, Arm: level, Signal: result.InLogs, First: at, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
				Log: &result.LogRecord{
					Time: at.Add(40 * time.Millisecond), Service: "decision", Severity: "WARN", Body: "default content", SpanID: "00f067aa0ba902b7",
					Attributes: map[string]string{"perso.reason": "attribute-missing", "perso.attribute": "age", "session.id": "[redacted]"},
				},
			}
			if level == "full" {
				x.Trace = Trace(x.Log.Time)
			}
			b.data.Examples = append(b.data.Examples, x)
		}
	}
}

// Trace is a trace whose decision, which the query found, ends at a time: it read the profile and did not ask the model.
func Trace(end time.Time) []result.TraceSpan {
	span := func(id, parent, service, name string, before, took time.Duration) result.TraceSpan {
		return result.TraceSpan{ID: id, Parent: parent, Service: service, Name: name, Start: end.Add(-before), Took: took}
	}
	ms := time.Millisecond
	out := []result.TraceSpan{
		span("00f067aa0ba90201", "", "gateway", "POST /v1/recommend", 3*ms, 4*ms),
		span("00f067aa0ba902b7", "00f067aa0ba90201", "decision", "POST /v1/decide", 2*ms, 2*ms),
		span("00f067aa0ba90203", "00f067aa0ba902b7", "profile", "GET /v1/profiles/{user}", 1500*time.Microsecond, 700*time.Microsecond),
	}
	out[1].Telling, out[1].Attributes = true, map[string]string{"perso.reason": "attribute-missing", "perso.missing": `["age"]`}
	return out
}
