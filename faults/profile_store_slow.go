package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// profileStoreSlow: the store behind the profiles answers late, as a store does that is overloaded or far away.
func profileStoreSlow() Fault {
	return Fault{
		ID:     "profile-store-slow",
		Group:  "dependency",
		Title:  "the profile store answers {latency} late",
		Felt:   "slow pages and logins",
		Signs:  map[string]int{"p95": 1},
		Least:  "off",
		Params: []Param{{Name: "latency", Title: "how long its answers are held up", Unit: "ms", Default: 100, Least: 20, Most: 5000}},
		Runbook: "The spans towards the store are long and everything above them only waits. Look at the store's slow log and its CPU " +
			"first, then at the network between the two. The profile service reads two or three times for a page, one after the " +
			"other, so a page loses a multiple of what the store loses. Beyond a second for a profile the pages show default " +
			"content.",
		Levers:  []string{lever.Latency, lever.RoundTrip},
		Service: role.Store,
		Expect:  []string{"DependencyLatencyHigh", "ServiceLatencyHigh", "UserLatencyHigh", "TailLatencyHigh", "LatencyBurn"},
		Allow: []string{
			"ClickThroughLow", "ConsumerLagHigh", "DefaultContentHigh", "DefaultContentReason", "EventAgeHigh", "FallbackSpansHigh",
			"HighErrorRate", "ProfileUpdatesStale", "ServiceDown",
		},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"db.system.name": "redis", "db.operation.name": "get"}, Took: "{latency}"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.Latency, map[string]any{"latency": site.Values.Number("latency")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			return probeDelay(ctx, site, site.Values.Number("latency"))
		},
	}
}
