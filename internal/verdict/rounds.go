package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// RoundValues are the values of one arm in one metric, round by round in the order of the run: for a picture of what drifted, and of
// what one launch had and another had not. Nothing is judged by them.
type RoundValues struct {
	Arm      result.Arm
	Metric   Metric
	Launches [][]float64 // by launch, of its rounds or merged groups of rounds, in Metric.Unit
}

// byRounds are the values of the metric that every decision needs: of the baseline first, then in the order of the toll.
func (t *tolls) byRounds() []RoundValues {
	vital := slices.IndexFunc(t.metrics, func(m metric) bool { return m.Vital })
	if vital < 0 || !t.has(t.metrics[vital].needs...) {
		return nil
	}
	var out []RoundValues
	for _, arm := range append([]int{t.baseline}, t.order()...) {
		out = append(out, RoundValues{t.run.Arms[arm], t.metrics[vital].Metric, t.series[vital].values[arm]})
	}
	return out
}
