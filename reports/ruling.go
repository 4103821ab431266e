package reports

import (
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// ruling is a verdict as reports show it. A run that passes because nothing was asked of it is no pass to a reader: it says so, and has
// a sign and a colour of its own. Its outcome in the JSON and its exit code are those of a pass.
type ruling struct {
	Sign    string
	Name    string // pass, fail, inconclusive, invalid, or what a run without a budget is
	Meaning string // in one clause
	Class   string // of the page's style sheet
}

// unjudgedClass is that of a run without a budget.
const unjudgedClass = "unjudged"

// Title is the name in capitals.
func (r ruling) Title() string { return strings.ToUpper(r.Name) }

func rulingOf(a *verdict.Analysis) ruling {
	if a.Outcome == verdict.Pass && len(a.Budgets) == 0 {
		return ruling{"○", "valid, nothing to judge", "no control fails, and no budget is set", unjudgedClass}
	}
	return ruling{outcomeMark(a.Outcome), string(a.Outcome), meaning(a.Outcome), string(a.Outcome)}
}
