package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// traceContextLoss: a proxy before the model passes only the headers that it knows, and trace context is not among them. The
// model's spans begin traces of their own.
func traceContextLoss() Fault {
	return Fault{
		ID:    "trace-context-loss",
		Group: "pipeline",
		Title: "trace context is stripped from the calls to the model",
		Felt:  "nothing; but whoever looks for a cause finds traces that end at the model",
		Signs: map[string]int{"errors": 0},
		Least: "traces-10",
		Runbook: "Traces end at the client span of the call, and the called service has root spans on a route that only other services " +
			"call. Compare the headers before and after the proxy between the two; put traceparent, tracestate and baggage on its " +
			"list of headers. Until then, join the halves by time and request id.",
		Levers:   []string{lever.StripHeader},
		Service:  role.Model,
		Expect:   []string{"TracesBroken"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"http.route": "/v1/rank"}, Root: role.Model},
		Unseen:   true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.StripHeader, map[string]any{"headers": []string{"traceparent", "tracestate", "baggage"}})
			return in, in.Renew(ctx)
		},
		Probe: probeRequests(lever.StripHeader, "lost their trace context"),
	}
}
