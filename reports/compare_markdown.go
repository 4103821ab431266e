package reports

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// compareMarkdown writes a comparison as GitHub-flavoured Markdown.
func compareMarkdown(c *verdict.Comparison) ([]byte, error) {
	var b strings.Builder
	b.WriteString("## tollgate: two runs side by side\n\n")
	for _, warning := range c.Warnings {
		b.WriteString("- **warning**: " + markdown(warning) + "\n")
	}
	for _, s := range sides(c) {
		b.WriteString("- " + markdown(s.title+"; "+strings.Join(s.lines, "; ")) + "\n")
	}
	for _, t := range compareTables(c) {
		fmt.Fprintf(&b, "\n### %s\n\n", markdown(t.title))
		markdownTable(&b, t.rows, "---")
	}
	if len(c.Levels) > 0 {
		b.WriteString("\n" + markdown(compareLegend(c)) + "\n")
	}
	for i, note := range compareNotes(c).texts {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- note \\[%d\\]: %s\n", i+1, markdown(note))
	}
	return []byte(b.String()), nil
}
