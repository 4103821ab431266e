package reports

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// metricsOf lists the metrics of a run in display order, from the baseline or, without one, from the first arm.
func metricsOf(a *verdict.Analysis) []verdict.Metric {
	var out []verdict.Metric
	for _, b := range a.Baseline {
		out = append(out, b.Metric)
	}
	if len(out) == 0 && len(a.Toll) > 0 {
		for _, e := range a.Toll[0].Effects {
			out = append(out, e.Metric)
		}
	}
	return out
}

// mainMetrics are those for tables that have no room for all; all of them if the run has none of these.
func mainMetrics(a *verdict.Analysis) []verdict.Metric {
	all := metricsOf(a)
	if out := placed(all, func(m verdict.Metric) int { return m.Main }); len(out) > 0 {
		return out
	}
	return all
}

// costMetrics are those of the table of what else a level costs.
func costMetrics(a *verdict.Analysis) []verdict.Metric {
	return placed(metricsOf(a), func(m verdict.Metric) int { return m.Cost })
}

// measuredOf parts metrics into those that the run has a value of, and the others.
func measuredOf(a *verdict.Analysis, metrics []verdict.Metric) (measured, missing []verdict.Metric) {
	for _, m := range metrics {
		has := !math.IsNaN(baselineOf(a, m)) || slices.ContainsFunc(a.Toll, func(t verdict.LevelToll) bool { return !math.IsNaN(effectOf(t, m).Value) })
		if has {
			measured = append(measured, m)
		} else {
			missing = append(missing, m)
		}
	}
	return measured, missing
}

// missingWords says once of which metrics a run has no value, and why, as far as it is known; "" if there are none.
func missingWords(a *verdict.Analysis, missing []verdict.Metric) string {
	var out []string
	for _, m := range missing {
		text := head(m)
		for _, t := range a.Toll {
			if note := effectOf(t, m).Note; note != "" {
				text = note
				if !strings.HasPrefix(note, m.ID+" ") {
					text = head(m) + ": " + note
				}
				break
			}
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return ""
	}
	return "Not in this run: " + strings.Join(out, "; ") + "."
}

// placed are the metrics that have a place in a table, in its order.
func placed(all []verdict.Metric, place func(verdict.Metric) int) []verdict.Metric {
	out := slices.DeleteFunc(slices.Clone(all), func(m verdict.Metric) bool { return place(m) == 0 })
	slices.SortStableFunc(out, func(x, y verdict.Metric) int { return cmp.Compare(place(x), place(y)) })
	return out
}

// atRest says, where CPU times stand, whether what an arm uses at rest is part of them; "" where nothing is known of CPU.
func atRest(a *verdict.Analysis) string {
	if !slices.ContainsFunc(metricsOf(a), func(m verdict.Metric) bool { return m.AtRest }) {
		return ""
	}
	return "CPU per request is without what an arm uses at rest, which stands by itself."
}

// head is the short name of a metric for the head of a column.
func head(m verdict.Metric) string {
	return cmp.Or(m.Short, m.ID) + perSuffix(m.Per)
}

// effectOf finds the effect on a metric; one that knows nothing where an odd analysis has none.
func effectOf(t verdict.LevelToll, m verdict.Metric) verdict.Effect {
	for _, e := range t.Effects {
		if e.Metric.ID == m.ID {
			return e
		}
	}
	nan := verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	return verdict.Effect{Metric: m, Value: math.NaN(), Diff: nan, Ratio: nan, Detectable: math.NaN()}
}

// baselineOf is the baseline's value of a metric, NaN if unknown.
func baselineOf(a *verdict.Analysis, m verdict.Metric) float64 {
	for _, b := range a.Baseline {
		if b.Metric.ID == m.ID {
			return b.Value
		}
	}
	return math.NaN()
}

// baselineArm is the arm that everything is compared with.
func baselineArm(a *verdict.Analysis) result.Arm {
	for _, arm := range a.Run.Arms {
		if arm.Role == result.RoleBaseline {
			return arm
		}
	}
	return result.Arm{Name: "baseline", Level: "baseline", Role: result.RoleBaseline}
}

// worstDetectable is the largest of the smallest detectable changes of a metric over the levels: a change of this
// size would have been seen at every one of them. NaN if unknown.
func worstDetectable(a *verdict.Analysis, m verdict.Metric) float64 {
	worst := math.NaN()
	for _, t := range a.Toll {
		if t.Arm.Role != result.RoleLevel {
			continue
		}
		if d := effectOf(t, m).Detectable; known(d) && !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// trueRatio is the change that the known delay makes in truth to a latency, NaN for every other arm and metric.
func trueRatio(a *verdict.Analysis, arm result.Arm, m verdict.Metric) float64 {
	base := baselineOf(a, m)
	if arm.Role != result.RoleKnownDelay || !m.Latency || !known(base) || base <= 0 {
		return math.NaN()
	}
	return arm.Delay.Seconds() / base
}

// armNote says what a control arm is for, "" for a level.
func armNote(arm result.Arm) string {
	switch arm.Role {
	case result.RoleBaseline:
		return "baseline"
	case result.RoleRepeat:
		return "noise floor"
	case result.RoleKnownDelay:
		return "truth: +" + amount(arm.Delay.Seconds(), verdict.Seconds)
	default:
		return ""
	}
}

// tollCell is an effect as tables show it: the repeated baseline as the noise floor, the known delay and money in their own
// unit.
func tollCell(t verdict.LevelToll, m verdict.Metric) string {
	e := effectOf(t, m)
	if m.InUnit {
		e.Ratio = verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	}
	switch {
	case t.Arm.Role == result.RoleRepeat:
		return noise(e)
	case t.Arm.Role == result.RoleKnownDelay && m.Latency && e.Significant:
		return difference(e)
	default:
		return effect(e)
	}
}
