package reports

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderMarkdown writes the report as GitHub-flavoured Markdown, short enough to be read in a pull request: the
// details are folded.
func renderMarkdown(a *verdict.Analysis) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s tollgate: %s\n\n", outcomeMark(a.Outcome), markdown(string(a.Outcome)))
	fmt.Fprintf(&b, "**%s**\n\n", markdown(meaning(a.Outcome)))
	for _, reason := range a.Reasons {
		b.WriteString("- " + markdown(reason) + "\n")
	}
	if why := unfinished(a.Run); why != "" {
		b.WriteString("- " + markdown(why) + "\n")
	}
	markdownToll(&b, a)
	markdownCapacity(&b, a)
	if a.Catch != nil {
		markdownCatch(&b, a)
	}
	markdownDetails(&b, a)
	return []byte(b.String()), nil
}

func markdownToll(b *strings.Builder, a *verdict.Analysis) {
	metrics := mainMetrics(a)
	if len(metrics) == 0 {
		return
	}
	base := baselineArm(a)
	fmt.Fprintf(b, "\n### The toll\n\nChange over %s with its %s interval; `~` means no significant change.\n\n", markdown(base.Level), confidence(a))
	named := func(name, note string) string {
		if note == "" {
			return name
		}
		return name + " (" + note + ")"
	}
	markdownTable(b, tollTable(a, metrics, named), "---:")
	if metrics := costMetrics(a); len(metrics) > 0 {
		b.WriteString("\n<details><summary>Cost</summary>\n\n")
		if text := atRest(a); text != "" {
			b.WriteString(markdown(text) + "\n\n")
		}
		markdownTable(b, tollTable(a, metrics, named), "---:")
		b.WriteString("\n</details>\n")
	}
	if a.Money != nil {
		markdownMoney(b, a.Money)
	}
}

func markdownCapacity(b *strings.Builder, a *verdict.Analysis) {
	if a.Capacity == nil {
		return
	}
	lead := capacityLead(a)
	b.WriteString("\n### The capacity\n\n" + markdown(strings.ToUpper(lead[:1])+lead[1:]) + ".\n\n")
	rows := capacityRows(a, " (")
	for _, row := range rows {
		if strings.Contains(row[0], " (") {
			row[0] += ")"
		}
	}
	markdownTable(b, rows, "---:")
}

func markdownCatch(b *strings.Builder, a *verdict.Analysis) {
	c := a.Catch
	b.WriteString("\n### The catch\n\nTime to detect and the first expected alert.\n\n")
	rows := [][]string{append([]string{"fault"}, c.Levels...)}
	for _, f := range c.Faults {
		row := []string{f.Fault.ID}
		for i := range c.Levels {
			line, alert := cellWords(cellAt(f, i))
			row = append(row, strings.TrimSpace(stateMark(cellAt(f, i).State)+" "+line+" "+alert)+noteMark(a, cellAt(f, i).Note))
		}
		rows = append(rows, row)
	}
	markdownTable(b, rows, "---")
}

func markdownDetails(b *strings.Builder, a *verdict.Analysis) {
	if len(a.Controls) > 0 {
		b.WriteString("\n<details><summary>Controls</summary>\n\n")
		rows := [][]string{{"control", "seen", "wanted"}}
		for _, c := range a.Controls {
			saw := c.Saw
			if !c.OK && c.Remedy != "" {
				saw += "; remedy: " + c.Remedy
			}
			rows = append(rows, []string{controlMark(c) + " " + c.Name, saw, c.Want})
		}
		markdownTable(b, rows, "---")
		b.WriteString("\n</details>\n")
	}
	if len(a.Budgets) > 0 {
		b.WriteString("\n<details><summary>Budgets</summary>\n\n")
		rows := [][]string{{"budget", "level", "result"}}
		for _, r := range a.Budgets {
			rows = append(rows, []string{r.Budget.Text, r.Level, outcomeMark(r.Outcome) + " " + r.Sentence})
		}
		markdownTable(b, rows, "---")
		if text := looks(a); text != "" {
			b.WriteString("\n" + markdown(text) + "\n")
		}
		b.WriteString("\n</details>\n")
	}
	if a.Catch != nil && len(a.Catch.Faults) > 0 {
		b.WriteString("\n<details><summary>Fault by fault</summary>\n")
		for _, f := range a.Catch.Faults {
			fmt.Fprintf(b, "\n**%s**: %s\n\n", markdown(f.Fault.ID), markdown(f.Fault.Title))
			if f.Fault.Skipped != "" {
				b.WriteString("- skipped: " + markdown(f.Fault.Skipped) + "\n")
				continue
			}
			for _, s := range storiesOf(a, f) {
				fmt.Fprintf(b, "- %s %s: %s\n", stateMark(s.state), markdown(strings.Join(s.levels, ", ")), markdown(s.text))
			}
		}
		b.WriteString("\n</details>\n")
	}
	b.WriteString("\n<details><summary>Run, machine and notes</summary>\n\n")
	for _, line := range []string{
		fmt.Sprintf("run %s, %s; profile %s, environment %s, seed %d", a.Run.ID, stamp(a.Run.Started), a.Run.Profile, a.Run.Environment, a.Run.Seed),
		measured(a.Run), machine(a.Run.Machine), "tollgate " + a.Run.Tool.Version + ", " + a.Run.Tool.Go,
	} {
		b.WriteString("- " + markdown(line) + "\n")
	}
	for _, line := range startUps(a.Run) {
		b.WriteString("- " + markdown(line) + "\n")
	}
	for i, note := range notesOf(a).texts {
		fmt.Fprintf(b, "- note \\[%d\\]: %s\n", i+1, markdown(note))
	}
	for _, warning := range a.Run.Warnings {
		b.WriteString("- warning: " + markdown(warning) + "\n")
	}
	b.WriteString("\n</details>\n")
}

// markdownTable writes rows, the first of which is the head, escaped. Align is the marker of all columns but the first.
func markdownTable(b *strings.Builder, rows [][]string, align string) {
	for i, row := range rows {
		for _, cell := range row {
			b.WriteString("| " + markdown(cell) + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString("| --- |" + strings.Repeat(" "+align+" |", len(row)-1) + "\n")
		}
	}
}

var (
	markdownSpecial = regexp.MustCompile("[\\\\`*_{}\\[\\]#|~!]")
	// What GitHub links by itself, and whom it would notify.
	markdownMention = regexp.MustCompile(`@|://|www\.`)
)

// markdown escapes text so that it is shown as it stands: no markup, no HTML, no end of a table cell, nobody notified.
func markdown(s string) string {
	s = html.EscapeString(markdownSpecial.ReplaceAllString(s, `\$0`))
	s = strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(s)
	return markdownMention.ReplaceAllStringFunc(s, func(m string) string { return m[:1] + "\u200b" + m[1:] })
}
