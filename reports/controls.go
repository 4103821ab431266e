package reports

import (
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func controlsSection(a *verdict.Analysis) []section {
	lines := list{Only: inText}
	short := table{Only: inMarkdown, Columns: heads(false, "control", "seen", "wanted")}
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
		short.Rows = append(short.Rows, []cell{{Sign: sign, Text: c.Name}, saw, {Text: c.Want}})
		page.Rows = append(page.Rows, []cell{{Text: c.Name}, {Sign: sign, Text: word, Class: word}, saw, {Text: c.Want}})
		records = append(records, map[string]any{"control": c.Name, "result": word, "saw": c.Saw, "want": c.Want})
	}
	text, hold := controlsWords(a.Controls)
	return []section{{ID: "controls", Heading: "Controls", Last: true, Verdict: true, Blocks: []block{
		para{Only: inHTML, Text: say("Measurements whose true answer is known. If one of them fails, no number of the run may be believed.")},
		lines, short, folded{Summary: text, Open: !hold, Blocks: []block{page}}, recordsOf(records),
	}}}
}

// controlsWords say in a line whether all controls hold, and if not, which.
func controlsWords(controls []verdict.Control) (text words, hold bool) {
	var holding, others []string
	for _, c := range controls {
		if c.OK {
			holding = append(holding, c.Name)
		} else {
			others = append(others, c.Name+" "+controlWord(c))
		}
	}
	verb := map[bool]string{true: " holds", false: " hold"}[len(holding) == 1]
	if len(others) == 0 {
		return words{}.strong(count(len(holding), "control") + verb).say(": " + join(holding)), true
	}
	return words{}.strong(fmt.Sprintf("%d of %s%s", len(holding), count(len(controls), "control"), verb)).say(": " + join(others)), false
}
