package reports

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// answerSection is what the page shows first: the headline, a row per level with what it costs and catches, and one picture of the same.
func answerSection(a *verdict.Analysis) []section {
	var blocks []block
	for i, sentence := range headline(a) {
		class := "further"
		if i == 0 {
			class = "headline"
		}
		blocks = append(blocks, para{Text: say(sentence), Class: class})
	}
	if t := glanceTable(a); t.filled() {
		blocks = append(blocks, t)
	}
	if svg := glancePicture(a); svg != "" {
		blocks = append(blocks, picture{`<div class="beside">` + svg + `</div>`})
	}
	return []section{{ID: "answer", Heading: "What the run shows", Only: inHTML, First: true, Blocks: blocks}}
}

// glanceTable has a row per level: what it costs in a few metrics, how many faults it detects, how many it diagnoses.
func glanceTable(a *verdict.Analysis) table {
	metrics, _ := measuredOf(a, glanceMetrics(a))
	base := baselineArm(a)
	out := table{Columns: heads(true, "level"), Label: "The levels at a glance", Class: "numbers glance", Silent: inHTML}
	if len(metrics) > 0 {
		out.Caption = fmt.Sprintf("Change over %s with its %s interval; %s: no significant change. ", base.Level, confidence(a), same)
	}
	out.Caption += faultCounts(a.Catch)
	for _, m := range metrics {
		out.Columns = append(out.Columns, column{Head: cell{Text: head(m)}, Right: true})
	}
	if a.Frontier != nil {
		out.Columns = append(out.Columns, heads(true, "", "detected", "diagnosed")[1:]...)
	}
	for _, level := range levelsOf(a) {
		row := []cell{glanceLevel(a, level)}
		for _, m := range metrics {
			row = append(row, glanceCost(a, level, m))
		}
		if a.Frontier != nil {
			row = append(row, glanceCatch(a.Frontier, level)...)
		}
		if len(row) > 1 {
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

// glanceMetrics are few, and of the latencies only the one that every decision needs and the one that the headline names.
func glanceMetrics(a *verdict.Analysis) []verdict.Metric {
	few := placed(metricsOf(a), func(m verdict.Metric) int { return m.Few })
	return slices.DeleteFunc(few, func(m verdict.Metric) bool { return m.Latency && !m.Vital && m.Frontier == 0 })
}

// levelsOf are the levels that a run has something of, the baseline first.
func levelsOf(a *verdict.Analysis) []string {
	var out []string
	if len(a.Toll) > 0 {
		out = append(out, baselineArm(a).Level)
	}
	for _, t := range a.Toll {
		if t.Arm.Role == result.RoleLevel {
			out = append(out, t.Arm.Level)
		}
	}
	if a.Frontier != nil {
		for _, p := range a.Frontier.Points {
			if !slices.Contains(out, p.Level) {
				out = append(out, p.Level)
			}
		}
	}
	return out
}

// glanceLevel names a level, and says what it was chosen for.
func glanceLevel(a *verdict.Analysis, level string) cell {
	out := levelCell(level)
	if level == baselineArm(a).Level {
		out.Role = "baseline"
	}
	f := a.Frontier
	if f == nil {
		return out
	}
	var chosen []string
	if len(f.Choices) > 0 && f.By.ID != "" {
		for _, of := range []struct{ level, does string }{{f.Choices[0].Detects.Level, "detect"}, {f.Choices[0].Diagnoses.Level, "diagnose"}} {
			if of.level == level {
				chosen = append(chosen, of.does)
			}
		}
	}
	if len(chosen) > 0 {
		out.Gloss = append(out.Gloss, "cheapest to "+join(chosen))
	}
	if at := pointOf(f, level); at >= 0 && len(f.Points[at].DominatedBy) > 0 {
		out.Gloss = append(out.Gloss, "dominated by "+join(f.Points[at].DominatedBy))
	}
	return out
}

// glanceCost is what a level costs of a metric: of the baseline what it uses.
func glanceCost(a *verdict.Analysis, level string, m verdict.Metric) cell {
	if level == baselineArm(a).Level {
		return cell{Text: valueOf(baselineOf(a, m), m)}
	}
	for _, t := range a.Toll {
		if t.Arm.Role == result.RoleLevel && t.Arm.Level == level {
			return effectCell(tollCell(t, m), effectOf(t, m))
		}
	}
	return cell{Text: unknown}
}

// effectCell is an effect in words, its interval below it, in the colour of what it means.
func effectCell(text string, e verdict.Effect) cell {
	out := cell{Class: "same", Note: e.Note}
	estimate, interval, both := strings.Cut(text, " [")
	if out.Text = estimate; both {
		out.Gloss = []string{"[" + interval}
	}
	switch {
	case !e.Significant:
	case (e.Diff.Mid > 0) != e.Metric.MoreIsBetter: // it costs more
		out.Class = "more"
	default:
		out.Class = "less"
	}
	return out
}

// glanceCatch are the shares of the judged faults that a level detects and diagnoses, and how many could not be judged there.
func glanceCatch(f *verdict.Frontier, level string) []cell {
	at := pointOf(f, level)
	if at < 0 {
		return texts(unknown, unknown)
	}
	of := f.Points[at].Catch
	var out []cell
	for _, s := range []catch.Share{of.Detected, of.Diagnosed} {
		c := shareCell(s)
		if iv := s.Interval; len(c.Gloss) > 0 {
			c.Gloss = []string{fmt.Sprintf("[%s, %s] %%", fixed(100*iv.Lo, 0), fixed(100*iv.Hi, 0))} // the share itself is in the text
		}
		out = append(out, c)
	}
	if open := len(of.Scores) - int(of.Detected.Of); open > 0 && len(out[0].Gloss) > 0 {
		out[0].Gloss = append(out[0].Gloss, fmt.Sprintf("%d not judged", open))
	}
	return out
}

// glancePicture is the frontier; without one the change of the first metric of the table, without any change "".
func glancePicture(a *verdict.Analysis) template.HTML {
	if a.Frontier != nil {
		if svg := frontierPicture(a); svg != "" {
			return svg
		}
	}
	for _, m := range glanceMetrics(a) {
		for _, t := range a.Toll {
			if known(effectOf(t, m).Ratio.Mid) {
				return panelsOf(panel(m.Title, string(m.Per), forest("glance", a, m, forestAxis(a, []verdict.Metric{m})))) + forestLegend
			}
		}
	}
	return ""
}

// faultCounts says what became of the faults of a run, in counts that add up: "4 faults: 3 judged, 1 injects nothing (none)". A fault of
// several passes counts once, and as judged where one pass was at one level. "" without faults.
func faultCounts(m *catch.Matrix) string {
	if m == nil || len(m.Faults) == 0 {
		return ""
	}
	fates := []string{"judged", "injects nothing", "not confirmed", "skipped", "not finished", "without a result"}
	names := map[string][]string{} // by fate
	var seen []string
	for _, row := range m.Faults {
		if slices.Contains(seen, row.Fault.ID) {
			continue
		}
		seen = append(seen, row.Fault.ID)
		fate := fateOf(m, row.Fault)
		names[fate] = append(names[fate], row.Fault.ID)
	}
	var told []string
	for _, fate := range fates {
		switch of := names[fate]; {
		case len(of) == 0:
		case fate == "judged":
			told = append(told, fmt.Sprintf("%d judged", len(of)))
		case len(of) > 5: // the matrix has them all
			told = append(told, fmt.Sprintf("%d %s", len(of), fate))
		default:
			told = append(told, fmt.Sprintf("%d %s (%s)", len(of), fate, strings.Join(of, ", ")))
		}
	}
	return count(len(seen), "fault") + ": " + strings.Join(told, ", ") + "."
}

// fateOf is what became of a fault over all its passes and levels.
func fateOf(m *catch.Matrix, of result.Fault) string {
	if of.ID == result.NoFault {
		return "injects nothing"
	}
	var first catch.State
	for _, row := range m.Faults {
		if row.Fault.ID != of.ID {
			continue
		}
		for _, c := range row.Cells {
			if c.State.Judged() {
				return "judged"
			}
			first = cmp.Or(first, c.State)
		}
	}
	switch {
	case of.Skipped != "" || first == catch.Skipped:
		return "skipped"
	case first == catch.Unconfirmed:
		return "not confirmed"
	case first == catch.Unfinished:
		return "not finished"
	default:
		return "without a result"
	}
}
