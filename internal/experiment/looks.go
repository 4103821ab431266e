package experiment

import (
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// MostLaunches is how many launches the toll may take.
func (e *Experiment) MostLaunches() int {
	if e.Toll.Launches == 0 || len(e.Budgets) == 0 {
		return e.Toll.Launches
	}
	return max(e.Toll.Launches, e.Toll.Most)
}

// Looks is the rule by which the toll is extended, fixed before the first launch. It is empty without budgets, and where
// there is nothing to extend.
func (e *Experiment) Looks() []result.Look {
	return verdict.PlanLooks(e.Toll.Launches, e.MostLaunches())
}
