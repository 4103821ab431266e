package reports

import (
	"strings"
	"testing"
	"time"
)

// A section that no format has seen before is in all that are made of sections, with its heading, lead, table, note and links.
func TestAnySectionInEveryFormat(t *testing.T) {
	a := fixture()
	r := reportOf(a)
	r.sections = append([]section{{ID: "rules", Heading: "The rules", Blocks: []block{
		lead{Text: say("which rules could fire")},
		table{Columns: []column{{Head: cell{Text: "rule"}}, {Head: cell{Text: "least time"}, Key: "least_seconds", Right: true}},
			Rows: [][]cell{{{Text: "ServiceDown", Note: "a note of a rule"}, {Text: "1.5 s", Raw: 1500 * time.Millisecond}}, {{Sign: "✗", Text: "=Silent"}}}},
		part{ID: "rule-1", Name: "ServiceDown", Title: "no answers", Blocks: []block{list{Items: []item{{Text: "pages somebody"}}}}},
		facts{List: []fact{{"Group", "stack"}}},
	}}, {ID: "nothing", Heading: "Nothing to show", Blocks: []block{lead{Text: say("no rows")}, table{Columns: heads(false, "rule")}}}}, methodSections(a)...)
	for name, c := range map[string]struct {
		render func(*report) ([]byte, error)
		wants  []string
	}{
		"text": {renderText, []string{"\nthe rules: which rules could fire\n\nrule             least time\nServiceDown [1]  1.5 s\n✗ =Silent\n",
			"\nServiceDown: no answers\n  pages somebody\n", "  Group: stack\n", "  [1] a note of a rule\n"}},
		"markdown": {renderMarkdown, []string{"\n### The rules\n\nWhich rules could fire.\n\n| rule | least time |\n| --- | ---: |\n| ServiceDown[^1] | 1.5 s |\n| ✗ =Silent |  |\n",
			"\n**ServiceDown**: no answers\n\n- pages somebody\n", "- Group: stack\n", "\n[^1]: a note of a rule\n"}},
		"html": {renderHTML, []string{`<li><a href="#rules">The rules</a><ol><li><a href="#rule-1">ServiceDown</a></li></ol></li>`, `<h2 id="rules-h">The rules</h2>`,
			"<p>Which rules could fire.</p>", `aria-label="The rules"`, `<th scope="row">ServiceDown<sup><a href="#note-1"`, `<td>1.5 s</td>`,
			`<article id="rule-1"`, "<li>pages somebody</li>", "<dt>Group</dt><dd>stack</dd>", `<li id="note-1">a note of a rule</li>`}},
		"csv": {renderCSV, []string{"cannot_fire,rule,least_seconds\n", ",ServiceDown,1.5\n", ",'=Silent,\n"}},
	} {
		got, err := c.render(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, want := range c.wants {
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: no %q in\n%.3000s", name, want, got)
			}
		}
		if strings.Contains(strings.ToLower(string(got)), "nothing to show") {
			t.Errorf("%s: a section without anything is shown", name)
		}
	}
}
