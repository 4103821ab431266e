package reports

import (
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// faultsSection is the catch fault by fault: in words, on the page with a timeline and what there is of every cell, in the CSV as a line
// per level.
func faultsSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Faults) == 0 {
		return nil
	}
	var blocks []block
	var records []map[string]any
	for _, f := range a.Catch.Faults {
		blocks = append(blocks, part{Only: inText | inMarkdown, Name: f.Name(), Title: f.Fault.Title, Blocks: []block{faultStories(a.Catch.Levels, f)}})
		for level, name := range a.Catch.Levels {
			records = append(records, faultRecord(f, name, cellAt(f, level)))
		}
	}
	return []section{{ID: "timelines", Heading: "Fault by fault", Bare: inText, Sub: true, Last: true, Blocks: append(blocks, faultPages(a)...)},
		{ID: "catch", Heading: "The catch", Only: inCSV, Last: true, Blocks: []block{recordsOf(records)}}}
}

// faultStories tells what happened at every level, alike levels together.
func faultStories(levels []string, f catch.Row) list {
	out := list{Only: inText | inMarkdown}
	if f.Fault.Felt != "" {
		out.Items = append(out.Items, item{Only: inText, Text: "felt as: " + f.Fault.Felt})
	}
	if f.Felt.Measured() {
		out.Items = append(out.Items, item{Only: inText, Text: "measured: " + feltStory(f.Felt)})
	}
	if f.Fault.Skipped != "" {
		out.Items = append(out.Items, item{Text: "skipped: " + f.Fault.Skipped})
		return out
	}
	for _, s := range storiesOf(levels, f) {
		out.Items = append(out.Items, item{Sign: stateMark(s.state), Text: strings.Join(s.levels, ", ") + ": " + s.text, Note: s.note, Hang: 2})
	}
	return out
}

func faultRecord(f catch.Row, level string, c catch.Cell) map[string]any {
	record := map[string]any{"fault": f.Fault.ID, "pass": f.Pass + 1, "level": level, "state": string(c.State), "alert": c.Alert,
		"also":         strings.Join(c.Also, " "),
		"false_alarms": strings.Join(c.False, " "), "diagnosed": c.Diagnosed, "evidence": c.Evidence,
		"cannot_fire": strings.Join(c.Cannot, " ")}
	if f.Size > 0 {
		record["size"] = f.Size
	}
	if c.State == catch.Detected {
		record["detect_seconds"], record["least_detect_seconds"], record["clear_seconds"] = c.Detect, c.LeastDetect, c.Clear
	}
	return record
}

// story is what happened to a fault, and the levels at which just that happened.
type story struct {
	state  catch.State
	levels []string
	text   string
	note   string
}

// storiesOf tells a fault's cells, alike ones together, in the order of the levels.
func storiesOf(levels []string, f catch.Row) []story {
	var out []story
	for i, level := range levels {
		c := cellAt(f, i)
		text := strings.Join(cellStory(c), "; ")
		at := slices.IndexFunc(out, func(s story) bool { return s.state == c.State && s.text == text && s.note == c.Note })
		if at < 0 {
			at = len(out)
			out = append(out, story{state: c.State, text: text, note: c.Note})
		}
		out[at].levels = append(out[at].levels, level)
	}
	return out
}
