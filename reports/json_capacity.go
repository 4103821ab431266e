package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// jsonCapacity is the capacity in report.json.
type jsonCapacity struct {
	SLOP99   number            `json:"slo_p99_seconds"` // limit of the 99th percentile of the response time of a slot
	SLOShare number            `json:"slo_share"`       // of the requests, that must be answered without error
	Step     string            `json:"step"`            // whose response time it is
	Launches int               `json:"launches"`        // that were searched in to an end
	Arms     []jsonArmCapacity `json:"arms"`            // the baseline first
}

type jsonArmCapacity struct {
	Arm         jsonArm       `json:"arm"`
	Rate        *jsonInterval `json:"rate"`            // requests per second
	Bound       string        `json:"bound,omitempty"` // in words, where no limit was found
	Diff        *jsonInterval `json:"diff"`            // arm − baseline, requests per second
	Ratio       *jsonInterval `json:"ratio"`           // arm / baseline − 1
	Significant bool          `json:"significant"`     // the interval excludes 0
	Detectable  number        `json:"detectable"`      // the smallest ratio that this run could have seen
	Slots       int           `json:"slots"`           // that were judged, void ones included
	Void        int           `json:"void"`            // of these, spoiled by the load generator
	Note        int           `json:"note,omitempty"`  // 1-based index into notes
}

func jsonCapacityOf(c *verdict.Capacity, notes *footnotes) *jsonCapacity {
	if c == nil {
		return nil
	}
	out := &jsonCapacity{inSeconds(c.Plan.SLOP99), number(c.Plan.SLOShare), c.Step, c.Launches, []jsonArmCapacity{}}
	for _, a := range c.Arms {
		out.Arms = append(out.Arms, jsonArmCapacity{
			jsonArmOf(a.Arm), jsonIntervalOf(a.Rate), a.Bound, jsonIntervalOf(a.Effect.Diff), jsonIntervalOf(a.Effect.Ratio),
			a.Effect.Significant, number(a.Effect.Detectable), a.Slots, a.Void, notes.number(a.Effect.Note),
		})
	}
	return out
}
