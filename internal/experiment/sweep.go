package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// Sweep gives a fault many passes that differ in the size of one parameter, so that the least size that a level detects can be found.
type Sweep struct {
	Vary     string `yaml:"vary"`     // NAME=FROM..TO; "": nothing is swept
	Sizes    int    `yaml:"sizes"`    // from one end to the other, both included
	Repeats  int    `yaml:"repeats"`  // passes of every size
	Baseline string `yaml:"baseline"` // a file of detection limits that may not become worse: see ReadBaseline; "": nothing is judged
}

// Limits of the size of a sweep. A run directory counts the passes of a fault up to 999.
const (
	mostSizes   = 50
	mostRepeats = 100
	mostSwept   = 900 // passes
)

// axis is what a sweep varies.
type axis struct {
	entry string       // of Faults, which is swept
	fault faults.Fault // as the entry says
	param faults.Param // of the fault, or one that stands for a key of the catch
	sizes []float64    // the smallest fault first
}

// ofCatch are the keys of the catch that can be swept, as parameters. Their ranges are those of the keys.
func ofCatch() []faults.Param {
	return []faults.Param{
		{Name: result.SweptRate, Unit: "requests/s", Least: 1, Most: 20_000},
		{Name: result.SweptHold, Unit: "s", Least: 1, Most: 3600},
	}
}

// axis reads Vary. It is nil when nothing is swept.
func (e *Experiment) axis() (*axis, error) {
	if e.Sweep.Vary == "" {
		return nil, nil
	}
	a, err := e.sweptFault()
	if err != nil {
		return nil, err
	}
	name, ends, _ := strings.Cut(e.Sweep.Vary, "=")
	from, to, ok := strings.Cut(ends, "..")
	if name = strings.TrimSpace(name); !ok {
		return nil, fmt.Errorf("sweep.vary: want NAME=FROM..TO, such as share=0.01..0.5, got %q", e.Sweep.Vary)
	}
	if a.param, err = a.lookup(name); err != nil {
		return nil, err
	}
	least, most, err := a.ends(strings.TrimSpace(from), strings.TrimSpace(to))
	if err != nil {
		return nil, err
	}
	if least <= 0 {
		return nil, fmt.Errorf("sweep.vary: %s: the sizes rise by equal factors: want them from above 0, got %q", name, e.Sweep.Vary)
	}
	if least >= most {
		return nil, fmt.Errorf("sweep.vary: %s: want FROM smaller than TO, got %q", name, e.Sweep.Vary)
	}
	a.sizes = sweep.Sizes(least, most, max(e.Sweep.Sizes, 2), a.param.Whole)
	if len(a.sizes) < e.Sweep.Sizes {
		return nil, fmt.Errorf("sweep.sizes: from %s to %s there are %d sizes that differ, and %d are wanted: set sweep.sizes to %d, or widen the range",
			from, to, len(a.sizes), e.Sweep.Sizes, len(a.sizes))
	}
	if a.param.Falls {
		slices.Reverse(a.sizes)
	}
	return a, nil
}

// sweptFault is the only fault of the experiment besides the one that injects nothing.
func (e *Experiment) sweptFault() (*axis, error) {
	var found []*axis
	for _, entry := range e.Faults {
		f, err := faults.Lookup(entry)
		if err != nil {
			return nil, fmt.Errorf("sweep.vary: %w", err)
		}
		if f.ID != faults.None {
			found = append(found, &axis{entry: entry, fault: f})
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("sweep.vary: a sweep is of one fault: want faults with one entry besides %s, got %d (%s)",
			faults.None, len(found), strings.Join(e.Faults, "; "))
	}
	return found[0], nil
}

// lookup finds the parameter of a name.
func (a *axis) lookup(name string) (faults.Param, error) {
	var legal []string
	for _, p := range slices.Concat(a.fault.Params, ofCatch()) {
		switch {
		case p.Name == name && p.Words != nil:
			return p, fmt.Errorf("sweep.vary: %s of %s is %s, which is no number: a sweep needs one", name, a.fault.ID, p.Range())
		case p.Name == name && a.fault.Given[name] != "":
			return p, fmt.Errorf("sweep.vary: %s: the entry %q of faults has a value for it, too: take it out there", name, a.entry)
		case p.Name == name:
			return p, nil
		case p.Words == nil:
			legal = append(legal, p.Name)
		}
	}
	return faults.Param{}, fmt.Errorf("sweep.vary: %s has no parameter %q: legal are %s", a.fault.ID, name, strings.Join(legal, ", "))
}

// ends reads the first and the last size: a number, with or without its unit.
func (a *axis) ends(from, to string) (least, most float64, err error) {
	for _, end := range []struct {
		text string
		into *float64
	}{{from, &least}, {to, &most}} {
		value, err := a.param.Parse(end.text)
		if err != nil {
			return 0, 0, fmt.Errorf("sweep.vary: %s: %w", a.fault.ID, err)
		}
		*end.into = value.Number
	}
	return least, most, nil
}

func (e *Experiment) validateSweep(c *complaints) {
	if e.Sweep.Vary == "" {
		if e.Sweep.Baseline != "" {
			c.add("sweep.baseline: nothing is swept: set sweep.vary, or take the baseline out")
		}
		return
	}
	if e.Catch.Repeats > 1 || e.Catch.Launches > 1 {
		c.add("sweep.vary: a sweep has repeats of its own: set sweep.repeats, and catch.repeats and catch.launches to 1")
	}
	within(c, "sweep.sizes", e.Sweep.Sizes, 2, mostSizes)
	within(c, "sweep.repeats", e.Sweep.Repeats, 1, mostRepeats)
	if n := e.Sweep.Sizes * e.Sweep.Repeats; n > mostSwept {
		c.add("sweep: %d sizes × %d repeats are %d passes: at most %d are possible", e.Sweep.Sizes, e.Sweep.Repeats, n, mostSwept)
	}
	if _, _, err := e.Swept(); err != nil {
		c.add("%v", err)
	}
}
