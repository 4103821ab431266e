package faults

import (
	"context"

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
	}
}
