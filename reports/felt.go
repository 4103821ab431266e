package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// allLevels is what the levels are called when they are taken together.
const allLevels = "all"

// feltSection is what users felt of every pass, over all levels and where a level differs.
func feltSection(a *verdict.Analysis) []section {
	if a.Catch == nil || !slices.ContainsFunc(a.Catch.Faults, func(f catch.Row) bool { return f.Felt.Measured() }) {
		return nil
	}
	columns := heads(false, "fault", "felt")
	for _, feeling := range catch.Feelings() {
		columns = append(columns, column{Head: cell{Text: feeling.Title}})
	}
	all := table{Only: inText | inMarkdown | inHTML, Columns: columns, Narrow: true, Label: "What users felt",
		Caption: "Change from the clean window to the fault, over all levels"}
	var apart list
	var records []map[string]any
	at := anchorsOf(a.Catch)
	for i, f := range a.Catch.Faults {
		if !f.Felt.Measured() {
			continue
		}
		row := []cell{{Text: f.Name(), Link: at.faults[i]}, {Text: feltWord(f.Felt)}}
		all.Rows = append(all.Rows, append(row, feltCells(f.Felt.Pooled)...))
		for _, text := range apartStories(f.Felt) {
			apart.Items = append(apart.Items, item{Sign: "-", Text: f.Name() + " at " + text, Hang: 2})
		}
		for _, text := range catch.Disagreements(f.Fault.Signs, f.Felt.Pooled) {
			apart.Items = append(apart.Items, item{Sign: "!", Text: f.Name() + ": " + text, Hang: 2})
		}
		records = append(records, feltRecords(f, allLevels, f.Felt.Pooled)...)
		for _, l := range f.Felt.Levels {
			records = append(records, feltRecords(f, l.Level, l.Changes)...)
		}
	}
	return []section{{ID: "felt", Heading: "What users felt", Blocks: []block{
		lead{Only: inText | inMarkdown | inHTML,
			Text: say("change from the clean window to the fault, from the load generator alone, over all levels")},
		all,
		apart,
		recordsOf(records),
		para{Only: inText | inMarkdown | inHTML, Text: say(feltLegend()), Class: "muted"},
	}}}
}

// apartStories tells where a level differs from all together, alike levels in one.
func apartStories(f catch.Felt) []string {
	var told, levels []string
	for _, l := range f.Apart() {
		text := everyChange(l.Changes)
		if i := slices.Index(told, text); i >= 0 {
			levels[i] += ", " + l.Level
			continue
		}
		told, levels = append(told, text), append(levels, l.Level)
	}
	for i := range told {
		told[i] = levels[i] + ", unlike all levels together: " + told[i]
	}
	return told
}

// feltLegend says how the changes were made.
func feltLegend() string {
	var of []string
	for _, f := range catch.Feelings() {
		if f.Of != "" {
			of = append(of, f.Title+" of "+f.Of)
		}
	}
	return fmt.Sprintf("Shares change by percentage points (pp): %s. p95 is that of the response time of the main step. "+
		"Intervals are at %s, so that those of one fault hold together: of shares by Newcombe's hybrid score, widened by how alike the requests of a second "+
		"are; of p95 by a bootstrap over seconds. A clean window of less than five whole seconds is replaced by those of all passes "+
		"together. %s: no change, or none that matters. ?: the pass is too short to tell, even of a large change.",
		strings.Join(of, ", "), percentOf(catch.FeltConfidence), same)
}

func percentOf(x float64) string { return fixed(100*x, digits(100*x, 2)) + " %" }

func feltWord(f catch.Felt) string {
	switch {
	case f.Any():
		return "felt"
	case f.Blunt():
		return "cannot tell"
	default:
		return "not felt"
	}
}

