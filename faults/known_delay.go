package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// knownDelay: the profile store answers a little later, by an amount that is known. It is a control: what the run finds out about
// latency can be held against it. No record names it: among spans, 20 ms is also what a busy machine takes now and then.
func knownDelay() Fault {
	return Fault{
		ID:     "known-delay",
		Group:  "controls",
		Title:  "the link to the profile store adds {delay} to every answer",
		Felt:   "pages that are slower by two or three times {delay}, which hardly anybody notices",
		Signs:  map[string]int{"errors": 0, "p95": 1},
		Least:  "off",
		Params: []Param{{Name: "delay", Title: "what is added to an answer", Unit: "ms", Default: 20, Least: 5, Most: 500}},
		Runbook: "Every call to the store takes longer by the same amount, and nothing fails: that is distance, not load. Compare the " +
			"duration of the client's spans with the store's own slow log, which is empty. Look for a changed route, another " +
			"availability zone, or a proxy on the way.",
		Levers:  []string{lever.Latency, lever.RoundTrip},
		Service: role.Store,
		Expect:  []string{"DependencyLatencyHigh", "ServiceLatencyHigh", "UserLatencyHigh"},
		Allow:   []string{"LatencyBurn", "TailLatencyHigh"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.Latency, map[string]any{"latency": site.Values.Number("delay")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			return probeDelay(ctx, site, site.Values.Number("delay"))
		},
	}
}

// probeDelay measures what the link to a service adds to an answer; want is what it should add, in ms.
func probeDelay(ctx context.Context, site Site, want float64) (Effect, error) {
	var t trip
	if err := site.Arm.Ask(ctx, site.Service, lever.RoundTrip, struct{}{}, &t); err != nil {
		return Effect{}, err
	}
	return Effect{
		Present: t.Added >= 0.8*want,
		Gone:    t.Through > 0 && t.Added < 0.4*want,
		Detail:  fmt.Sprintf("%s answers after %.1f ms, and after %.1f ms without its link", site.Service, t.Through, t.Direct),
		Values:  map[string]float64{"added_ms": t.Added, "direct_ms": t.Direct},
	}, nil
}
