package reports

import (
	"fmt"
	"html/template"
	"math"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func capacitySection(a *verdict.Analysis) []section {
	if a.Capacity == nil {
		return nil
	}
	out := table{Columns: heads(true, "level", "capacity, requests/s", "interval", "change", "slots"), Label: "Capacity", Class: "numbers",
		Only:    inText | inMarkdown | inHTML,
		Caption: "Every arm searched for its own limit, in turn with the others; a void slot was spoiled by the load generator"}
	var records []map[string]any
	for _, arm := range a.Capacity.Arms {
		rate, interval := capacityRate(arm)
		out.Rows = append(out.Rows, []cell{armCell(arm.Arm), {Text: rate, Note: arm.Effect.Note}, {Text: interval},
			{Text: capacityChange(arm)}, {Text: capacitySlots(arm)}})
		// Like the toll. The rounds are launches; where no limit was found, saw says as much.
		record := ofMetric(ofArm(map[string]any{"value": arm.Effect.Value, "saw": arm.Bound}, arm.Arm), arm.Effect.Metric)
		if arm.Arm.Role != result.RoleBaseline {
			record = ofEffect(record, arm.Effect)
		}
		records = append(records, record)
	}
	text := capacityLead(a)
	return []section{{ID: "capacity", Heading: "The capacity", Short: true, Blocks: []block{
		lead{Only: inText | inMarkdown, Text: say(text)},
		lead{Only: inHTML, Text: say("how much can each level take: " + text)},
		picture{capacityForest(a)},
		out,
		recordsOf(records),
	}}}
}

// capacityLead says what the capacity is, in one sentence.
func capacityLead(a *verdict.Analysis) string {
	c := a.Capacity
	return fmt.Sprintf("the highest offered rate at which p99 of %s, over the requests of one slot, is at most %s and at least %s %% of the requests are answered without error; "+
		"change over %s, both with their %s intervals", c.Step, amount(c.Plan.SLOP99.Seconds(), verdict.Seconds),
		fixed(100*c.Plan.SLOShare, digits(100*c.Plan.SLOShare, 3)), baselineArm(a).Level, confidence(a))
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
	return panelsOf(panel(head(m), "", forest("capacity-change", &shown, m, forestAxis(&shown, []verdict.Metric{m}))))
}
