package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// modelTailLatency: a few calls to the model take long, as with one slow replica among many or with garbage collection. The mean
// and the median hardly move.
func modelTailLatency() Fault {
	return Fault{
		ID:    "model-tail-latency",
		Group: "model",
		Title: "{share} of the calls to the model take {delay} longer",
		Felt:  "rare slow pages",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "share", Title: "part of the calls", Unit: Share, Default: 0.02, Least: 0.001, Most: 1},
			// The decision waits 250 ms for the model, and shows default content after that.
			{
				Name: "delay", Title: "how long such a call is held up; from 250 ms on it is a time-out with default content",
				Unit: "ms", Default: 200, Least: 10, Most: 5000,
			},
		},
		Runbook: "Look at the slowest traces, not at the median: one span dominates them, the call to the model, and the model's own " +
			"span inside is short, so the time is lost on the way or in a queue before it. Look for one bad replica or load " +
			"balancer. A hedged second call after the usual 95th percentile hides it until it is found.",
		Levers:  []string{lever.DelayRequests},
		Service: role.Model,
		Expect:  []string{"ModelSlow", "TailLatencyHigh"},
		Allow: []string{
			"DefaultContentReason", "DependencyErrors", "DependencyLatencyHigh", "FallbackSpansHigh", "LatencyBurn", "ServiceLatencyHigh",
			"UserLatencyHigh",
		},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"url.template": "/v1/rank"}, Took: "{delay}"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.DelayRequests, map[string]any{
				"path": "/v1/rank", "share": site.Values.Number("share"), "delay": site.Values.Number("delay"),
			})
			return in, in.Renew(ctx)
		},
		Probe: probeRequests(lever.DelayRequests, "were held up"),
	}
}