// feltCells are the changes by feeling.
func feltCells(changes []catch.Change) []cell {
	var out []cell
	for _, feeling := range catch.Feelings() {
		at := slices.IndexFunc(changes, func(c catch.Change) bool { return c.Feeling.ID == feeling.ID })
		switch {
		case at < 0:
			out = append(out, cell{Text: unknown})
		case changes[at].Blunt:
			mid, ends := changeParts(changes[at])
			_, unit, _ := strings.Cut(mid, " ")
			out = append(out, cell{Text: "?", Gloss: []string{strings.TrimSpace(ends + " " + unit)}})
		case !changes[at].Felt:
			out = append(out, cell{Text: same})
		default:
			mid, ends := changeParts(changes[at])
			out = append(out, cell{Text: mid, Gloss: []string{ends}, Strong: true})
		}
	}
	return out
}

// feltStory tells the changes that were felt.
func feltStory(f catch.Felt) string {
	felt := slices.DeleteFunc(slices.Clone(f.Pooled), func(c catch.Change) bool { return !c.Felt })
	if len(felt) == 0 {
		return feltWord(f)
	}
	return everyChange(felt)
}

func everyChange(changes []catch.Change) string {
	var out []string
	for _, c := range changes {
		mid, ends := changeParts(c)
		out = append(out, fmt.Sprintf("%s %s → %s (%s %s)", c.Feeling.Title, feltValue(c, c.Clean), feltValue(c, c.Fault), mid, ends))
	}
	return strings.Join(out, "; ")
}

// feltValue is a share or a time.
func feltValue(c catch.Change, x float64) string {
	if c.Feeling.Of == "" {
		return amount(x, verdict.Seconds)
	}
	if !known(x) {
		return unknown
	}
	return fixed(100*x, digits(100*x, 2)) + " %"
}

// changeParts are a change and the ends of its interval.
func changeParts(c catch.Change) (mid, ends string) {
	iv, suffix := times(verdict.Interval(c.Diff), 100), " pp"
	if c.Feeling.Of == "" {
		s := scaleOf(c.Diff.Mid, verdict.Seconds)
		iv, suffix = times(verdict.Interval(c.Diff), 1/s.size), s.suffix
	}
	if !known(iv.Mid) {
		return unknown, ""
	}
	return signed(iv.Mid, precision(iv)) + suffix, bounds(iv)
}

// feltDetails are the changes of a fault for the page: over all levels, and where a level differs.
func feltDetails(f catch.Row) table {
	out := table{Only: inHTML, Label: "What users felt of " + f.Name(),
		Caption: "What users felt: before and under the fault, and the change, over all levels and where a level differs", Columns: heads(false, "Level")}
	if !f.Felt.Measured() {
		return out
	}
	for _, feeling := range catch.Feelings() {
		out.Columns = append(out.Columns, column{Head: cell{Text: feeling.Title}})
	}
	add := func(level string, changes []catch.Change, without string) {
		row := []cell{levelCell(level)}
		for _, feeling := range catch.Feelings() {
			at := slices.IndexFunc(changes, func(c catch.Change) bool { return c.Feeling.ID == feeling.ID })
			if at < 0 {
				row = append(row, cell{Text: without})
				continue
			}
			c := changes[at]
			mid, ends := changeParts(c)
			row = append(row, cell{Text: feltValue(c, c.Clean) + " → " + feltValue(c, c.Fault), Gloss: []string{mid, ends}, Strong: c.Felt})
		}
		out.Rows = append(out.Rows, row)
	}
	add(allLevels, f.Felt.Pooled, unknown)
	for _, l := range f.Felt.Apart() {
		add(l.Level, l.Changes, "")
	}
	return out
}

// feltRecords are the changes at a level for the CSV.
func feltRecords(f catch.Row, level string, changes []catch.Change) []map[string]any {
	var out []map[string]any
	for _, c := range changes {
		unit := "1"
		if c.Feeling.Of == "" {
			unit = string(verdict.Seconds)
		}
		out = append(out, map[string]any{"fault": f.Fault.ID, "pass": f.Pass + 1, "level": level, "metric": c.Feeling.ID, "unit": unit,
			"clean_value": c.Clean, "value": c.Fault, "diff": c.Diff.Mid, "diff_lo": c.Diff.Lo, "diff_hi": c.Diff.Hi, "significant": c.Felt})
	}
	return out
}
