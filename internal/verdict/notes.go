package verdict

import (
	"slices"
	"strings"
)

// notes are the footnotes of an analysis, each once.
type notes struct{ texts []string }

// add joins the parts that are not empty into a footnote and returns its 1-based number; 0 if there is nothing to say.
func (n *notes) add(parts ...string) int {
	text := strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
	if text == "" {
		return 0
	}
	i := slices.Index(n.texts, text)
	if i < 0 {
		n.texts = append(n.texts, text)
		i = len(n.texts) - 1
	}
	return i + 1
}
