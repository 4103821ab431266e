package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// opened is what happened in one cell of the matrix, for the page.
type opened struct {
	ID          string // anchor on the page
	Level       string
	Sign, State string
	Blocks      []block
}

func (opened) shownIn(f formats) bool { return f == inHTML }
func (opened) filled() bool           { return true }
func (opened) Kind() string           { return "opened" }

// faultPages are the passes as the page shows them, in the order of its matrix.
func faultPages(a *verdict.Analysis) []block {
	m, at := a.Catch, anchorsOf(a.Catch)
	out := []block{picture{timelineLegend}}
	if len(m.Stories) > 0 {
		out = append(out, para{Only: inHTML, Text: say("Times of moments are since the injection; in brackets, as the alert rules count them" + lapseWords(a.Run.Lapse) + ".")})
	}
	for _, i := range byKind(m) {
		out = append(out, faultPage(m, at, i))
	}
	return out
}

// faultPage is one pass: what was known of it beforehand, its timeline, what users felt, and every cell.
func faultPage(m *catch.Matrix, at anchors, i int) folded {
	f := m.Faults[i]
	out := folded{ID: at.faults[i], Summary: words{}.code(f.Name()).say(" " + f.Fault.Title + ": ").strong(faultTally(m, f))}
	if f.Fault.Skipped != "" {
		out.Blocks = []block{para{Text: words{}.strong("Skipped:").say(" " + f.Fault.Skipped)}}
		return out
	}
	story := storyOfPass(m, f)
	out.Blocks = append(muted(faultWords(f)),
		picture{timelineFigure(f.Name(), timeline(fmt.Sprintf("timeline-%d", i+1), m.Levels, f, story))},
		feltDetails(f),
	)
	for level, name := range m.Levels {
		c := cellAt(f, level)
		state := string(c.State)
		if state == "" {
			state = unknown
		}
		out.Blocks = append(out.Blocks, opened{ID: at.cells[i][level], Level: name, Sign: stateMark(c.State), State: state,
			Blocks: cellBlocks(f, c, story, level)})
	}
	return out
}

// faultTally counts the levels of a pass by how they did.
func faultTally(m *catch.Matrix, f catch.Row) string {
	if f.Fault.Skipped != "" {
		return "skipped"
	}
	var out []string
	for _, state := range statesOf(&catch.Matrix{Faults: []catch.Row{f}}) {
		others := slices.DeleteFunc(slices.Clone(f.Cells), func(c catch.Cell) bool { return c.State == state })
		out = append(out, fmt.Sprintf("%s at %d", state, len(f.Cells)-len(others)))
	}
	if len(out) == 0 {
		return unknown
	}
	return strings.Join(out, ", ") + " of " + count(len(m.Levels), "level")
}

// faultWords are what is known of a fault beforehand.
func faultWords(f catch.Row) words {
	var text string
	for _, part := range []struct{ name, says string }{
		{"Felt as", f.Fault.Felt}, {"Expected alerts", strings.Join(f.Fault.Expect, ", ")}, {"Explained by it", strings.Join(f.Fault.Allow, ", ")},
	} {
		if part.says != "" {
			text += part.name + ": " + part.says + ". "
		}
	}
	if f.Fault.Evidence == "" {
		return say(text)
	}
	return say(text + "Evidence: ").code(f.Fault.Evidence)
}

// storyOfPass is the story of a pass; nil where the run kept none.
func storyOfPass(m *catch.Matrix, f catch.Row) *catch.Story {
	at := slices.IndexFunc(m.Stories, func(s catch.Story) bool { return s.Fault.ID == f.Fault.ID && s.Pass == f.Pass })
	if at < 0 {
		return nil
	}
	return &m.Stories[at]
}

// cellBlocks tell one cell: how it came out and why, what happened when, and the record that names the cause.
func cellBlocks(f catch.Row, c catch.Cell, s *catch.Story, level int) []block {
	out := []block{para{Text: say(capital(strings.Join(cellStory(c), "; ")) + ".")}, whyList(f, c)}
	if s == nil || level >= len(s.Levels) {
		return append(out, keptNothing(f, c)...)
	}
	l := s.Levels[level]
	// The injection and the revert are phases of the timeline, and the same at every level.
	felt := slices.DeleteFunc(slices.Clone(s.Users), func(m catch.Moment) bool { return m.Kind != catch.Noticed })
	moments := slices.Concat(felt, l.Moments)
	slices.SortStableFunc(moments, func(x, y catch.Moment) int { return cmp.Compare(x.At, y.At) })
	out = append(out, list{Only: inHTML, Items: momentItems(*s, moments)})
	if l.Example == nil {
		return append(out, keptNothing(f, c)...)
	}
	if l.Example.Log != nil {
		out = append(out, para{Text: say("Log record: ").code(logLine(*l.Example.Log, l.Example.TraceID))})
	}
	return append(out, tracePage(l)...)
}

// whyList says what is known of the reasons why expected alerts did not fire, and what else the cell's note says.
func whyList(f catch.Row, c catch.Cell) list {
	out := list{Only: inHTML}
	if !injects(f) {
		out.Items = append(out.Items, item{Text: "nothing is injected, so that there is no effect to confirm"})
	} else if silent := silentAlerts(f, c); len(silent) > 0 && c.State.Judged() {
		out.Items = append(out.Items, item{Text: "expected, and did not fire: " + strings.Join(silent, ", ")})
	}
	if c.Note != "" {
		out.Items = append(out.Items, item{Text: c.Note})
	}
	return out
}

// silentAlerts are the alerts that the fault should have fired at a level and that did not.
func silentAlerts(f catch.Row, c catch.Cell) []string {
	return slices.DeleteFunc(slices.Clone(f.Expected), func(alert string) bool { return alert == c.Alert || slices.Contains(c.Also, alert) })
}

// keptNothing says why a cell has no record to show.
func keptNothing(f catch.Row, c catch.Cell) []block {
	text := ""
	switch {
	case !injects(f) || !c.State.Judged():
	case c.Diagnosed && f.Fault.EvidenceIn() == result.InMetrics:
		text = "The evidence is a query of metrics: there is no record to show."
	case c.Diagnosed:
		text = "No log record and no trace of it was kept in this run."
	case f.Fault.Evidence != "":
		text = "No log record and no span of this level names the cause."
	}
	return muted(say(text))
}

// muted is a paragraph that stands back; none without a text.
func muted(text words) []block {
	if text.plain() == "" {
		return nil
	}
	return []block{para{Only: inHTML, Text: text, Class: "muted"}}
}
