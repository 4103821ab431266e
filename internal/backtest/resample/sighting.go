package resample

import (
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/evidence"
)

// sighting is what the query of one pass finds in the files of the level.
type sighting struct {
	evidence.Query
	records []record // in one of the two windows
}

// record is a log record or a span that bears the evidence.
type record struct {
	at    time.Time
	trace pcommon.TraceID
	clean bool // it is in the clean window
}

func newSighting(e *faults.Evidence, w evidence.Windows) *sighting {
	s := &sighting{Query: evidence.Query{Evidence: e, Windows: w}}
	s.Found = func(r evidence.Record) {
		if clean := w.InClean(r.At); clean || w.InFault(r.At) {
			s.records = append(s.records, record{r.At, r.Trace, clean})
		}
	}
	return s
}

// count is how many records are in the fault's window and in the clean one, as a run counts them.
func (s *sighting) count() (fault, clean float64) {
	for _, r := range s.records {
		if r.clean {
			clean++
		} else {
			fault++
		}
	}
	return fault, clean
}

// chance is the probability that a record is kept of the fault's window and none of the clean one, where every trace is kept with a
// probability of its own, independently; with that of a trace that bears evidence in both windows, it must be dropped. Half is after
// how many seconds that of having kept a record reaches one half; NaN: it does not.
func (s *sighting) chance(kept func(pcommon.TraceID) float64) (chance, half float64) {
	silent := 1.0 // the probability that nothing of the clean window is kept
	spoilt := map[pcommon.TraceID]bool{}
	var telling []record
	for _, r := range s.records {
		if r.clean && !spoilt[r.trace] {
			spoilt[r.trace] = true
			silent *= 1 - kept(r.trace)
		}
	}
	for _, r := range s.records {
		if !r.clean && !spoilt[r.trace] {
			telling = append(telling, r)
		}
	}
	slices.SortStableFunc(telling, func(a, b record) int { return a.at.Compare(b.at) })
	blind, half := 1.0, math.NaN() // the probability that nothing of the fault's window is kept
	seen := map[pcommon.TraceID]bool{}
	for _, r := range telling {
		if seen[r.trace] {
			continue
		}
		seen[r.trace] = true
		if blind *= 1 - kept(r.trace); blind <= 0.5 && math.IsNaN(half) {
			half = r.at.Sub(s.FaultStart).Seconds()
		}
	}
	return silent * (1 - blind), half
}

// bearing is how many traces bear the evidence in the fault's window.
func (s *sighting) bearing() int {
	seen := map[pcommon.TraceID]bool{}
	for _, r := range s.records {
		if !r.clean && !r.trace.IsEmpty() {
			seen[r.trace] = true
		}
	}
	return len(seen)
}
