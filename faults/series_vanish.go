package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// seriesVanish: a new rule of the pipeline drops one metric. Nothing fails, and no alert that reads the metric can fire any more.
func seriesVanish() Fault {
	families := [][2]string{ // the metric's name in OpenTelemetry, and one of its series in Prometheus
		{"perso.decisions", "perso_decisions_total"},
		{"perso.impressions", "perso_impressions_total"},
		{"http.server.request.duration", "http_server_request_duration_seconds_count"},
	}
	var words, names []string
	for _, f := range families {
		words, names = append(words, f[0]), append(names, f[1])
	}
	selector := `{__name__=~"` + strings.Join(names, "|") + `"}`

	return Fault{
		ID:     "series-vanish",
		Group:  "pipeline",
		Title:  "a filter of the Collector drops the metric {metric}",
		Felt:   "nothing: alerts on it cannot fire",
		Signs:  map[string]int{"errors": 0},
		Least:  "metrics",
		Params: []Param{{Name: "metric", Title: "what is dropped", Words: words}},
		Runbook: "A metric that was there an hour ago is gone, while the service that exports it is up and its other metrics " +
			"come. Compare the configuration of the pipeline with the last version that worked: look for filters, relabelling and " +
			"renamed metrics, and at the release notes of the SDK. List the alerts that read the metric: none of them could fire " +
			"since.",
		Levers: []string{lever.ChangeCollector, lever.AskSeries},
		Expect: []string{"MetricVanished"},
		Allow:  []string{"EngagementAbsent", "PipelineBlind"},
		Unseen: true,
		Evidence: &Evidence{Signal: "metrics", Query: "group by (__name__) (last_over_time(" + selector + "[60s])) unless on (__name__) " +
			"group by (__name__) (" + selector + ")"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Telemetry, lever.ChangeCollector, map[string]any{"drop_metric": site.Values.Word("metric")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			name := families[slices.Index(words, site.Values.Word("metric"))][1]
			s, err := askSeries(ctx, site, name)
			if err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: s.Ever > 0 && s.Fresh == 0,
				Gone:    s.Fresh > 0 || s.Ever == 0, // at a level without metrics there was nothing to drop
				Detail:  fmt.Sprintf("%d of %d series of %s have a current sample", s.Fresh, s.Ever, name),
				Values:  map[string]float64{"fresh": float64(s.Fresh), "ever": float64(s.Ever)},
			}, nil
		},
	}
}
