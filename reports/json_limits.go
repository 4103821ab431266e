package reports

import (
	"github.com/tollgate-dev/tollgate/internal/sweep"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// jsonLimits are the detection limits of a sweep.
type jsonLimits struct {
	Fault       string      `json:"fault"`
	Param       string      `json:"param"`       // that was swept: of the fault, or catch.rate or catch.hold
	Unit        string      `json:"unit"`        // of every size: share, ms, s, or a word such as records; "" for a plain number
	Falls       bool        `json:"falls"`       // the fault grows as the number falls
	Repeats     int         `json:"repeats"`     // passes of every size
	Probability number      `json:"probability"` // with which a fault of the size of the limit is detected
	Confidence  number      `json:"confidence"`  // of the intervals
	Levels      []jsonLimit `json:"levels"`
}

type jsonLimit struct {
	Level    string       `json:"level"`
	Limit    number       `json:"limit"`          // null where the sizes do not enclose it
	Lo       number       `json:"lo"`             // of its interval; null where that is open
	Hi       number       `json:"hi"`             // likewise
	Censored string       `json:"censored"`       // where the limit is: "" among the sizes, above (a larger fault), below, or unknown
	LeftOut  int          `json:"left_out"`       // passes that are no trial
	Points   []jsonTrials `json:"points"`         // by size, the smallest fault first
	Note     int          `json:"note,omitempty"` // 1-based index into notes
}

type jsonTrials struct {
	Size     number `json:"size"`
	Detected int    `json:"detected"` // of those that were tried
	Tried    int    `json:"tried"`
}

// jsonLimitsOf is nil without a sweep.
func jsonLimitsOf(a *verdict.Analysis, notes *footnotes) *jsonLimits {
	s := a.Run.Sweep
	if s == nil {
		return nil
	}
	out := &jsonLimits{s.Fault, s.Param, s.Unit, s.Falls, s.Repeats, sweep.Probability, sweep.Confidence, []jsonLimit{}}
	for _, l := range a.Limits {
		one := jsonLimit{l.Level, number(l.Size), number(l.Lo), number(l.Hi), l.Censored, l.LeftOut, []jsonTrials{}, notes.number(l.Note)}
		for _, p := range l.Points {
			one.Points = append(one.Points, jsonTrials{number(p.Size), p.Detected, p.Tried})
		}
		out.Levels = append(out.Levels, one)
	}
	return out
}
