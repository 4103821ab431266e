package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// jsonHop is what one hop of an answer takes by itself, without the hops within it.
type jsonHop struct {
	Name    string        `json:"name"`    // as the answers name it; "" for what is outside
	Outside bool          `json:"outside"` // what no hop took: the way between the load generator and the system
	Share   number        `json:"share"`   // of the baseline's answers that have it, in [0, 1]
	Doubt   string        `json:"doubt"`   // what makes the numbers doubtful; "" if nothing does
	Toll    []jsonArmToll `json:"toll"`    // the median and the 95th percentile of the times, by arm; the baseline first
}

func jsonHopsOf(a *verdict.Analysis, notes *footnotes) []jsonHop {
	out := []jsonHop{}
	for _, h := range a.Hops {
		out = append(out, jsonHop{h.Name, h.Outside, number(h.Share), h.Note, jsonArmTolls(baselineArm(a), h.Baseline, h.Toll, notes)})
	}
	return out
}
