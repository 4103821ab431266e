package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// dependencySlow: the answers of a store, or of another service, come late, as over a bad link. In our own stack
// a link does it; before a system of the user's own it takes a proxy, which the experiment names.
func dependencySlow() Fault {
	const usual = "store"
	type state struct {
		Latency float64 `json:"latency_ms"`
	}

	return Fault{
		ID:     "dependency-slow",
		Group:  "dependency",
		Title:  "a proxy holds up the answers of a dependency by {latency} (" + usual + ", unless the experiment names another)",
		Felt:   "slow pages; time-outs where somebody does not wait so long",
		Signs:  map[string]int{"p95": 1},
		Least:  "off",
		Params: []Param{{Name: "latency", Title: "how long answers are held up", Unit: "ms", Default: 500, Least: 1, Most: 60_000}},
		Runbook: "Look at the client spans towards the dependency: if they are long and its own server spans are short, the link is slow and " +
			"not the service. Shorten the callers' time-outs before their queues fill, and shed load.",
		Levers:  []string{lever.Latency},
		Service: usual,
		Expect:  []string{"DependencyLatencyHigh", "ServiceLatencyHigh", "UserLatencyHigh", "HighErrorRate"},
		Allow: []string{ // whoever waits for it falls behind, the consumers of events too, and gives up at last
			"AvailabilityBurn", "ClickThroughLow", "ConsumerLagHigh", "DefaultContentHigh", "DefaultContentReason", "DependencyErrors",
			"EngagementAbsent", "ErrorSpansRare", "EventAgeChannel", "EventAgeHigh", "FallbackSpansHigh", "LatencyBurn", "PartitionStalled",
			"ProfileUpdatesStale", "RetriesHigh", "ServiceDown", "ServiceErrorRateHigh", "StoreCallsHigh", "TailLatencyHigh",
		},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"db.system.name": "redis", "db.operation.name": "get"}, Took: "{latency}"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.Latency, map[string]any{"latency": site.Values.Number("latency")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var s state
			if err := site.Arm.Ask(ctx, site.Service, lever.Latency, struct{}{}, &s); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: s.Latency >= site.Values.Number("latency"), Gone: s.Latency == 0, Values: map[string]float64{"latency_ms": s.Latency},
				Detail: fmt.Sprintf("the proxy holds up answers of %s by %g ms", site.Service, s.Latency),
			}, nil
		},
	}
}
