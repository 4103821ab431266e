package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// pass is the pass of a size.
func (a *axis) pass(base faults.Fault, nth int, size float64) (Pass, error) {
	p := Pass{Fault: base, Nth: nth, Size: size}
	switch a.param.Name {
	case result.SweptRate:
		p.Rate = size
	case result.SweptHold:
		p.Hold = time.Duration(size * float64(time.Second)).Round(time.Millisecond)
	default:
		f, err := faults.Lookup(a.with(size))
		if err != nil {
			return p, err
		}
		f.Expect = base.Expect // the experiment may expect other alerts than the catalogue
		p.Fault = f
	}
	return p, nil
}

// with is the entry with a size of the parameter.
func (a *axis) with(size float64) string {
	sep := ": "
	if strings.Contains(a.entry, ":") {
		sep = ", "
	}
	return a.entry + sep + a.param.Name + "=" + strconv.FormatFloat(size, 'g', -1, 64)
}

// swept are the passes of a fault: those of the sweep, or the only one.
func (e *Experiment) swept(f faults.Fault) []Pass {
	once := []Pass{{Fault: f}}
	a, err := e.axis() // Validate has refused what is wrong
	if err != nil || a == nil || a.fault.ID != f.ID {
		return once
	}
	var out []Pass
	for i, size := range sweep.Design(a.sizes, e.Sweep.Repeats, e.Seed) {
		p, err := a.pass(f, i, size)
		if err != nil {
			return once
		}
		out = append(out, p)
	}
	return out
}

// Swept is the sweep as the run directory has it, and the swept fault with texts that speak of all sizes; nil when nothing is swept.
func (e *Experiment) Swept() (*result.Sweep, faults.Fault, error) {
	a, err := e.axis()
	if err != nil || a == nil {
		return nil, faults.Fault{}, err
	}
	plan := &result.Sweep{Fault: a.fault.ID, Param: a.param.Name, Unit: a.param.Unit, Falls: a.param.Falls, Sizes: a.sizes, Repeats: e.Sweep.Repeats}
	if e.Sweep.Baseline != "" {
		limits, err := ReadBaseline(e.Sweep.Baseline)
		if err != nil {
			return nil, a.fault, err
		}
		if plan.Baseline, err = limits.Of(plan, e.levelNames()); err != nil {
			return nil, a.fault, fmt.Errorf("%s: %w", e.Sweep.Baseline, err)
		}
	}
	f := a.fault
	if a.param.Name != result.SweptRate && a.param.Name != result.SweptHold {
		f, err = faults.Spanning(a.entry, a.param.Name, slices.Min(a.sizes), slices.Max(a.sizes))
	}
	return plan, f, err
}

func (e *Experiment) levelNames() []string {
	var names []string
	for _, l := range e.Levels {
		names = append(names, l.Name)
	}
	return names
}

// SweepPlan says in a sentence what a sweep will do; "" when nothing is swept.
func (e *Experiment) SweepPlan() string {
	a, err := e.axis()
	if err != nil || a == nil {
		return ""
	}
	var sizes []string
	for _, size := range a.sizes {
		sizes = append(sizes, sweep.Text(size, a.param.Unit))
	}
	times := "once"
	if e.Sweep.Repeats > 1 {
		times = fmt.Sprintf("%d times", e.Sweep.Repeats)
	}
	return fmt.Sprintf("the sweep takes %s through %s of %s, each %s, in an order drawn from seed %d",
		a.fault.ID, strings.Join(sizes, ", "), a.param.Name, times, e.Seed)
}

// sweepTime is how much longer or shorter the passes take than with the experiment's own rate and hold.
func (e *Experiment) sweepTime() time.Duration {
	a, err := e.axis()
	if err != nil || a == nil {
		return 0
	}
	extra := time.Duration(0)
	for _, size := range a.sizes {
		switch a.param.Name {
		case result.SweptRate: // another rate has its own past to make
			extra += e.Catch.Settle
		case result.SweptHold:
			extra += time.Duration(size*float64(time.Second)) - e.Catch.Hold
		}
	}
	return extra * time.Duration(e.Sweep.Repeats)
}

// MostRate is the highest rate of the load of the catch, requests per second and arm.
func (e *Experiment) MostRate() float64 {
	if a, err := e.axis(); err == nil && a != nil && a.param.Name == result.SweptRate {
		return max(e.Catch.Rate, a.sizes[len(a.sizes)-1])
	}
	return e.Catch.Rate
}

// mostHold is the longest time for which a fault is held.
func (e *Experiment) mostHold() time.Duration {
	if a, err := e.axis(); err == nil && a != nil && a.param.Name == result.SweptHold {
		return time.Duration(a.sizes[len(a.sizes)-1] * float64(time.Second))
	}
	return e.Catch.Hold
}

// Setting is the key of the catch that the pass has a value of its own for, and the value with its unit; "" if it has none.
func (p Pass) Setting() (key, value string) {
	switch {
	case p.Rate > 0:
		return result.SweptRate, sweep.Text(p.Rate, "requests/s")
	case p.Hold > 0:
		return result.SweptHold, sweep.Text(p.Hold.Seconds(), "s")
	default:
		return "", ""
	}
}
