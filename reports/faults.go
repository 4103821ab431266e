package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// faultsSection is the catch fault by fault: in words, on the page with a timeline and a table, in the CSV as a line per level.
func faultsSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Faults) == 0 {
		return nil
	}
	blocks := []block{picture{timelineLegend}}
	var records []map[string]any
	for i, f := range a.Catch.Faults {
		blocks = append(blocks, part{ID: faultAnchor(i), Name: f.Name(), Title: f.Fault.Title, Blocks: append([]block{
			faultStories(a.Catch.Levels, f),
			para{Only: inHTML, Text: faultWords(f), Class: "muted"},
		}, faultPage(a.Catch.Levels, f, i)...)})
		for level, name := range a.Catch.Levels {
			records = append(records, faultRecord(f, name, cellAt(f, level)))
		}
	}
	return []section{{ID: "timelines", Heading: "Fault by fault", Bare: inText, Sub: true, Last: true, Blocks: blocks},
		{ID: "catch", Heading: "The catch", Only: inCSV, Last: true, Blocks: []block{recordsOf(records)}}}
}

// faultAnchor is the place of a fault on the page: names are the user's, and need not be fit for one.
func faultAnchor(i int) string { return fmt.Sprintf("fault-%d", i+1) }

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

// faultPage is what only the page has room for.
func faultPage(levels []string, f catch.Row, i int) []block {
	if f.Fault.Skipped != "" {
		return []block{para{Only: inHTML, Text: words{}.strong("Skipped:").say(" " + f.Fault.Skipped)}}
	}
	details := table{Only: inHTML, Label: "Details of " + f.Name(), Caption: f.Name() + " at every level",
		Columns: heads(false, "Level", "State", "Alert", "Detect", "Least time to detect", "Clear", "Also fired", "False alarms", "Diagnosed by")}
	for level, name := range levels {
		details.Rows = append(details.Rows, faultDetails(name, cellAt(f, level)))
	}
	return []block{picture{timelineFigure(f.Name(), timeline(fmt.Sprintf("timeline-%d", i+1), levels, f))}, details, feltDetails(f)}
}

func faultDetails(level string, c catch.Cell) []cell {
	const none = "–"
	row := []cell{{Text: level}, {Sign: stateMark(c.State), Text: string(c.State), Note: c.Note, Class: "state " + string(c.State)}}
	if c.State == catch.Detected {
		cleared := "not seen"
		if c.Clear >= 0 {
			cleared = elapsed(c.Clear)
		}
		row = append(row, texts(c.Alert, elapsed(c.Detect), elapsed(c.LeastDetect), cleared)...)
	} else {
		row = append(row, texts(none, none, none, none)...)
	}
	also, alarms, by := cell{Text: none}, cell{Text: "none"}, cell{Text: none}
	if len(c.Also) > 0 {
		also.Text = strings.Join(c.Also, ", ")
	}
	if len(c.False) > 0 {
		alarms = cell{Text: strings.Join(c.False, ", "), Class: "bad"}
	}
	switch {
	case c.Diagnosed:
		by.Text = c.Evidence
	case c.Evidence != "":
		by.Text = "not diagnosed: " + c.Evidence
	}
	return append(row, also, alarms, by)
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
