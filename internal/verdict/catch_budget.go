package verdict

import (
	"math"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// judgeCatch holds every demand on the catch against its matrix, by level, then in the order given.
func judgeCatch(r result.Run, m *catch.Matrix, budgets []Budget) []BudgetResult {
	all := kinds(budgets)
	exempt := map[string][]string{} // by level: the faults that may be missed
	holds := func(b Budget, level string) bool {
		return b.onCatch() && b.Catch.Kind != catch.WantFired && b.holdsAt(level, all)
	}
	var out []BudgetResult
	for _, l := range r.Levels {
		for _, b := range budgets {
			if b.Catch.Kind == catch.MissedOK && holds(b, l.Name) {
				exempt[l.Name] = append(exempt[l.Name], b.Catch.Subject)
			}
		}
		for _, b := range budgets {
			if holds(b, l.Name) {
				out = append(out, demanded(b, l.Name, m.Hold(b.Catch, l.Name, exempt[l.Name])))
			}
		}
	}
	for _, b := range budgets {
		if b.Catch.Kind == catch.WantFired {
			out = append(out, demanded(b, catch.RulesLevel, m.Hold(b.Catch, catch.RulesLevel, nil)))
		}
	}
	return out
}

// demanded is the result of a demand.
func demanded(b Budget, level string, f catch.Finding) BudgetResult {
	nan := math.NaN()
	return BudgetResult{Budget: b, Level: level, Sentence: f.Sentence, Saw: Interval{nan, f.Saw, nan},
		Outcome: map[catch.Ruling]Outcome{catch.Kept: Pass, catch.Broken: Fail, catch.Open: Inconclusive}[f.Ruling]}
}

// expired are the waivers that no longer hold, a sentence each.
func expired(m *catch.Matrix) []string {
	var out []string
	if m == nil {
		return nil
	}
	for _, w := range m.Waivers {
		if w.Expired {
			out = append(out, "waiver: "+w.Text()+": expired on "+w.Expires+", before this run: mend what it excuses, or renew it ("+w.Reason+")")
		}
	}
	return out
}
