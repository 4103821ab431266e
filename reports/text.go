package reports

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderText writes the report for a terminal: at most 100 columns, no colour, the same in a log.
func renderText(a *verdict.Analysis) ([]byte, error) {
	var b strings.Builder
	textHeader(&b, a)
	textControls(&b, a)
	textBudgets(&b, a)
	textToll(&b, a)
	if a.Money != nil {
		textMoney(&b, a.Money)
	}
	textCapacity(&b, a)
	if a.Catch != nil {
		textCatch(&b, a, a.Catch)
	}
	textNotes(&b, a)
	return []byte(b.String()), nil
}

func textHeader(b *strings.Builder, a *verdict.Analysis) {
	r := a.Run
	b.WriteString(wrap("", "  ", fmt.Sprintf("run %s: profile %s, environment %s, seed %d", r.ID, r.Profile, r.Environment, r.Seed)))
	b.WriteString(wrap("  ", "  ", measured(r)))
	b.WriteString(wrap("  ", "  ", "on "+machine(r.Machine)))
	if why := unfinished(r); why != "" {
		b.WriteString(wrap("  ", "  ", why))
	}
	b.WriteString("\n" + wrap("", "  ", fmt.Sprintf("verdict: %s %s (%s)", outcomeMark(a.Outcome), strings.ToUpper(string(a.Outcome)), meaning(a.Outcome))))
	for _, reason := range a.Reasons {
		b.WriteString(wrap("  - ", "    ", reason))
	}
}

func textControls(b *strings.Builder, a *verdict.Analysis) {
	if len(a.Controls) == 0 {
		return
	}
	b.WriteString("\ncontrols\n")
	for _, c := range a.Controls {
		b.WriteString(wrap("  "+controlMark(c)+" ", "    ", fmt.Sprintf("%s: %s (want: %s)", c.Name, c.Saw, c.Want)))
		if !c.OK && c.Remedy != "" {
			b.WriteString(wrap("      ", "      ", "remedy: "+c.Remedy))
		}
	}
}

func textBudgets(b *strings.Builder, a *verdict.Analysis) {
	for i, r := range a.Budgets {
		if i == 0 {
			b.WriteString("\nbudgets\n")
		}
		b.WriteString(wrap("  "+outcomeMark(r.Outcome)+" ", "    ", r.Sentence))
	}
	if text := looks(a); text != "" {
		b.WriteString(wrap("  ", "  ", text))
	}
}

func textToll(b *strings.Builder, a *verdict.Analysis) {
	metrics := mainMetrics(a)
	if len(metrics) == 0 {
		return
	}
	base := baselineArm(a)
	b.WriteString("\n" + wrap("", "", fmt.Sprintf("the toll: change over %s, with its %s interval; %s means no significant change",
		base.Level, confidence(a), same)) + "\n")
	named := func(name, note string) string { return strings.TrimRight(name+"\n"+note, "\n") }
	b.WriteString(grid(tollTable(a, metrics, named)).String())
	b.WriteString("\n" + wrap("", "", "noise floor: the interval of the same level measured twice. "+
		"detectable: a change of this size would have been seen at every level. "+atRest(a)))
	if metrics := costMetrics(a); len(metrics) > 0 {
		b.WriteString("\n" + wrap("", "", "cost: what else changes over "+base.Level) + "\n" + grid(tollTable(a, metrics, named)).String())
	}
}

func textCapacity(b *strings.Builder, a *verdict.Analysis) {
	if a.Capacity == nil {
		return
	}
	b.WriteString("\n" + wrap("", "", "the capacity: "+capacityLead(a)) + "\n")
	b.WriteString(grid(capacityRows(a, "\n")).String())
}

// tollCell is an effect as tables show it: the repeated baseline as the noise floor, the known delay and money in their own
// unit.
func tollCell(t verdict.LevelToll, m verdict.Metric) string {
	e := effectOf(t, m)
	if m.InUnit {
		e.Ratio = verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	}
	switch {
	case t.Arm.Role == result.RoleRepeat:
		return noise(e)
	case t.Arm.Role == result.RoleKnownDelay && m.Latency && e.Significant:
		return difference(e)
	default:
		return effect(e)
	}
}

func textCatch(b *strings.Builder, a *verdict.Analysis, c *catch.Matrix) {
	b.WriteString("\nthe catch: time to detect and the first expected alert\n\n")
	table := grid{append([]string{"fault"}, c.Levels...)}
	for _, f := range c.Faults {
		row := []string{f.Fault.ID}
		for i := range c.Levels {
			line, alert := cellWords(cellAt(f, i))
			row = append(row, strings.TrimSpace(stateMark(cellAt(f, i).State)+" "+line+"\n"+alert))
		}
		table = append(table, row)
	}
	b.WriteString(table.folded(40, 22, 18, 16))
	for _, f := range c.Faults {
		b.WriteString("\n" + wrap("", "  ", f.Fault.ID+": "+f.Fault.Title))
		if f.Fault.Felt != "" {
			b.WriteString(wrap("  ", "  ", "felt as: "+f.Fault.Felt))
		}
		if f.Fault.Skipped != "" {
			b.WriteString(wrap("  ", "  ", "skipped: "+f.Fault.Skipped))
			continue
		}
		for _, s := range storiesOf(a, f) {
			b.WriteString(wrap("  "+stateMark(s.state)+" ", "      ", strings.Join(s.levels, ", ")+": "+s.text))
		}
	}
}

func textNotes(b *strings.Builder, a *verdict.Analysis) {
	for i, line := range startUps(a.Run) {
		if i == 0 {
			b.WriteString("\nstart-up\n")
		}
		b.WriteString(wrap("  - ", "    ", line))
	}
	for i, note := range notesOf(a).texts {
		if i == 0 {
			b.WriteString("\nnotes\n")
		}
		b.WriteString(wrap(fmt.Sprintf("  [%d] ", i+1), "      ", note))
	}
	for i, warning := range a.Run.Warnings {
		if i == 0 {
			b.WriteString("\nwarnings\n")
		}
		b.WriteString(wrap("  - ", "    ", warning))
	}
	var files []string
	for _, f := range All() {
		if f.File != "" {
			files = append(files, f.File)
		}
	}
	b.WriteString("\n" + wrap("", "  ", "reports of this run, in its directory: "+strings.Join(files, ", ")))
}

// Verdict writes the first part of the text report: the verdict with its reasons, the controls and the budgets.
func Verdict(w io.Writer, a *verdict.Analysis) error {
	var b strings.Builder
	textHeader(&b, a)
	textControls(&b, a)
	textBudgets(&b, a)
	_, err := io.WriteString(w, b.String())
	return err
}
