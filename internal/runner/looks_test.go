package runner

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func TestAfterALook(t *testing.T) {
	const control = "repeated baseline"
	hopeless := []string{"level full: p95 …"}
	for _, c := range []struct {
		name    string
		now     verdict.LookNow
		doubted bool
		last    bool
		more    bool
		says    string
	}{
		{"decided", verdict.LookNow{Of: 3}, false, false, false, "no budget is open"},
		{"open", verdict.LookNow{Of: 3, Open: 1}, false, false, true, "1 of 3 budgets are open"},
		{"open at the end", verdict.LookNow{Of: 3, Open: 1}, false, true, false, "the plan allows no more launches"},
		{"one hopeless", verdict.LookNow{Of: 3, Open: 1, Hopeless: hopeless}, false, false, true, "2 of 3 budgets are open"},
		{"hopeless", verdict.LookNow{Of: 3, Hopeless: hopeless}, false, false, false, "1 of 3 budgets are open, and the launches that the plan allows would hardly decide any"},
		{"spoiled", verdict.LookNow{Of: 3, Spoiled: "errors"}, false, false, false, "errors is broken, and more launches would not mend it"},
		{"broken", verdict.LookNow{Of: 3, Broken: control}, false, false, true, "but the control repeated baseline is broken"},
		{"broken and open", verdict.LookNow{Of: 3, Open: 2, Broken: control}, false, false, true, "2 of 3 budgets are open, but"},
		{"broken again", verdict.LookNow{Of: 3, Open: 2, Broken: control}, true, false, false, "as at the look before"},
		{"broken at the end", verdict.LookNow{Of: 3, Broken: control}, false, true, false, "the plan allows no more launches"},
		{"undecided", verdict.LookNow{Of: 3, Undecided: control}, false, false, true, "but the control repeated baseline is undecided"},
		{"undecided again", verdict.LookNow{Of: 3, Undecided: control}, true, false, false, "as at the look before"},
		{"undecided again, but open", verdict.LookNow{Of: 3, Open: 1, Undecided: control}, true, false, true, "1 of 3 budgets are open"},
	} {
		more, says := after(c.now, c.doubted, !c.last)
		if more != c.more || !strings.Contains(says, c.says) {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, more, says, c.more, c.says)
		}
	}
}
