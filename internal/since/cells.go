package since

import "slices"

// cells follows every fault at every level.
func (h *History) cells() {
	for i, r := range h.Runs {
		if r.Left != "" {
			continue
		}
		for _, c := range r.Cells {
			at := slices.IndexFunc(h.Cells, func(l CellLine) bool { return l.Fault == c.Fault && l.Level == c.Level })
			if at < 0 {
				at = len(h.Cells)
				h.Cells = append(h.Cells, CellLine{ID: c.ID, Fault: c.Fault, Level: c.Level, Fates: make([]Fate, len(h.Runs))})
			}
			h.Cells[at].Fates[i] = c.Fate
		}
	}
}

// CellLine is one pass of a fault at one level over all runs. A state has no interval: a run meets a fault once.
type CellLine struct {
	ID           string // of the fault
	Fault, Level string
	Fates        []Fate // by run; zero: it is not in the run, or the run is left out
}

// Streak is the newest run with a known fate, and the first of those up to it that have the same without another between; −1: there
// is none.
func (l CellLine) Streak() (since, last int) {
	since, last = -1, -1
	for i, f := range slices.Backward(l.Fates) {
		switch {
		case f == Fate{}:
		case last < 0:
			since, last = i, i
		case f == l.Fates[last]:
			since = i
		default:
			return since, last
		}
	}
	return since, last
}

// Before is the fate before the one that Streak tells of; zero if there was none.
func (l CellLine) Before() Fate {
	since, _ := l.Streak()
	for _, f := range slices.Backward(l.Fates[:max(since, 0)]) {
		if f != (Fate{}) {
			return f
		}
	}
	return Fate{}
}
