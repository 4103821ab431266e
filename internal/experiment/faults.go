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

// lookup is faults.Lookup of a fault as it is in the system that the experiment names.
func (e *Experiment) lookup(text string) (faults.Fault, error) {
	f, err := faults.Lookup(text)
	if err == nil && e.Environment == "external" {
		f = f.InTheirs()
	}
	return f, err
}

func (e *Experiment) validateFaults(c *complaints) {
	seen := map[string]bool{}
	for _, text := range e.Faults {
		f, err := faults.Lookup(text)
		if err != nil {
			c.add("faults: %v", err)
			continue
		}
		if seen[f.ID] {
			c.add("faults: %s is listed twice", f.ID)
		}
		seen[f.ID] = true
	}
}

// validateTargets refuses targets that are no services of our own stack. The targets in another system are not listed here.
func (e *Experiment) validateTargets(c *complaints) {
	if e.Environment == "external" && len(e.Targets) > 0 {
		c.add("targets: the targets in a system of your own are named in external.targets")
		return
	}
	for _, fault := range slices.Sorted(maps.Keys(e.Targets)) {
		if err := faults.Known(fault); err != nil {
			c.add("targets: %v", err)
		}
		c.oneOf("targets: "+fault, e.Targets[fault], role.Services())
	}
}
