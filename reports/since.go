package reports

import (
	"fmt"
	"io"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/since"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// SinceFormat is one way to show a series of runs.
type SinceFormat struct {
	Name string // as given to --format
	// Render writes the series. The only errors are those of w.
	Render func(w io.Writer, h *since.History) error
}

// AllSince lists the formats of a series, in display order.
func AllSince() []SinceFormat {
	return []SinceFormat{
		{"text", func(w io.Writer, h *since.History) error {
			return atOnce(inLines, func(h *since.History) ([]byte, error) { return sinceText(h, columnsOf(w)), nil })(w, h)
		}},
		{"html", atOnce(inLines, sinceHTML)},
		{"markdown", atOnce(inLines, sinceMarkdown)},
		{"json", atOnce(inLines, sinceJSON)},
		{"csv", atOnce(inLines, func(h *since.History) ([]byte, error) { return renderCSV(sinceReport(h)) })},
	}
}

// LookupSince finds a format of a series by name. The error lists the legal names.
func LookupSince(name string) (SinceFormat, error) {
	return named(AllSince(), name, " of a series", func(f SinceFormat) string { return f.Name })
}

func sinceReport(h *since.History) *report {
	r := &report{}
	for _, build := range []func(*since.History) []section{sinceAnswer, sinceLines, sincePictures, sinceCells, sinceRuns, sinceMethod} {
		r.sections = append(r.sections, build(h)...)
	}
	return r
}

func sinceText(h *since.History, columns int) []byte {
	sections, notes := sinceReport(h).in(inText)
	t := &text{notes: notes, columns: columns}
	t.WriteString(t.wrap("", "  ", sinceHead(h)) + "\n")
	for _, sentence := range sinceHeadline(h) {
		t.WriteString(t.wrap("", "", sentence))
	}
	for _, s := range sections {
		t.section(s)
	}
	return []byte(t.String())
}

func sinceMarkdown(h *since.History) ([]byte, error) {
	sections, notes := sinceReport(h).in(inMarkdown)
	m := &markdownText{notes: notes}
	fmt.Fprintf(m, "## tollgate: %s\n\n", markdown(sinceHead(h)))
	for _, sentence := range sinceHeadline(h) {
		m.WriteString("- " + markdown(sentence) + "\n")
	}
	for _, s := range sections {
		m.section(s)
	}
	return []byte(m.String()), nil
}

func sinceHTML(h *since.History) ([]byte, error) {
	box := ruling{"○", "no change beyond chance", "in what these runs can tell", unjudgedClass}
	switch {
	case h.Told() == 0:
		box = ruling{"?", "too few runs to tell", fmt.Sprintf("%d of one setting are needed", h.Least), "inconclusive"}
	case len(h.Changed()) > 0:
		box = ruling{"▲", count(len(h.Changed()), "line") + " changed", "a change is no verdict: a budget is", "inconclusive"}
	}
	var unlike []string
	for i, s := range h.Settings[min(1, len(h.Settings)):] {
		unlike = append(unlike, settingWords(h, i+1, s))
	}
	return sinceReport(h).page(page{Title: "tollgate: since when", Heading: "Since when", Leads: []string{sinceHead(h)},
		Box: "The series", Ruling: box, Unlike: unlike, Foot: "Rendered from the runs named here and from nothing else."})
}

// sinceHead says what the series is of.
func sinceHead(h *since.History) string {
	if len(h.Runs) == 0 {
		return "no runs"
	}
	text := fmt.Sprintf("%s from %s to %s", count(len(h.Runs), "run"), stamp(h.Runs[0].Run.Started), stamp(h.Runs[len(h.Runs)-1].Run.Started))
	if n := len(h.Settings); n > 1 {
		text += fmt.Sprintf(", in %d settings", n)
	}
	if n := leftOut(h); n > 0 {
		text += fmt.Sprintf("; %d of them left out", n)
	}
	return text
}

func leftOut(h *since.History) (n int) {
	for _, r := range h.Runs {
		if r.Left != "" {
			n++
		}
	}
	return n
}

// sinceHeadline says in words what the series shows.
func sinceHeadline(h *since.History) []string {
	changed := h.Changed()
	var out []string
	switch {
	case len(h.Lines) == 0:
		out = append(out, "No run of the series has a toll that may be believed.")
	case h.Told() == 0:
		out = append(out, fmt.Sprintf("Too few runs to find a change: a setting needs %d of them at a false alarm rate of %s. Two runs can be set side by side with tollgate compare.",
			h.Least, percentOf(h.FalseAlarms)))
	case len(changed) == 0:
		out = append(out, fmt.Sprintf("Nothing has changed beyond chance in %s of level and metric.", count(h.Told(), "line")))
	}
	for _, l := range changed[:min(mostNamed, len(changed))] {
		out = append(out, lineWords(h, l))
	}
	if more := len(changed) - mostNamed; more > 0 {
		out = append(out, fmt.Sprintf("%s changed, too.", count(more, "more line")))
	}
	return out
}

// lineWords tells the newest change of a line: "At full p50 rose by +8 % [+6, +10] in run … (from … to …)".
func lineWords(h *since.History, l *since.Line) string {
	s := l.Told()
	way := "rose"
	if s.Change.Mid < 0 {
		way = "fell"
	}
	r := h.Runs[s.Runs[0]]
	text := fmt.Sprintf("At %s %s %s by %s in run %s of %s", l.Level, head(l.Metric), way, lineValue(l, s.Change), r.Run.ID, stamp(r.Run.Started))
	if len(r.Other) > 0 {
		text += "; it has " + brief(join(r.Other), longestCause)
	}
	return text + "."
}

// longestCause is how many characters of what else changed a sentence has; the table of the runs has them all.
const longestCause = 120

// lineValue writes a value of a line, with its interval where there is one.
func lineValue(l *since.Line, iv verdict.Interval) string { return spanned(iv, l.Ratio, l.Metric) }

// spanned writes a change as a share or in the unit of its metric, with its interval where there is one.
func spanned(iv verdict.Interval, ratio bool, m verdict.Metric) string {
	suffix := " %"
	if iv = times(iv, 100); !ratio {
		s := scaleOf(iv.Mid/100, m.Unit)
		iv, suffix = times(iv, 0.01/s.size), s.suffix
	}
	switch {
	case !known(iv.Mid):
		return unknown
	case !known(iv.Lo) || !known(iv.Hi):
		return signed(iv.Mid, digits(iv.Mid, 2)) + suffix
	default:
		return change(iv, suffix)
	}
}

func sinceAnswer(h *since.History) []section {
	var blocks []block
	var records []map[string]any
	for i, sentence := range sinceHeadline(h) {
		class := "further"
		if i == 0 {
			class = "headline"
		}
		blocks = append(blocks, para{Only: inHTML, Text: say(sentence), Class: class})
		records = append(records, map[string]any{"note": sentence})
	}
	lines := h.Changed()
	if len(lines) == 0 {
		lines = glanceLines(h)
	}
	t := lineTable(h, lines[:min(8, len(lines))])
	t.Only, t.Class = inHTML, "numbers glance"
	t.Columns[3].Only, t.Columns[4].Only = inMarkdown, inMarkdown // there is no room for them beside the picture
	blocks = append(blocks, t)
	if len(lines) > 0 {
		blocks = append(blocks, picture{`<div class="beside">` + panelsOf(sincePanel("first-", h, lines[0])) + sinceLegend + `</div>`})
	}
	return []section{
		{ID: "answer", Heading: "Since when", Only: inHTML, First: true, Blocks: blocks},
		{ID: "headline", Only: inCSV, Blocks: []block{recordsOf(records)}},
	}
}

// sincePictures are a plot of every line that is shown, by level.
func sincePictures(h *since.History) []section {
	lines := shownLines(h)
	var out []section
	for len(lines) > 0 {
		level := lines[0].Level
		end := slices.IndexFunc(lines, func(l *since.Line) bool { return l.Level != level })
		if end < 0 {
			end = len(lines)
		}
		s := section{ID: fmt.Sprintf("level-%d", len(out)+1), Heading: "Over time: " + level, Only: inHTML}
		panels := picture{}
		for i, l := range lines[:end] {
			panels.SVG += sincePanel(fmt.Sprintf("over-%d-%d-", len(out)+1, i), h, l)
		}
		panels.SVG = panelsOf(panels.SVG) + sinceLegend
		s.Blocks = []block{panels}
		out, lines = append(out, s), lines[end:]
	}
	return out
}
