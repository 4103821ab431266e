package reports

import (
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func controlsSection(a *verdict.Analysis) []section {
	lines := list{Only: inText}
	folded := table{Only: inMarkdown, Columns: heads(false, "control", "seen", "wanted")}
	page := table{Only: inHTML, Columns: heads(false, "Control", "Result", "Seen", "Wanted"), Label: "Controls",
		Caption: "What was seen and what had to be seen"}
	var records []map[string]any
	for _, c := range a.Controls {
		sign, word, remedy := controlMark(c), controlWord(c), ""
		lines.Items = append(lines.Items, item{Sign: sign, Text: fmt.Sprintf("%s: %s (want: %s)", c.Name, c.Saw, c.Want)})
		if !c.OK && c.Remedy != "" {
			remedy = c.Remedy
			lines.Items = append(lines.Items, item{Text: "remedy: " + remedy, Indent: 4})
		}
		saw := cell{Text: c.Saw, Remedy: remedy}
		folded.Rows = append(folded.Rows, []cell{{Sign: sign, Text: c.Name}, saw, {Text: c.Want}})
		page.Rows = append(page.Rows, []cell{{Text: c.Name}, {Sign: sign, Text: word, Class: word}, saw, {Text: c.Want}})
		records = append(records, map[string]any{"control": c.Name, "result": word, "saw": c.Saw, "want": c.Want})
	}
	return []section{{ID: "controls", Heading: "Controls", Last: true, Verdict: true, Blocks: []block{
		para{Only: inHTML, Text: say("Measurements whose true answer is known. If one of them fails, nothing below may be believed.")},
		lines, folded, page, recordsOf(records),
	}}}
}
