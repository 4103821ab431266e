package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// jsonCapacity is the capacity in report.json.
type jsonCapacity struct {
	SLOP99   number            `json:"slo_p99_seconds"`
	SLOShare number            `json:"slo_share"`
	Step     string            `json:"step"`
	Launches int               `json:"launches"`
	Arms     []jsonArmCapacity `json:"arms"`
}

type jsonArmCapacity struct {
	Arm         jsonArm       `json:"arm"`
	Rate        *jsonInterval `json:"rate"`
	Bound       string        `json:"bound,omitempty"`
	Diff        *jsonInterval `json:"diff"`
	Ratio       *jsonInterval `json:"ratio"`
	Significant bool          `json:"significant"`
	Detectable  number        `json:"detectable"`
	Slots       int           `json:"slots"`
	Void        int           `json:"void"`
	Note        int           `json:"note,omitempty"`
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
