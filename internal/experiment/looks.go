package experiment

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// MaxLaunches is the largest number of launches of a toll.
const MaxLaunches = 100

// MostLaunches is how many launches the toll may take. Budgets on the catch do not extend it.
func (e *Experiment) MostLaunches() int {
	onCatch := func(text string) bool {
		b, err := verdict.ParseBudget(text) // what is wrong with one is for Validate to say
		return err == nil && b.Part() == slot.Catch
	}
	if len(e.Toll.Resolve) > 0 && e.Toll.Launches > 0 {
		return MaxLaunches // as far as toll.at_most lets it
	}
	if e.Toll.Launches == 0 || !slices.ContainsFunc(e.Budgets, func(text string) bool { return !onCatch(text) }) {
		return e.Toll.Launches
	}
	return max(e.Toll.Launches, e.Toll.Most)
}

// Looks is the rule by which the toll is extended, fixed before the first launch. It is empty without budgets, and where
// there is nothing to extend; and where the noise alone decides how long the toll is, see verdict.Resolutions.
func (e *Experiment) Looks() []result.Look {
	if len(e.Toll.Resolve) > 0 {
		return nil
	}
	return verdict.PlanLooks(e.Toll.Launches, e.MostLaunches())
}
