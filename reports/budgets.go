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
		page.Rows = append(page.Rows, []cell{{Text: r.Budget.Text}, levelCell(r.Level), {Sign: sign, Text: outcome, Class: "outcome " + outcome}, {Text: r.Sentence}})
		records = append(records, budgetRecord(r))
	}
	blocks := []block{
		para{Only: inHTML, Text: say("The most that a level may cost, the least that its capacity may be, and what it has to catch. A budget on an interval is kept " +
			"when the whole interval is on the right side of it and exceeded when it is on the other; one on the catch is kept when all that it asks for was " +
			"seen and broken when something was not; else the run cannot tell.")},
		lines, folded, page, recordsOf(records),
	}
	if text := looks(a); text != "" {
		blocks = append(blocks, list{Only: inText, Items: []item{{Text: text}}}, para{Only: inMarkdown | inHTML, Text: say(text)})
	}
	return []section{{ID: "budgets", Heading: "Budgets", Last: true, Verdict: true, Blocks: blocks}}
}

// budgetRecord is a budget in the CSV. What was seen stands where the toll has it.
func budgetRecord(r verdict.BudgetResult) map[string]any {
	record := map[string]any{"level": r.Level, "metric": r.Budget.Metric, "budget": r.Budget.Text, "result": string(r.Outcome), "saw": r.Sentence}
	if d := r.Budget.Catch; d.Kind != "" {
		record["metric"], record["value"] = string(d.Kind), r.Saw.Mid
		return record
	}
	kind := "diff"
	if r.Budget.Relative {
		kind = "ratio"
	}
	record["limit"], record[kind], record[kind+"_lo"], record[kind+"_hi"] = r.Budget.Limit, r.Saw.Mid, r.Saw.Lo, r.Saw.Hi
	return record
}
