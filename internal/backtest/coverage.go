package backtest

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Coverage says of every alert what it was good for, at all levels together. Alerts are named by their IDs: see result.Rules.
type Coverage struct {
	Useful   []Use    // fired for a fault that expects them
	Others   []Use    // fired, and for no fault that expects them
	Never    []string // did not fire in any pass
	Switches []string // dead man's switches, which fire with a fault and without
}

// Use is one alert with the faults in whose passes it fired, in the order of the passes.
type Use struct {
	Alert  string
	Faults []string
}

// cover sorts the alerts by what they did in the passes.
func cover(rules result.Rules, all []catch.Coverage) Coverage {
	var out Coverage
	for _, c := range all {
		switch {
		case len(c.For) > 0:
			out.Useful = append(out.Useful, Use{c.Alert, c.For})
		case len(c.Other) > 0:
			out.Others = append(out.Others, Use{c.Alert, c.Other})
		default:
			out.Never = append(out.Never, c.Alert)
		}
	}
	for i, id := range rules.IDs() {
		if rules[i].Constant == result.AlwaysTrue && !slices.Contains(out.Switches, id) {
			out.Switches = append(out.Switches, id)
		}
	}
	return out
}

// Of is how an alert stands in the coverage: useful, other, never or switch; "" for one that is not among the rules.
func (c Coverage) Of(id string) string {
	named := func(uses []Use) bool { return slices.ContainsFunc(uses, func(u Use) bool { return u.Alert == id }) }
	switch {
	case named(c.Useful):
		return "useful"
	case named(c.Others):
		return "other"
	case slices.Contains(c.Never, id):
		return "never"
	case slices.Contains(c.Switches, id):
		return "switch"
	default:
		return ""
	}
}
