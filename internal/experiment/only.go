package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Parts are what a run may measure, in this order.
var Parts = []string{"toll", "capacity", "catch"}

// OnlyLaunches is the number of launches in which Only has the capacity measured, where the experiment names none.
const OnlyLaunches = 3

// Only leaves out every part that is not named: a toll or a capacity then has no launch, a catch has no fault, and the
// budgets of the part are dropped. An unknown part is an error, and so is one that the experiment does not measure.
func (e *Experiment) Only(parts []string) error {
	for _, p := range parts {
		if !slices.Contains(Parts, p) {
			return fmt.Errorf("unknown part %q: legal parts are %s", p, strings.Join(Parts, ", "))
		}
	}
	switch has := func(part string) bool { return slices.Contains(parts, part) }; {
	case len(parts) == 0:
		return fmt.Errorf("no part named: legal parts are %s", strings.Join(Parts, ", "))
	case has("toll") && e.Toll.Launches == 0:
		return fmt.Errorf("toll: the experiment measures none: toll.launches is 0")
	case has("catch") && len(e.Faults) == 0:
		return fmt.Errorf("catch: the experiment has no faults")
	default:
		if !has("toll") {
			e.Toll.Launches = 0
		}
		if !has("catch") {
			e.Faults, e.Sweep.Vary, e.Sweep.Baseline = nil, "", ""
		}
		if !has("capacity") {
			e.Capacity.Launches = 0
		} else if e.Capacity.Launches == 0 {
			e.Capacity.Launches = OnlyLaunches
		}
		e.Budgets = slices.DeleteFunc(slices.Clone(e.Budgets), func(text string) bool {
			b, err := verdict.ParseBudget(text) // what is wrong with one is for Validate to say
			return err == nil && !has(b.Part())
		})
		return nil
	}
}
