package result

import (
	"slices"
	"time"
)

// History is synthetic history: samples before the recorded ones, resampled from the clean windows of the run. Alerts that look back
// farther than the run is long were judged on it, after the run.
type History struct {
	Length time.Duration  `json:"length" range:"open"` // in the rules' own time, ns
	Alerts []string       `json:"alerts"`              // IDs of the alerts that were judged on it: see Rules
	Levels []HistoryLevel `json:"levels"`
}

// HistoryLevel is what the history of one level was made of. Times are those of the run.
type HistoryLevel struct {
	Level   string        `json:"level"`
	Began   time.Time     `json:"began"`   // the first recorded sample, before which the history ends
	Windows int           `json:"windows"` // clean windows that were resampled
	Clean   time.Duration `json:"clean"`   // all of them together, ns
	Block   time.Duration `json:"block"`   // of the stretches that were drawn from them, ns
}

// Judged says that an alert was judged on the history, which may be nil, by its ID.
func (h *History) Judged(id string) bool { return h != nil && slices.Contains(h.Alerts, id) }

// Of is what the history of a level was made of; the zero value if it has none.
func (h *History) Of(level string) HistoryLevel {
	if h == nil {
		return HistoryLevel{}
	}
	for _, l := range h.Levels {
		if l.Level == level {
			return l
		}
	}
	return HistoryLevel{}
}
