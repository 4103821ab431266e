package verdict

import (
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// LookMade is one time at which the budgets of a run were judged.
type LookMade struct {
	Launches   int     // that were over by then
	Confidence float64 // of all the budgets' decisions at this look together
	Open       int     // budgets that were undecided after it
}

// PlanLooks is the rule by which a run with budgets is extended: they are judged after so many launches, and while one is open
// after twice as many, and so on up to the most. The error rates of the looks add up to that of one. Nil where there is
// nothing to extend.
func PlanLooks(launches, most int) []result.Look {
	if launches < 1 || most <= launches {
		return nil
	}
	var looks []result.Look
	var part []float64
	for n := launches; ; n = min(2*n, most) {
		looks = append(looks, result.Look{Launches: n})
		part = append(part, float64(n)/float64(most))
		if n == most {
			break
		}
	}
	for i, rate := range stats.Spend(1-confidence, part) {
		looks[i].Error = rate
	}
	return looks
}

// looks are the looks that the plan allows and the data have reached. A run whose plan has none is looked at once; so is
// one that ended before its first.
func (m *measured) looks(confidence float64) []result.Look {
	over := m.over()
	var made []result.Look
	for _, look := range m.run.Plan.Looks {
		if look.Launches <= over {
			made = append(made, look)
		}
	}
	switch {
	case len(made) > 0:
		return made
	case len(m.run.Plan.Looks) > 0:
		return []result.Look{{Launches: over + 1, Error: m.run.Plan.Looks[0].Error}}
	default:
		return []result.Look{{Launches: over + 1, Error: 1 - confidence}}
	}
}

// Open says at a look how many of a run's own budgets more launches could still decide, of how many there are. It is none
// when a control is broken: more of the same would not mend it. The data are of a run that is still going.
func Open(d *result.Data) (open, of int, err error) {
	budgets, err := ParseBudgets(d.Run.Budgets)
	if err != nil {
		return 0, 0, err
	}
	m, err := measure(d)
	if err != nil {
		return 0, 0, err
	}
	t := newTolls(m)
	for _, c := range t.controls(confidence) {
		if !c.OK && !c.Undecided {
			return 0, len(budgets), nil
		}
	}
	results, _, err := t.judge(budgets, newCapacities(d, m), confidence)
	if err != nil {
		return 0, 0, err
	}
	for _, r := range results {
		if r.Outcome == Inconclusive && r.PassAt > 0 {
			open++
		}
	}
	return open, len(results), nil
}
