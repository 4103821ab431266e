package experiment

import (
	"maps"
	"slices"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Target is the service that the experiment names for a fault; "" for the fault's own choice.
func (e *Experiment) Target(fault string) string {
	if e.Environment == "external" {
		return e.External.Targets[fault]
	}
	return e.Targets[fault]
}

func (e *Experiment) validateFaults(c *complaints) {
	seen := map[string]bool{}
	for _, id := range e.Faults {
		if _, err := faults.Lookup(id); err != nil {
			c.add("faults: %v", err)
		}
		if seen[id] {
			c.add("faults: %s is listed twice", id)
		}
		seen[id] = true
	}
}

// validateTargets refuses targets that are no services of our own stack. The targets in another system are not listed here.
func (e *Experiment) validateTargets(c *complaints) {
	if e.Environment == "external" && len(e.Targets) > 0 {
		c.add("targets: the targets in a system of your own are named in external.targets")
		return
	}
	for _, fault := range slices.Sorted(maps.Keys(e.Targets)) {
		if _, err := faults.Lookup(fault); err != nil {
			c.add("targets: %v", err)
		}
		c.oneOf("targets: "+fault, e.Targets[fault], role.Services())
	}
}
