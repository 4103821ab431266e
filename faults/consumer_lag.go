package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// consumerLag: the broker throttles the consumer group that turns events into profile updates, as a client quota does. Events
// pile up, and profiles are late.
func consumerLag() Fault {
	const piledUp, caughtUp = 100, 20 // records

	return Fault{
		ID:     "consumer-lag",
		Title:  "the broker throttles the consumer of events",
		Felt:   "profiles and features are late; answers are fast and a little stale",
		Least:  "off",
		Levers: []string{lever.ThrottleFetch},
		Expect: []string{"ConsumerLagHigh", "EventAgeHigh"},
		Allow:  []string{"ClickThroughLow"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Backing, lever.ThrottleFetch, map[string]any{
				"arm": site.Arm.Name(), "interval": "1s", "max_bytes": 1024,
			})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			lags, err := site.Arm.Lag(ctx)
			if err != nil {
				return Effect{}, err
			}
			var sum int64
			for _, lag := range lags {
				sum += lag
			}
			return Effect{
				Present: sum >= piledUp,
				Gone:    sum <= caughtUp,
				Detail:  fmt.Sprintf("%d events wait for the consumer", sum),
				Values:  map[string]float64{"lag_records": float64(sum)},
			}, nil
		},
	}
}
