package reports

import "github.com/tollgate-dev/tollgate/internal/verdict"

// fixtureHops are two hops and the way to them: one that no level changes, and one that only some answers have and that cannot be
// compared.
func fixtureHops(a *verdict.Analysis) []verdict.Hop {
	hop := func(of verdict.Hop, share float64, changes bool) verdict.Hop {
		for _, b := range a.Baseline {
			if b.Metric.ID == "p50" || b.Metric.ID == "p95" {
				of.Baseline = append(of.Baseline, verdict.Absolute{Metric: b.Metric, Value: share * b.Value})
			}
		}
		for _, t := range a.Toll {
			l := verdict.LevelToll{Arm: t.Arm}
			for _, e := range t.Effects {
				if e.Metric.ID == "p50" || e.Metric.ID == "p95" {
					e.Value, e.Diff, e.Note = share*e.Value, times(e.Diff, share), ""
					e.Significant = e.Significant && changes
					l.Effects = append(l.Effects, e)
				}
			}
			of.Toll = append(of.Toll, l)
		}
		return of
	}
	return []verdict.Hop{
		hop(verdict.Hop{Outside: true, Share: 1}, 0.2, false),
		hop(verdict.Hop{Name: "gateway", Share: 1}, 0.5, true),
		hop(verdict.Hop{Name: "model", Share: 0.62, Note: "no more than 1 µs, the least that is told apart"}, 0.1, true),
	}
}
