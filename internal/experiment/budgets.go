package experiment

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func (e *Experiment) validateBudgets(c *complaints, rules result.Rules) {
	budgets, err := verdict.ParseBudgets(e.Budgets)
	if err == nil {
		err = verdict.CheckBudgets(budgets, e.scope(rules))
	}
	if err != nil {
		c.add("budgets: %v", err)
	}
	for _, b := range budgets {
		switch b.Part() {
		case slot.Catch:
		case slot.Capacity:
			if e.Capacity.Launches == 0 {
				c.add("budgets: %q: this experiment does not measure the capacity: set capacity.launches, or name it in --only", b.Text)
			}
		case slot.Toll:
			if e.Toll.Launches == 0 {
				c.add("budgets: %q: this experiment does not measure the toll, which %s is of: set toll.launches, or take the budget back",
					b.Text, b.Metric)
				continue
			}
			m, _ := verdict.Lookup(b.Metric)
			perSlot, least := e.mainPerSlot()
			if need := m.Rounds(least); need > e.Toll.Rounds {
				rounds := fmt.Sprintf("about %d rounds per launch at this rate and slot", m.Rounds(perSlot))
				if least < perSlot {
					rounds += fmt.Sprintf(", up to %d where journeys make fewer requests than are ordered", need)
				}
				c.add("budgets: %q: %s needs %s, and toll.rounds is %d: run more rounds (--rounds), a higher rate (--rate) or longer slots",
					b.Text, b.Metric, rounds, e.Toll.Rounds)
			}
		}
	}
}

// scope is what budgets can be about. What is wrong with the faults or the rules, which are nil then, is said elsewhere.
func (e *Experiment) scope(rules result.Rules) verdict.Scope {
	var s verdict.Scope
	for i, l := range e.Levels {
		s.Levels = append(s.Levels, l.Name)
		if i > 0 {
			s.Above = append(s.Above, l.Name)
		}
	}
	for _, text := range e.Faults {
		if f, err := faults.Lookup(text); err == nil {
			s.Faults = append(s.Faults, f.ID)
		}
	}
	if rules != nil {
		s.Alerts = rules.IDs()
	}
	return s
}

// mainShare is the share of recommends among the requests of our journeys. Runs have shown 0.33 to 0.36, with journeys of the
// population and with recorded ones.
const mainShare = 0.35

// Recorded is how much of a slot counts: between slices there is no wash-out, since a slice begins with what the arm still owes from
// the one before.
func (e *Experiment) Recorded() time.Duration {
	if e.Slice() > 0 {
		return e.Toll.Slot
	}
	return e.Toll.Slot - e.Toll.Washout
}

// mainPerSlot is about how many requests a slot records of the step whose latency is the toll, and how few there may be in a run of
// ordinary size whose load is taken for the ordered one. For a script of the user's own it is the most that there can be: one in every turn.
func (e *Experiment) mainPerSlot() (about, least float64) {
	all := e.Toll.Rate * e.Recorded().Seconds()
	if e.Journeys.Script != "" {
		return all, all
	}
	return all * mainShare, all * mainShare * (1 - slot.Forecast{}.Within())
}
