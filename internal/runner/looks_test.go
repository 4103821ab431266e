package runner

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func TestAfterALook(t *testing.T) {
	const control = "repeated baseline"
	broken, undecided := doubt(verdict.LookNow{Broken: control}), doubt(verdict.LookNow{Undecided: control})
	hopeless := []string{"level full: p95 …"}
	for _, c := range []struct {
		name   string
		now    verdict.LookNow
		before string
		last   bool
		more   bool
		says   string
	}{
		{"decided", verdict.LookNow{Of: 3}, "", false, false, "no budget is open"},
		{"open", verdict.LookNow{Of: 3, Open: 1}, "", false, true, "1 of 3 budgets are open"},
		{"open at the end", verdict.LookNow{Of: 3, Open: 1}, "", true, false, "the plan allows no more launches"},
		{"one hopeless", verdict.LookNow{Of: 3, Open: 1, Hopeless: hopeless}, "", false, true, "2 of 3 budgets are open"},
		{"hopeless", verdict.LookNow{Of: 3, Hopeless: hopeless}, "", false, false, "1 of 3 budgets are open, and the launches that the plan allows would hardly decide any"},
		{"spoiled", verdict.LookNow{Of: 3, Spoiled: "errors"}, "", false, false, "errors is broken, and more launches would not mend it"},
		{"broken", verdict.LookNow{Of: 3, Broken: control}, "", false, true, "but the control repeated baseline is broken"},
		{"broken and open", verdict.LookNow{Of: 3, Open: 2, Broken: control}, "", false, true, "2 of 3 budgets are open, but"},
		{"broken again", verdict.LookNow{Of: 3, Open: 2, Broken: control}, broken, false, false, "as at the look before"},
		{"broken at the end", verdict.LookNow{Of: 3, Broken: control}, "", true, false, "the plan allows no more launches"},
		{"undecided", verdict.LookNow{Of: 3, Undecided: control}, "", false, true, "but the control repeated baseline is undecided"},
		{"undecided again", verdict.LookNow{Of: 3, Undecided: control}, undecided, false, false, "as at the look before"},
		{"undecided again, but open", verdict.LookNow{Of: 3, Open: 1, Undecided: control}, undecided, false, true, "1 of 3 budgets are open"},
		{"broken after undecided", verdict.LookNow{Of: 3, Broken: control}, undecided, false, true, "is broken"},
	} {
		more, says := after(c.now, c.before, !c.last)
		if more != c.more || !strings.Contains(says, c.says) {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, more, says, c.more, c.says)
		}
	}
}
