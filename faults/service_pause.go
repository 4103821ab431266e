package faults

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// servicePause: the processes of one service stand still, as in a long garbage collection, a stopped virtual machine or a
// frozen node. They go on after some seconds, and stand still again. The service refuses nothing and does not crash: its callers
// wait.
func servicePause() Fault {
	const usual = role.Decision

	return Fault{
		ID:    "service-pause",
		Group: "process",
		Title: "the processes of one service stand still for {on} and go on for {off}, in turn (" + usual +
			", unless the experiment names another)",
		Felt:  "answers that do not come, time-outs and errors, for seconds at a time",
		Signs: map[string]int{"errors": 1, "p95": 1},
		Least: "off",
		Params: []Param{
			{Name: "on", Title: "how long they stand still; kept to within two seconds", Unit: "s", Default: 5, Least: 2, Most: 60},
			{Name: "off", Title: "how long they go on after that; 0: not before the end", Unit: "s", Default: 5, Least: 0, Most: 60, Falls: true},
		},
		Runbook: "The process is there and takes connections, and answers nothing for seconds, then everything at once. Look at " +
			"its state (T in ps, or frozen), at the node's and the hypervisor's events, and at garbage collection logs. Take it " +
			"out of the load balancer before you restart it.",
		Levers:  []string{lever.Pause},
		Service: usual,
		Expect:  []string{"ServiceDown", "HighErrorRate"},
		Allow: []string{
			"AvailabilityBurn", "ClickThroughLow", "ConsumerLagHigh", "DefaultContentHigh", "DefaultContentReason", "DependencyErrors",
			"DependencyLatencyHigh", "EngagementAbsent", "ErrorSpansRare", "EventAgeChannel", "EventAgeHigh", "FallbackSpansHigh", "LatencyBurn",
			"MetricVanished", "PipelineBlind", "ProfileUpdatesStale", "RetriesHigh", "ServiceErrorRateHigh", "ServiceLatencyHigh",
			"SpansPerRequestHigh", "StoreCallsHigh", "TailLatencyHigh", "TelemetryRefused", "UserLatencyHigh",
		},
		Evidence: &Evidence{Signal: "metrics", Query: `min_over_time(probe_success{service!~"telemetry|broker"}[5s]) == 0`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := inTurn(pull(site, site.Service, lever.Pause, struct{}{}), site.Values.Seconds("on"), site.Values.Seconds("off"))
			return in, in.Renew(ctx)
		},
		Probe: probeAnswers,
	}
}

// inTurn returns an Injection that is in force for on, then not for off, and so on from now on. The renewals make the changes, so a
// lease that is not renewed still ends it all. Without off it is in force until it is healed.
func inTurn(in Injection, on, off time.Duration) Injection {
	renew, began := in.Renew, time.Now()
	in.Renew = func(ctx context.Context) error {
		if off > 0 && time.Since(began)%(on+off) >= on {
			return in.Heal(ctx)
		}
		return renew(ctx)
	}
	return in
}
