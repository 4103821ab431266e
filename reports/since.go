package reports

import (
	"fmt"
	"io"
	"slices"
	"strconv"

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

// glanceLines are those of the metrics that are read at a glance.
func glanceLines(h *since.History) []*since.Line {
	var out []*since.Line
	for i := range h.Lines {
		if h.Lines[i].Metric.Few > 0 {
			out = append(out, &h.Lines[i])
		}
	}
	return out
}

// shownLines are those of glanceLines, and all that have changed, in display order.
func shownLines(h *since.History) []*since.Line {
	var out []*since.Line
	for i := range h.Lines {
		l := &h.Lines[i]
		if l.Metric.Few > 0 || l.Told().Changed {
			out = append(out, l)
		}
	}
	return out
}

func sinceLines(h *since.History) []section {
	t := lineTable(h, shownLines(h))
	t.Class = "numbers"
	t.Only = inText | inMarkdown | inHTML
	var records []map[string]any
	for i := range h.Lines {
		l := &h.Lines[i]
		for _, s := range l.Stretches {
			first := h.Runs[s.Runs[0]].Run
			record := map[string]any{"level": l.Level, "metric": l.Metric.ID, "unit": string(l.Metric.Unit), "per": string(l.Metric.Per), "setting": s.Setting + 1,
				"since": first.ID, "runs": len(s.Runs), "result": stretchWord(s)}
			kind := "diff"
			if l.Ratio {
				kind = "ratio"
			}
			record[kind], record[kind+"_lo"], record[kind+"_hi"] = s.Level.Mid, s.Level.Lo, s.Level.Hi
			record["change"], record["change_lo"], record["change_hi"] = s.Change.Mid, s.Change.Lo, s.Change.Hi
			records = append(records, record)
		}
	}
	return []section{{ID: "lines", Heading: "Since when it costs what it costs", Blocks: []block{
		lead{Text: say("change over the baseline of its own run; the mean over the runs in which it did not change")}, t, recordsOf(records)}}}
}

// stretchWord says what is known of the beginning of a stretch.
func stretchWord(s since.Stretch) string {
	switch {
	case s.Few:
		return "too few runs"
	case s.Changed:
		return "changed"
	default:
		return "no change"
	}
}

// lineTable has a row per line: what it costs since its newest change, or where there is none since the first run of a setting that has
// enough runs; and what it was before.
func lineTable(h *since.History, lines []*since.Line) table {
	out := table{Label: "Since when", Narrow: true, Columns: heads(true, "level and metric", "costs", "since", "first run", "runs", "before", "changed by")}
	out.Columns[3].Only = inMarkdown | inHTML
	for _, l := range lines {
		s, now := l.Told(), l.Now()
		first := h.Runs[s.Runs[0]].Run
		row := texts(l.Level+": "+head(l.Metric), lineValue(l, s.Level), first.Started.UTC().Format("2006-01-02 15:04"), first.ID, strconv.Itoa(len(s.Runs)), "", "")
		switch {
		case s.Changed:
			row[2].Sign = "▲"
			row[5].Text = lineValue(l, l.Before(s).Level)
			row[6] = cell{Text: lineValue(l, s.Change), Class: "differs"}
		case s.Few:
			row[6].Text = "too few runs"
		default:
			row[6] = cell{Text: same, Class: "same"}
		}
		if s.Setting != now.Setting {
			row[1].Gloss = []string{fmt.Sprintf("≠ %d: %s", now.Setting+1, lineValue(l, now.Level))}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// sinceCells follows faults whose fate changed, and says how many did not.
func sinceCells(h *since.History) []section {
	if len(h.Cells) == 0 {
		return nil
	}
	t := table{Columns: heads(false, "fault", "level", "now", "since", "before")}
	steady := 0
	for _, l := range h.Cells {
		before := l.Before()
		if before == (since.Fate{}) {
			steady++
			continue
		}
		from, last := l.Streak()
		now := l.Fates[last]
		t.Rows = append(t.Rows, []cell{{Text: l.Fault}, {Text: l.Level}, {Sign: stateMark(now.State), Text: fateWords(now), Class: "state " + string(now.State)},
			{Text: h.Runs[from].Run.ID}, {Sign: stateMark(before.State), Text: fateWords(before)}})
	}
	return []section{{ID: "catch", Heading: "Since when a fault is detected or missed", Blocks: []block{
		lead{Text: say(fmt.Sprintf("%d of %s of fault and level never changed; a run meets a fault once, so that a change may be chance", steady, count(len(h.Cells), "pair")))}, t,
		list{Items: steadyItem(len(t.Rows))}}}}
}

// steadyItem stands where no row does.
func steadyItem(rows int) []item {
	if rows > 0 {
		return nil
	}
	return []item{{Sign: "-", Text: "none changed"}}
}

func fateWords(f since.Fate) string {
	if f.Diagnosed {
		return string(f.State) + ", diagnosed"
	}
	return string(f.State)
}

func sinceRuns(h *since.History) []section {
	t := table{Columns: heads(false, "run", "began", "setting", "tollgate", "numbers", "not as in the run before"), Narrow: true}
	t.Columns[1].Only = inMarkdown | inHTML | inCSV
	for _, r := range h.Runs {
		row := texts(r.Run.ID, stamp(r.Run.Started), strconv.Itoa(r.Setting+1), r.Run.Tool.Version, "used", brief(join(r.Other), longestCause))
		if r.Left != "" {
			row[4] = cell{Sign: "✗", Text: "left out: " + r.Left, Class: "bad"}
		}
		t.Rows = append(t.Rows, row)
	}
	var settings list
	for i, s := range h.Settings {
		settings.Items = append(settings.Items, item{Sign: "-", Text: settingWords(h, i, s), Hang: 2})
	}
	return []section{{ID: "runs", Heading: "The runs", Blocks: []block{t, settings}}}
}

// settingWords says what a setting is, and how it differs from that of the run before.
func settingWords(h *since.History, i int, s since.Setting) string {
	first := h.Runs[s.Runs[0]].Run
	text := fmt.Sprintf("setting %d: %s, since run %s", i+1, count(len(s.Runs), "run"), first.ID)
	if len(s.Other) == 0 {
		return text + ": " + machineLine(first.Machine)
	}
	return text + ": " + brief(join(s.Other), 2*longestCause)
}

func sinceMethod(h *since.History) []section {
	tested := h.Told()
	return []section{{ID: "method", Heading: "How to read it", Bare: inText | inMarkdown, Blocks: []block{
		para{Text: say(fmt.Sprintf("A change is a place at which a line is divided better than shuffled runs would be (E-divisive with a permutation test). A line without a "+
			"change has one in %s of all series; of the %d lines here that is %s on average. A setting needs %d runs, and a change three of them before it and after: "+
			"one bad run is no change. Intervals are at %s, over the runs; that of a change is of the two means, after its place was chosen. "+
			"Runs of another machine, kernel, environment, plan, journeys or baseline are another setting, and are looked at by themselves: ≠ 2 is what a level costs in the newer setting 2.",
			percentOf(h.FalseAlarms), tested, fixed(h.FalseAlarms*float64(tested), 1), h.Least, percentOf(since.Confidence)))},
	}}}
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
