package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

func budgetsSection(a *verdict.Analysis) []section {
	lines := list{Only: inText}
	folded := table{Only: inMarkdown, Columns: heads(false, "budget", "level", "result")}
	page := table{Only: inHTML, Columns: heads(false, "Budget", "Level", "Result", "Seen"), Label: "Budgets",
		Caption: "Every budget at every level that it is for"}
	var records []map[string]any
	for _, r := range a.Budgets {
		sign, outcome := outcomeMark(r.Outcome), string(r.Outcome)
		lines.Items = append(lines.Items, item{Sign: sign, Text: r.Sentence})
		folded.Rows = append(folded.Rows, []cell{{Text: r.Budget.Text}, {Text: r.Level}, {Sign: sign, Text: r.Sentence}})
		page.Rows = append(page.Rows, []cell{{Text: r.Budget.Text}, {Text: r.Level}, {Sign: sign, Text: outcome, Class: "outcome " + outcome}, {Text: r.Sentence}})
		kind := "diff" // what was seen stands where the toll has it
		if r.Budget.Relative {
			kind = "ratio"
		}
		records = append(records, map[string]any{"level": r.Level, "metric": r.Budget.Metric, kind: r.Saw.Mid, kind + "_lo": r.Saw.Lo, kind + "_hi": r.Saw.Hi,
			"budget": r.Budget.Text, "limit": r.Budget.Limit, "result": outcome, "saw": r.Sentence})
	}
	blocks := []block{
		para{Only: inHTML, Text: say("The most that a level may cost, and the least that its capacity may be. A budget is kept when the whole interval is " +
			"on the right side of it and exceeded when it is on the other; else the run cannot tell.")},
		lines, folded, page, recordsOf(records),
	}
	if text := looks(a); text != "" {
		blocks = append(blocks, list{Only: inText, Items: []item{{Text: text}}}, para{Only: inMarkdown | inHTML, Text: say(text)})
	}
	return []section{{ID: "budgets", Heading: "Budgets", Last: true, Verdict: true, Blocks: blocks}}
}
