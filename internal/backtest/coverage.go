package backtest

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
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
func cover(rules result.Rules, m *catch.Matrix) Coverage {
	var out Coverage
	var seen []string
	for i, a := range rules {
		id := rules.ID(i)
		if slices.Contains(seen, id) {
			continue
		}
		seen = append(seen, id)
		useful, other := uses(rules, i, m)
		switch {
		case a.Constant == result.AlwaysTrue:
			out.Switches = append(out.Switches, id)
		case len(useful) > 0:
			out.Useful = append(out.Useful, Use{id, useful})
		case len(other) > 0:
			out.Others = append(out.Others, Use{id, other})
		default:
			out.Never = append(out.Never, id)
		}
	}
	return out
}

// uses are the faults in whose passes a rule fired, those that expect it and the others.
func uses(rules result.Rules, i int, m *catch.Matrix) (useful, other []string) {
	id := rules.ID(i)
	for _, row := range m.Faults {
		expected := slices.ContainsFunc(row.Fault.Expect, func(entry string) bool { return rules.Covers(entry, i) })
		for _, c := range row.Cells {
			caught := c.Alert == id || slices.Contains(c.Also, id)
			switch {
			case expected && caught:
				useful = add(useful, row.Fault.ID)
			case caught || slices.Contains(c.False, id):
				other = add(other, row.Fault.ID)
			}
		}
	}
	return useful, other
}

// add appends s unless it is there.
func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
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
