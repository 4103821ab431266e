package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// logLag: log records wait in the Collector before they are passed on. None is lost, and all are late, and so is every alert that
// counts them.
func logLag() Fault {
	return Fault{
		ID:    "log-lag",
		Group: "pipeline",
		Title: "the Collector holds log records for up to {hold}",
		Felt:  "nothing: whoever looks at the logs sees the past",
		Signs: map[string]int{"errors": 0},
		Least: "logs",
		Params: []Param{
			{Name: "hold", Title: "how long log records are gathered before they are passed on", Unit: "s", Default: 4, Least: 1, Most: 120},
		},
		Runbook: "The newest log record is older than it should be, and records come in bursts. Compare a record's time with the " +
			"time at which it could be found. Look for a batch with a long timeout, a throttled ingest, or a queue that fills, on " +
			"the way from the service to the back end. Until it is mended, do not conclude from missing log records that nothing " +
			"happened; metrics and traces are not late.",
		Levers:   []string{lever.ChangeCollector, lever.AskCollector},
		Expect:   []string{"LogsLate"},
		Allow:    []string{"MetricVanished"},
		Unseen:   true,
		Evidence: &Evidence{Signal: "metrics", Query: `rate(tollgate_log_age_seconds_sum[10s]) / rate(tollgate_log_age_seconds_count[10s]) > 1`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Telemetry, lever.ChangeCollector, map[string]any{"hold_logs": fmt.Sprintf("%gs", site.Values.Number("hold"))})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			c, err := askCollector(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			late := c.LogAge > site.Values.Number("hold")/4 // records come at any time of a hold, so the mean is half of it
			return Effect{
				Present: c.LogRecords > 0 && late,
				Gone:    c.Answers && !late,
				Detail:  fmt.Sprintf("%d log records arrived, %.1f s old on average", c.LogRecords, c.LogAge),
				Values:  map[string]float64{"log_age_s": c.LogAge},
			}, nil
		},
	}
}
