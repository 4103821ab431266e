package reports

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// essential is the choice of metrics for tables that have no room for all, in display order.
func essential() []string {
	return []string{"p50", "p95", "p99", "cpu", "pipeline-cpu", "memory", "bytes"}
}

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

// chosenMetrics are the essential metrics that the run has; all of them if it has none of these.
func chosenMetrics(a *verdict.Analysis) []verdict.Metric {
	all := metricsOf(a)
	var out []verdict.Metric
	for _, id := range essential() {
		if i := slices.IndexFunc(all, func(m verdict.Metric) bool { return m.ID == id }); i >= 0 {
			out = append(out, all[i])
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// head is the short name of a metric for the head of a column.
func head(m verdict.Metric) string {
	name := m.ID
	switch m.ID {
	case "cpu":
		name = "CPU"
	case "pipeline-cpu":
		name = "pipeline CPU"
	case "bytes":
		name = "telemetry"
	}
	if m.Per == "per 1,000 requests" {
		name += " /1k"
	}
	return name
}

// isLatency reports whether a metric is a latency of single requests, which a known delay moves by itself.
func isLatency(m verdict.Metric) bool {
	return slices.Contains([]string{"mean", "p50", "p90", "p95", "p99"}, m.ID)
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
	if arm.Role != result.RoleKnownDelay || !isLatency(m) || !known(base) || base <= 0 {
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
