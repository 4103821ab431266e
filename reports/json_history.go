package reports

import "github.com/tollgate-dev/tollgate/internal/core/result"

// jsonHistory is synthetic history before recorded series.
type jsonHistory struct {
	Length number             `json:"length_seconds"` // in the rules' own time
	Alerts []string           `json:"alerts"`         // that were judged on it
	Levels []jsonHistoryLevel `json:"levels"`
}

// jsonHistoryLevel is what the history of one level was made of. Times are those of the run.
type jsonHistoryLevel struct {
	Level   string  `json:"level"`
	Began   *string `json:"began"`         // the first recorded sample, before which the history ends
	Windows int     `json:"windows"`       // clean windows that were resampled
	Clean   number  `json:"clean_seconds"` // all of them together
	Block   number  `json:"block_seconds"` // the stretches that were drawn from them
}

func jsonHistoryOf(h *result.History) *jsonHistory {
	if h == nil {
		return nil
	}
	out := &jsonHistory{Length: inSeconds(h.Length), Alerts: listed(h.Alerts), Levels: []jsonHistoryLevel{}}
	for _, l := range h.Levels {
		out.Levels = append(out.Levels, jsonHistoryLevel{l.Level, moment(l.Began), l.Windows, inSeconds(l.Clean), inSeconds(l.Block)})
	}
	return out
}
