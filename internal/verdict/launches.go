package verdict

import (
	"math"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// LaunchValues are the plain values of one arm in one launch, for statistics that others make: none is a difference, and none
// can be below 0. So CPU time has what the arm uses at rest in it, as metrics of their own (cpu-gross, pipeline-cpu-gross), and
// money, which is a sum of net amounts, is left out.
type LaunchValues struct {
	Arm      result.Arm
	Capacity bool // of the search for the capacity, else of the toll
	Launch   int
	Rounds   int        // of the toll: complete rounds of the launch; of the capacity: slots of the search
	Values   []Absolute // without those that this launch has no value of
}

// byLaunches are the values of the toll by arm and launch. That of a launch is what Effect.Value is of a run: the Hodges–Lehmann
// centre of its rounds, or groups of rounds.
func (t *tolls) byLaunches() []LaunchValues {
	type read struct {
		Metric
		values [][][]float64
	}
	var all []read
	for i, m := range t.metrics {
		switch {
		case !t.has(m.needs...):
		case m.gross != nil:
			gross := m.Metric
			gross.ID, gross.Short, gross.Title = m.ID+"-gross", "", m.Title+", with that at rest"
			all = append(all, read{gross, perRequest(m.gross)(t.measured).values})
		case !m.signed:
			all = append(all, read{m.Metric, t.series[i].values})
		}
	}
	var out []LaunchValues
	for _, arm := range append([]int{t.baseline}, t.order()...) {
		for l, rounds := range t.launches {
			v := LaunchValues{Arm: t.run.Arms[arm], Launch: t.numbers[l], Rounds: len(rounds)}
			for _, m := range all {
				if x := stats.HodgesLehmann(m.values[arm][l]); !math.IsNaN(x) {
					v.Values = append(v.Values, Absolute{m.Metric, x})
				}
			}
			out = append(out, v)
		}
	}
	return out
}

// byLaunches are the capacities by arm and launch, of the searches that found a limit.
func (c *capacities) byLaunches() []LaunchValues {
	var out []LaunchValues
	for _, arm := range c.arms {
		for l, log := range c.logs[arm] {
			if math.IsNaN(log) || math.IsInf(log, 0) {
				continue
			}
			out = append(out, LaunchValues{
				Arm: c.run.Arms[arm], Capacity: true, Launch: c.launches[l], Rounds: c.slotsIn(arm, c.launches[l]),
				Values: []Absolute{{c.metric, math.Exp(log)}},
			})
		}
	}
	return out
}

// slotsIn counts the slots of an arm's search in a launch.
func (c *capacities) slotsIn(arm, launch int) int {
	n := 0
	for _, s := range c.slots {
		if s.Arm == c.run.Arms[arm].Name && s.Launch == launch {
			n++
		}
	}
	return n
}
