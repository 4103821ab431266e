package catch

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Coverage is what made one alert fire in a run.
type Coverage struct {
	Alert string   // its ID: see result.Rules
	For   []string // faults that should fire it, and during which it fired at some level
	Other []string // other faults during which it fired: they explain it, or it was a false alarm
	Tried []string // faults that should fire it and had their effect at some level
	Why   string   // why it cannot fire in this run, whatever the fault; "" if it can
}

// Never says that nothing made it fire.
func (c Coverage) Never() bool { return len(c.For)+len(c.Other) == 0 }

// coverage is that of every alert but the dead man's switches, in rule-file order.
func coverage(rules *rules, rows []Row) []Coverage {
	var out []Coverage
	for i, id := range rules.ids {
		if rules.all[i].Constant == result.AlwaysTrue || slices.ContainsFunc(out, func(c Coverage) bool { return c.Alert == id }) {
			continue
		}
		c := Coverage{Alert: id}
		if rules.all[i].Constant == result.NeverTrue || len(rules.all[i].Absent) > 0 || rules.all[i].Reach == result.Unreachable {
			c.Why = rules.obstacle(id, 0, 0)
		}
		for _, row := range rows {
			c.add(row, slices.Contains(row.Expected, id))
		}
		out = append(out, c)
	}
	return out
}

// add counts one pass, whose fault should fire the alert or not.
func (c *Coverage) add(row Row, expected bool) {
	for _, cell := range row.Cells {
		if expected && !cell.Confirmed.IsZero() {
			c.Tried = add(c.Tried, row.Fault.ID)
		}
		fired := cell.Alert == c.Alert || slices.Contains(cell.Also, c.Alert)
		switch {
		case fired && expected:
			c.For = add(c.For, row.Fault.ID)
		case fired, slices.Contains(cell.False, c.Alert):
			c.Other = add(c.Other, row.Fault.ID)
		}
	}
}
