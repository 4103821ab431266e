package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// collectorDrop: the queue in front of the back end is small, and the back end is slow. The Collector takes everything and drops
// what does not fit into the queue; the services never learn of it.
func collectorDrop() Fault {
	return Fault{
		ID:    "collector-drop",
		Group: "pipeline",
		Title: "the Collector queues no more than {queue}, and its back end answers {latency} later",
		Felt:  "nothing: metrics have gaps, and come late",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "queue", Title: "capacity of the queue to the back end", Unit: "requests", Default: 1, Least: 1, Most: 100, Falls: true, Whole: true},
			{Name: "latency", Title: "how much later each answer of the back end comes", Unit: "ms", Default: 3000, Least: 100, Most: 20000},
		},
		Runbook: "The Collector takes more than it delivers. Compare what its receivers accepted with what its exporters sent, " +
			"and look at otelcol_exporter_enqueue_failed and at the fill of the queue. A full queue means that the back end is too " +
			"slow or the queue too small: look at the back end's latency before you make the queue larger. Counters catch up after " +
			"the gap; histograms and rates over it are wrong, and derived counts are lost.",
		Levers: []string{lever.ChangeCollector, lever.AskCollector},
		Expect: []string{"TelemetryRefused", "PipelineBlind", "MetricVanished"},
		Allow: []string{
			"ClickThroughLow", "EngagementAbsent", "EventAgeHigh", "FallbackSpansHigh", "InputDrift", "MissingAttributeLogged",
			"ProfileUpdatesStale", "SampleRatioMismatch", "TracesBroken",
		},
		Unseen:   true,
		Evidence: &Evidence{Signal: "metrics", Query: `rate(otelcol_exporter_enqueue_failed_metric_points_total[5s]) > 0`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Telemetry, lever.ChangeCollector, map[string]any{
				"queue": int(site.Values.Number("queue")), "latency": fmt.Sprintf("%gms", site.Values.Number("latency")),
			})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			c, err := askCollector(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: c.Dropped > 0,
				Gone:    c.Answers && c.Dropped == 0, // of the Collector that the heal has started
				Detail:  fmt.Sprintf("of %d data points taken, %d are stored and %d dropped", c.DataPoints, c.Stored, c.Dropped),
				Values:  map[string]float64{"taken": float64(c.DataPoints), "stored": float64(c.Stored), "dropped": float64(c.Dropped)},
			}, nil
		},
	}
}
