package result

import "strings"

// Signals that evidence can be in: the beginning of Fault.Evidence, before a colon.
const (
	InLogs    = "logs"
	InSpans   = "spans"
	InMetrics = "metrics"
)

// EvidenceIn returns the signal in which the query looks for the cause; "" where the fault has no query.
func (f Fault) EvidenceIn() string {
	signal, _, found := strings.Cut(f.Evidence, ": ")
	if !found {
		return ""
	}
	return signal
}
