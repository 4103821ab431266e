package faults

import (
	"cmp"
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// collectorDown: the arm's Collector is gone. The services do not notice: their SDKs give up on what they cannot send. What is
// seen without instrumentation is there still, since the Prometheus goes on.
func collectorDown() Fault {
	return Fault{
		ID:    "collector-down",
		Group: "pipeline",
		Title: "the Collector is down, and the services' telemetry goes nowhere",
		Felt:  "nothing: the operators are blind",
		Signs: map[string]int{"errors": 0, "click_through": 0},
		Least: "off",
		Runbook: "The services are up, and all that they export has stopped at the same second. Look at the Collector first: does " +
			"it run, was it killed for its memory, does it take connections at the port of OTLP? Its own metrics are gone too. " +
			"Until it is back, judge the services by what is measured from outside. Metrics go on where they were; the spans and " +
			"log records of the gap are lost.",
		Levers:   []string{lever.StopCollector, lever.AskCollector},
		Expect:   []string{"CollectorDown", "PipelineBlind"},
		Allow:    []string{"EngagementAbsent", "MetricVanished", "ProfileUpdatesStale", "ServiceDown", "TelemetryRefused", "TracesBroken"},
		Service:  role.Telemetry,
		Evidence: &Evidence{Signal: "metrics", Query: `probe_success{service="telemetry"} == 0`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.StopCollector, struct{}{})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			c, err := askCollector(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			detail, value := "the Collector takes no telemetry", 0.0
			if c.Answers {
				detail, value = "the Collector takes telemetry", 1
			}
			return Effect{Present: !c.Answers, Gone: c.Answers, Detail: detail, Values: map[string]float64{"answers": value}}, nil
		},
		Theirs: &Theirs{
			Title: "the Collector that the experiment names is down, and what it takes goes nowhere",
			Felt:  "nothing: the operators are blind",
			Signs: map[string]int{"errors": 0},
		},
	}
}

// askCollector asks an arm's Collector what it has done since it last started, which may be the change of its configuration by the
// fault, or by its heal.
func askCollector(ctx context.Context, site Site) (c lever.CollectorState, err error) {
	return c, site.Arm.Ask(ctx, cmp.Or(site.Service, role.Telemetry), lever.AskCollector, struct{}{}, &c)
}
