package reports

import (
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// breakdownSection is what the cost of every level is made of: CPU time by service, and telemetry by signal.
func breakdownSection(a *verdict.Analysis) []section {
	if len(a.Parts) == 0 {
		return nil
	}
	services := partsTable(a.Parts, "CPU by service", strings.TrimSpace("CPU time per 1,000 requests by service. "+atRest(a)),
		func(b verdict.Breakdown) []verdict.Amount { return b.Services })
	signals := partsTable(a.Parts, "Telemetry by signal", "Telemetry per 1,000 requests by signal, and the most active series that there were; below each how much more than at the level above it.",
		func(b verdict.Breakdown) []verdict.Amount { return b.Signals })
	var records []map[string]any
	for _, b := range a.Parts {
		records = append(records, partRecords(b, "service_cpu", b.Services)...)
		records = append(records, partRecords(b, "signal", b.Signals)...)
	}
	return []section{{ID: "parts", Heading: "Where it goes", Only: inHTML | inCSV, Sub: true, Blocks: []block{
		lead{Only: inHTML, Text: say("what each level is made of, in means over launches")},
		services, signals, recordsOf(records),
	}}}
}

// nothing is an amount that noise has made less than 0: not more than at rest.
const nothing = "≈ 0"

// partsTable has a row for every level and a column for every part.
func partsTable(all []verdict.Breakdown, label, caption string, parts func(verdict.Breakdown) []verdict.Amount) table {
	out := table{Only: inHTML, Columns: heads(true, "Level"), Label: label, Class: "numbers", Caption: caption}
	if len(parts(all[0])) == 0 {
		return out
	}
	for _, p := range parts(all[0]) {
		out.Columns = append(out.Columns, column{Head: cell{Text: p.Of}, Right: true})
	}
	for _, b := range all {
		row := []cell{armCell(b.Arm)}
		for _, p := range parts(b) {
			c := cell{Text: amount(p.Value, p.Unit)}
			if p.Value < 0 {
				c.Text = nothing
			}
			if p.Over != 0 && known(p.Over) {
				s := scaleOf(p.Over, p.Unit)
				c.Gloss = []string{signed(p.Over/s.size, digits(p.Over/s.size, 2)) + s.suffix}
			}
			row = append(row, c)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func partRecords(b verdict.Breakdown, metric string, parts []verdict.Amount) []map[string]any {
	var out []map[string]any
	for _, p := range parts {
		out = append(out, ofArm(map[string]any{"metric": metric, "item": p.Of, "unit": string(p.Unit), "value": p.Value, "over_level_before": p.Over}, b.Arm))
	}
	return out
}
