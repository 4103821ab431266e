package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// LookMade is one time at which the budgets of a run were judged.
type LookMade struct {
	Launches   int     // that were over by then
	Confidence float64 // of all the budgets' decisions at this look together; 1: only budgets on counts were judged
	Counts     float64 // likewise of the budgets on counts, where these have a look more than the others; else Confidence
	Open       int     // budgets that were undecided after it
}

// CountsAlone says that only budgets on counts were judged.
func (l LookMade) CountsAlone() bool { return l.Confidence == 1 }

// PlanLooks is the rule by which a run with budgets is extended: they are judged after so many launches, and while one is open
// after twice as many, and so on up to the most. The error rates of the looks add up to that of one (stats.Spend). Nil where there is
// nothing to extend.
//
// With counts, budgets on counts have a look of their own after the first launch, and their error rates are divided among one look more.
// The others are not looked at then, so that theirs are what they are without it. A family stays within its rate all the same: the chance
// of a wrong decision on one of m is at most the sum of its own looks' rates, each divided by m.
func PlanLooks(launches, most int, counts bool) []result.Look {
	if counts && launches > 1 {
		return planCounts(launches, max(launches, most))
	}
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

// LooksAtCounts says that one of a run's budgets is on a count, and that it is known of the environment how much launches of identical code
// differ in counts. A budget that cannot be read is none; ParseBudgets says what is wrong with it.
func LooksAtCounts(environment string, budgets []string) bool {
	return environment == ourProcesses && slices.ContainsFunc(budgets, func(text string) bool {
		b, err := ParseBudget(text)
		return err == nil && b.Counted()
	})
}

// planCounts is PlanLooks with a look after the first launch. Counts are known finely from the first launch on, so that all of their looks have
// the same error rate.
func planCounts(launches, most int) []result.Look {
	looks := PlanLooks(launches, most, false)
	if looks == nil {
		looks = []result.Look{{Launches: launches, Error: 1 - confidence}}
	}
	looks = append([]result.Look{{Launches: 1}}, looks...)
	for i := range looks {
		looks[i].Counts = (1 - confidence) / float64(len(looks))
	}
	return looks
}

// rate is the error rate of a look for the budgets on counts, or for the others.
func rate(l result.Look, counted bool) float64 {
	if counted && l.Counts > 0 {
		return l.Counts
	}
	return l.Error
}

// looks are the looks that the plan allows and the data have reached. A run whose plan has none is looked at once; so is
// one that ended before its first, or for the budgets on times after that on counts.
func (m *measured) looks(confidence float64) []result.Look {
	over := m.over()
	var made []result.Look
	for _, look := range m.run.Plan.Looks {
		if look.Launches <= over {
			made = append(made, look)
		}
	}
	first := slices.IndexFunc(m.run.Plan.Looks, func(l result.Look) bool { return l.Error > 0 })
	switch {
	case len(made) > first && first >= 0, len(made) > 0 && m.run.Status == result.Running:
		return made
	case first >= 0:
		next := m.run.Plan.Looks[first]
		next.Launches = over + 1
		return append(made, next)
	default:
		return []result.Look{{Launches: over + 1, Error: 1 - confidence}}
	}
}

// LookNow is what a look finds while a run is going on.
type LookNow struct {
	Open     int      // of the run's own budgets, those that more launches may still decide
	Hopeless []string // those that the launches which the plan allows would hardly decide, in words
	Of       int      // budgets
	Decided  []string // what has been decided at this look, in words

	// Controls that do not hold, by name; "" for none.
	Spoiled   string // broken, which more launches would not mend
	Broken    string // broken, by chance perhaps: whether it stays so is for more launches to say
	Undecided string // likewise
}

// Hopeless is the chance of being decided below which a budget is not worth more launches.
const Hopeless = 0.1

// Look judges a run's own budgets while it is going on. No budget is open when a control is broken that more of the same would not mend. The
// repeated baseline and the known delay are broken by chance in one of a hundred looks, and any control may be in one launch alone: that
// is no reason to end the run. After a look at counts the budgets on times are open.
func Look(d *result.Data) (LookNow, error) {
	budgets, err := ParseBudgets(d.Run.Budgets)
	if err != nil {
		return LookNow{}, err
	}
	m, err := measure(d)
	if err != nil {
		return LookNow{}, err
	}
	t := newTolls(m)
	results, made, err := t.judge(budgets, newCapacities(d, m), confidence)
	if err != nil {
		return LookNow{}, err
	}
	early := len(made) > 0 && made[len(made)-1].CountsAlone()
	now := LookNow{Of: len(results)}
	for _, c := range t.controls(confidence) {
		switch {
		case c.OK, c.Undecided && early: // times are not asked for yet
		case c.Undecided:
			now.Undecided = c.Name
		case early || c.measuresTimes():
			now.Broken = c.Name
		default:
			now.Spoiled = c.Name
		}
	}
	for _, r := range results {
		switch {
		case early && r.Budget.Part() == slot.Toll && !r.Budget.Counted():
			now.Open++
		case r.Outcome == Inconclusive && r.PassAt > 0 && r.Decidable < Hopeless:
			now.Hopeless = append(now.Hopeless, r.Sentence)
		case r.Outcome == Inconclusive && r.PassAt > 0:
			now.Open++
		}
		if r.Outcome != Inconclusive && r.Launches == m.over() {
			now.Decided = append(now.Decided, r.Sentence)
		}
	}
	if now.Spoiled != "" {
		now.Open, now.Hopeless = 0, nil
	}
	return now, nil
}

// endedOnCounts says that the run ended as its plan allows it where every budget on the toll is on a count: when these were decided, before
// the first look at times.
func (m *measured) endedOnCounts() bool {
	looks := m.run.Plan.Looks
	first := slices.IndexFunc(looks, func(l result.Look) bool { return l.Error > 0 })
	return first > 0 && m.run.Status == result.Complete && m.over() >= looks[0].Launches && m.over() < looks[first].Launches
}
