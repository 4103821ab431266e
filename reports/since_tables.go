package reports

import (
	"fmt"
	"strconv"

	"github.com/tollgate-dev/tollgate/internal/since"
)

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
