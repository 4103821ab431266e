package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// retryStorm: the connections of many calls to the content API are reset in the middle of the answer. The decision calls again,
// so the service has to do the work of one page several times.
func retryStorm() Fault {
	return Fault{
		ID:     "retry-storm",
		Group:  "dependency",
		Title:  "{share} of the calls to the content API are reset",
		Felt:   "some pages are slower, a few show default content; under load, saturation",
		Signs:  map[string]int{"errors": 0},
		Least:  "metrics",
		Params: []Param{{Name: "share", Title: "part of the calls", Unit: Share, Default: 0.3, Least: 0.01, Most: 1}},
		Runbook: "The content API gets more calls than there are pages, and its clients see connection errors that it does not log " +
			"itself: something between the two drops connections. Look at the load balancer and at recent deployments of it. If the " +
			"service saturates, lower the clients' number of attempts or give them a retry budget first: the repeated calls are the " +
			"load.",
		Levers:  []string{lever.ResetRequests},
		Service: role.Profile,
		Expect:  []string{"RetriesHigh", "DependencyErrors"},
		Allow: []string{
			"AvailabilityBurn", "ClickThroughLow", "DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "LatencyBurn",
			"ServiceLatencyHigh", "SpansPerRequestHigh", "StoreCallsHigh", "TailLatencyHigh", "UserLatencyHigh",
		},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"http.request.resend_count": "1", "url.template": "/v1/content"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.ResetRequests, map[string]any{"path": "/v1/content", "share": site.Values.Number("share")})
			return in, in.Renew(ctx)
		},
		Probe: probeRequests(lever.ResetRequests, "were reset"),
		Theirs: &Theirs{
			Title:    "a proxy resets {share} of the connections to a dependency, again and again",
			Felt:     "errors, or slower answers where somebody calls again",
			Evidence: &Evidence{Signal: "spans", Match: map[string]string{"http.request.resend_count": "1"}},
			Levers:   []string{lever.Reset},
			Inject:   resetConnections,
			Probe:    probeReset,
		},
	}
}

// resetConnections resets a share of the connections to a service. A connection that was spared once is spared for good, so every
// renewal begins anew.
func resetConnections(ctx context.Context, site Site) (Injection, error) {
	in := pull(site, site.Service, lever.Reset, map[string]any{"share": site.Values.Number("share")})
	again := in.Renew
	in.Renew = func(ctx context.Context) error {
		if err := in.Heal(ctx); err != nil {
			return err
		}
		return again(ctx)
	}
	return in, again(ctx)
}

// probeReset asks the proxy, which stands outside the system, for the share of the connections that it resets.
func probeReset(ctx context.Context, site Site) (Effect, error) {
	var now struct{ Share float64 }
	if err := site.Arm.Ask(ctx, site.Service, lever.Reset, struct{}{}, &now); err != nil {
		return Effect{}, err
	}
	return Effect{
		Present: now.Share >= 0.99*site.Values.Number("share"), Gone: now.Share == 0, // Toxiproxy keeps it in single precision
		Detail: fmt.Sprintf("the proxy resets %g %% of the connections to %s", 100*now.Share, site.Service),
		Values: map[string]float64{"reset_share": now.Share},
	}, nil
}
