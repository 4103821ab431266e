package runner

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/faults"
)

// checkSweep refuses a sweep whose fault cannot be injected: it would have nothing to find, and every other fault of the catalogue
// would be skipped as well.
func (r *run) checkSweep() error {
	plan, _, err := r.Swept()
	if err != nil || plan == nil {
		return err
	}
	if slices.ContainsFunc(r.faults, func(f faults.Fault) bool { return f.ID == plan.Fault }) {
		return nil
	}
	reason := "the experiment does not list it"
	if at := slices.IndexFunc(r.skipped, func(s skipped) bool { return s.ID == plan.Fault }); at >= 0 {
		reason = r.skipped[at].reason
	}
	return fmt.Errorf("runner: %s cannot be swept in the environment %s: %s", plan.Fault, r.Env.Name(), reason)
}
