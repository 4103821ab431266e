package reports

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// fixtureFrontier has the costs and the catch of the fixture, a level that another one dominates, one that might be, and a fault
// whose evidence is in spans.
func fixtureFrontier(a *verdict.Analysis) *verdict.Frontier {
	tallies := catch.Tallies(a.Catch, a.Run.Alerts)
	f := &verdict.Frontier{Inversions: catch.Inversions(tallies)}
	of := func(id string, effects []verdict.Effect) verdict.Effect {
		return effects[slices.IndexFunc(effects, func(e verdict.Effect) bool { return e.Metric.ID == id })]
	}
	for _, t := range tallies {
		p := verdict.Point{Level: t.Level, Catch: t, Predicted: math.NaN()}
		for _, id := range []string{"cpu", "p95", "bytes", "money"} {
			e := of(id, a.Toll[0].Effects) // for the metric
			if t.Level == "off" {
				e = verdict.Effect{Metric: e.Metric, Value: baselineOf(a, e.Metric), Detectable: math.NaN()}
				f.Metrics = append(f.Metrics, e.Metric)
			}
			for _, l := range a.Toll {
				if l.Arm.Role == "level" && l.Arm.Level == t.Level {
					e = of(id, l.Effects)
				}
			}
			p.Costs = append(p.Costs, e)
		}
		f.Points = append(f.Points, p)
	}
	f.By = f.Metrics[0]
	f.Points[2].Predicted, f.Points[2].Rivals = 0.29, []verdict.Rival{{Level: "metrics", Unsure: f.Metrics[1:2]}}
	f.Points[3].DominatedBy = []string{"traces-10"}
	step := &verdict.Step{From: "metrics", To: "traces-10"}
	for i, e := range f.Points[2].Costs {
		if e.Significant = i != 1; i == 0 {
			e.Ratio = verdict.Interval{Lo: 0.066, Mid: 0.075, Hi: 0.085}
		}
		step.Costs = append(step.Costs, e)
	}
	f.Choices = []verdict.Choice{
		{Faults: 3, Detects: verdict.Pick{Level: "metrics", Caught: 3, Any: 3}, Diagnoses: verdict.Pick{Level: "traces-10", Caught: 1, Any: 2}, Step: step},
		{Group: "data", Faults: 1, Detects: verdict.Pick{Level: "metrics", Caught: 1, Any: 1}, Diagnoses: verdict.Pick{Level: "traces-10", Caught: 1, Any: 1}, Step: step},
		{Group: "model", Faults: 1, Detects: verdict.Pick{Level: "metrics", Caught: 1, Any: 1}},
		{Group: "stream", Faults: 1, Detects: verdict.Pick{Level: "off", Caught: 1, Any: 1, Like: []string{"metrics"}}, Diagnoses: verdict.Pick{Level: "full", Caught: 1, Any: 1}},
	}
	shows := stats.ClopperPearson(12, 600, 0.95)
	need := func(p float64) float64 { return stats.Until(0.1*p, verdict.SightConfidence) }
	f.Sampling = []verdict.Sampling{{Fault: "consumer-lag", From: "full", Shows: verdict.Interval(shows), Levels: []verdict.Sampled{{
		Level: "traces-10", Kept: 0.1, Need: verdict.Interval{Lo: need(shows.Hi), Mid: need(shows.Mid), Hi: need(shows.Lo)},
		Seconds: verdict.Interval{Lo: need(shows.Hi) / 25, Mid: need(shows.Mid) / 25, Hi: need(shows.Lo) / 25},
		Chance:  stats.AtLeastOne(0.1*shows.Mid, 175), Requests: 175, First: math.NaN(), Passes: 1,
	}}}}
	return f
}
