package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// dependencySlow: the answers of a store, or of another service, come late, as over a bad link. It takes a proxy on the way to
// that dependency; the experiment names the proxy.
func dependencySlow() Fault {
	const usual, delay = "store", 500.0 // ms
	type state struct {
		Latency float64 `json:"latency_ms"`
	}

	return Fault{
		ID:      "dependency-slow",
		Title:   fmt.Sprintf("a proxy holds up the answers of a dependency by %g ms (%s, unless the experiment names another)", delay, usual),
		Felt:    "slow pages; time-outs where somebody does not wait so long",
		Least:   "off",
		Levers:  []string{lever.Latency},
		Service: usual,
		Expect:  []string{"HighErrorRate"},
		Allow:   []string{"ClickThroughLow", "DefaultContentHigh", "FallbackSpansHigh"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.Latency, map[string]any{"latency": delay})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var s state
			if err := site.Arm.Ask(ctx, site.Service, lever.Latency, struct{}{}, &s); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: s.Latency >= delay, Gone: s.Latency == 0, Values: map[string]float64{"latency_ms": s.Latency},
				Detail: fmt.Sprintf("the proxy holds up answers of %s by %g ms", site.Service, s.Latency),
			}, nil
		},
	}
}
