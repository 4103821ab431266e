package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// cacheBypass: something on the way to the content API asks for everything fresh, as a proxy does that somebody has debugged
// with. The cache is there and is never used.
func cacheBypass() Fault {
	return Fault{
		ID:    "cache-bypass",
		Group: "dependency",
		Title: "a proxy adds Cache-Control: no-cache to the calls to the content API",
		Felt:  "pages are a little slower; the store has more to do",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Runbook: "The hit ratio of the content cache falls to zero at once, without a restart: a cold cache would recover. Look at the " +
			"requests and not at the cache: the server's spans have the header that asks to pass it by. Find who sets it (client, " +
			"gateway, proxy) and take it out there.",
		Levers:   []string{lever.SetHeader},
		Service:  role.Profile,
		Expect:   []string{"StoreCallsHigh"},
		Allow:    []string{"DependencyLatencyHigh", "ServiceLatencyHigh", "SpansPerRequestHigh", "UserLatencyHigh"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"http.request.header.cache-control": `["no-cache"]`}},
		Unseen:   true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.SetHeader, map[string]any{"path": "/v1/content", "header": "Cache-Control", "value": "no-cache"})
			return in, in.Renew(ctx)
		},
		Probe: probeRequests(lever.SetHeader, "were told to pass the cache by"),
	}
}
