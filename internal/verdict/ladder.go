package verdict

import (
	"cmp"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// ladder is what each level costs over the next cheaper one, in all metrics of the toll. The cheapest level is not in it: next to it
// is the baseline. Where no cost is known of all levels, they stay in their own order.
func (s *steps) ladder(toll []LevelToll) []Step {
	levels := slices.DeleteFunc(slices.Clone(toll), func(l LevelToll) bool { return l.Arm.Role != result.RoleLevel })
	var all []Metric
	for _, l := range levels[:min(1, len(levels))] {
		for _, e := range l.Effects {
			all = append(all, e.Metric)
		}
	}
	for _, m := range costsOfFrontier(all) {
		unknown := func(l LevelToll) bool { return math.IsNaN(l.of(m).Diff.Mid) }
		if !slices.ContainsFunc(levels, unknown) {
			slices.SortStableFunc(levels, func(x, y LevelToll) int { return cmp.Compare(x.of(m).Diff.Mid, y.of(m).Diff.Mid) })
			break
		}
	}
	var out []Step
	for i := 1; i < len(levels); i++ {
		step := Step{From: levels[i-1].Arm.Level, To: levels[i].Arm.Level}
		for _, m := range all {
			step.Costs = append(step.Costs, s.over(m, step.From, step.To, confidence))
		}
		out = append(out, step)
	}
	return out
}

// OverFloor is how many times as large as the noise floor a change is. The floor is the farther end of the interval of the repeated
// baseline. Both are shares of the baseline where there are such, else in the metric's unit. +Inf over a floor of 0; NaN where one of
// the two is not known.
func (a *Analysis) OverFloor(e Effect) float64 {
	i := slices.IndexFunc(a.Toll, func(l LevelToll) bool { return l.Arm.Role == result.RoleRepeat })
	if i < 0 {
		return math.NaN()
	}
	change, floor := e.Ratio, a.Toll[i].of(e.Metric).Ratio
	if math.IsNaN(change.Mid) || math.IsNaN(floor.Mid) {
		change, floor = e.Diff, a.Toll[i].of(e.Metric).Diff
	}
	return math.Abs(change.Mid) / max(math.Abs(floor.Lo), math.Abs(floor.Hi)) // max keeps NaN; 0 / 0 is NaN, too
}

// of is the effect on a metric; one of NaN if there is none.
func (l LevelToll) of(m Metric) Effect {
	if i := slices.IndexFunc(l.Effects, func(e Effect) bool { return e.Metric.ID == m.ID }); i >= 0 {
		return l.Effects[i]
	}
	return noEffect(m)
}

// noEffect is an effect of which nothing is known.
func noEffect(m Metric) Effect {
	nan := Interval{math.NaN(), math.NaN(), math.NaN()}
	return Effect{Metric: m, Value: math.NaN(), Diff: nan, Ratio: nan, Detectable: math.NaN()}
}
