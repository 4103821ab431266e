package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// cardinalityExplosion: somebody wants to count log records and spans by session, and makes the session's id a label. Every session
// is a new series, and a new histogram.
func cardinalityExplosion() Fault {
	const label = "session_id"

	return Fault{
		ID:    "cardinality-explosion",
		Group: "pipeline",
		Title: "the Collector counts log records and spans by session: the session's id is a label of up to {series}",
		Felt:  "nothing at first; memory, and then slow queries",
		Signs: map[string]int{"errors": 0},
		Least: "traces-10",
		Params: []Param{
			{Name: "series", Title: "where it is taken back, so that the machine survives", Unit: "series", Default: 5000, Least: 100, Most: 50000, Whole: true},
		},
		Runbook: "The number of series grows without end. Ask the Prometheus for the labels with the most values " +
			"(/api/v1/status/tsdb): one that names a session, a user or a request does not belong there. Find out which metric has " +
			"it and since when, and take it out where it is made, here the Collector's connectors count and span_metrics. Old " +
			"series stay in memory until the head is truncated.",
		Levers:   []string{lever.ChangeCollector, lever.AskSeries},
		Expect:   []string{"SeriesGrowth"},
		Allow:    []string{"MemoryNearLimit", "MissingAttributeLogged"},
		Evidence: &Evidence{Signal: "metrics", Query: `topk(1, count by (__name__) ({session_id!=""}) > 50)`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Telemetry, lever.ChangeCollector, map[string]any{
				"count_by": "session.id", "most_series": int(site.Values.Number("series")),
			})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			const some = 60 // series: those of three or four sessions
			s, err := askSeries(ctx, site, fmt.Sprintf(`{%s!=""}`, label))
			if err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: s.Ever >= some && s.Fresh > 0, // old series stay in memory when it is over
				Gone:    s.Fresh == 0,
				Detail:  fmt.Sprintf("%d series have the label %s, and %d of them a current sample", s.Ever, label, s.Fresh),
				Values:  map[string]float64{"series": float64(s.Ever), "fresh": float64(s.Fresh)},
			}, nil
		},
	}
}

func askSeries(ctx context.Context, site Site, match string) (s lever.Series, err error) {
	return s, site.Arm.Ask(ctx, role.Telemetry, lever.AskSeries, map[string]string{"match": match}, &s)
}
