package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Parts are what a run may measure, in this order.
var Parts = []string{"toll", "capacity", "catch"}

// OnlyLaunches is how many launches Only measures the capacity in where the experiment says none.
const OnlyLaunches = 3

// Only leaves everything out but the named parts: the toll and the capacity get no launch, the catch no fault, and budgets
// go with what they are about. An unknown part, and one that the experiment has nothing of, is an error.
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
			e.Faults = nil
		}
		if !has("capacity") {
			e.Capacity.Launches = 0
		} else if e.Capacity.Launches == 0 {
			e.Capacity.Launches = OnlyLaunches
		}
		e.Budgets = slices.DeleteFunc(slices.Clone(e.Budgets), func(text string) bool {
			b, err := verdict.ParseBudget(text) // what is wrong with one is for Validate to say
			m, _ := verdict.Lookup(b.Metric)
			return err == nil && !has(m.Phase)
		})
		return nil
	}
}
