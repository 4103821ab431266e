package reports

import (
	"fmt"
	"html/template"
	"math"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// capacityLead says what the capacity is, in one sentence.
func capacityLead(a *verdict.Analysis) string {
	c := a.Capacity
	return fmt.Sprintf("the highest offered rate at which p99 of %s is at most %s and at least %s %% of the requests are answered without error; "+
		"change over %s, both with their %s intervals", c.Step, amount(c.Plan.SLOP99.Seconds(), verdict.Seconds),
		fixed(100*c.Plan.SLOShare, digits(100*c.Plan.SLOShare, 3)), baselineArm(a).Level, confidence(a))
}

// capacityRows is the table of the capacity; the first row is its head. Between an arm's name and what it is for stands sep.
func capacityRows(a *verdict.Analysis, sep string) [][]string {
	rows := [][]string{{"level", "capacity, requests/s", "interval", "change", "slots"}}
	for _, arm := range a.Capacity.Arms {
		name, note := arm.Arm.Name, armNote(arm.Arm)
		if note != "" {
			name += sep + note
		}
		rate, interval := capacityRate(arm)
		rows = append(rows, []string{name, rate + noteMark(a, arm.Effect.Note), interval, capacityChange(arm), capacitySlots(arm)})
	}
	return rows
}

// capacityRate is the rate of an arm and its interval: "1,040" and "[930, 1,160]".
func capacityRate(arm verdict.ArmCapacity) (rate, interval string) {
	switch r := arm.Rate; {
	case arm.Bound != "":
		return arm.Bound, ""
	case !known(r.Mid):
		return unknown, ""
	case !known(r.Lo) || !known(r.Hi) || math.IsInf(r.Hi-r.Lo, 0):
		return fixed(r.Mid, digits(r.Mid, 3)), "unknown"
	default:
		digits3 := func(x float64) string { return fixed(x, digits(x, 3)) }
		return digits3(r.Mid), "[" + digits3(r.Lo) + ", " + digits3(r.Hi) + "]"
	}
}

func capacityChange(arm verdict.ArmCapacity) string {
	switch arm.Arm.Role {
	case result.RoleBaseline:
		return ""
	case result.RoleRepeat:
		return noise(arm.Effect)
	default:
		return effect(arm.Effect)
	}
}

// capacitySlots says how many slots are behind an arm's capacity: "48", or "48, 3 void".
func capacitySlots(arm verdict.ArmCapacity) string {
	if arm.Void == 0 {
		return fmt.Sprint(arm.Slots)
	}
	return fmt.Sprintf("%d, %d void", arm.Slots, arm.Void)
}

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

// capacityForest draws the change of the capacity at every arm, as the toll's metrics are drawn; "" where none is known.
func capacityForest(a *verdict.Analysis) template.HTML {
	if a.Capacity == nil {
		return ""
	}
	shown, plottable := *a, false
	shown.Toll = nil
	for _, arm := range a.Capacity.Arms {
		if arm.Arm.Role != result.RoleBaseline {
			shown.Toll = append(shown.Toll, verdict.LevelToll{Arm: arm.Arm, Effects: []verdict.Effect{arm.Effect}})
			plottable = plottable || known(arm.Effect.Ratio.Mid)
		}
	}
	if !plottable {
		return ""
	}
	m := shown.Toll[0].Effects[0].Metric
	return forest("capacity-change", &shown, m, forestAxis(&shown, []verdict.Metric{m}))
}
