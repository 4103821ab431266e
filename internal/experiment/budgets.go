package experiment

import (
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func (e *Experiment) validateBudgets(c *complaints) {
	budgets, err := verdict.ParseBudgets(e.Budgets)
	if err == nil {
		var above []string
		for i, l := range e.Levels {
			if i > 0 {
				above = append(above, l.Name)
			}
		}
		err = verdict.CheckBudgets(budgets, above)
	}
	for _, b := range budgets {
		if m, _ := verdict.Lookup(b.Metric); m.Phase == slot.Capacity && e.Capacity.Launches == 0 {
			c.add("budgets: %q: this experiment does not measure the capacity: set capacity.launches, or name it in --only", b.Text)
		}
	}
	if err != nil {
		c.add("budgets: %v", err)
	}
	for _, b := range budgets {
		m, _ := verdict.Lookup(b.Metric)
		if need := m.Rounds(e.mainPerSlot()); need > e.Toll.Rounds && e.Toll.Launches > 0 {
			c.add("budgets: %q: %s needs about %d rounds per launch at this rate and slot, and toll.rounds is %d: run more rounds (--rounds), "+
				"a higher rate (--rate) or longer slots", b.Text, b.Metric, need, e.Toll.Rounds)
		}
	}
}

// mainShare is the share of recommends among the requests of our journeys. Runs have shown 0.33 to 0.36, with journeys of the
// population and with recorded ones.
const mainShare = 0.35

// mainPerSlot is about how many requests a slot records of the step whose latency is the toll. For a script of the user's own
// it is the most that there can be: one in every turn.
func (e *Experiment) mainPerSlot() float64 {
	all := e.Toll.Rate * (e.Toll.Slot - e.Toll.Washout).Seconds()
	if e.Journeys.Script != "" {
		return all
	}
	return all * mainShare
}
