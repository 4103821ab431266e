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
	const piledUp, caughtUp = 100, 20 // records: two seconds of events, and what a healthy group shows

	return Fault{
		ID:    "consumer-lag",
		Group: "stream",
		Title: "the broker throttles the consumer of events to {bytes} a second",
		Felt:  "profiles and features are late; answers are fast and a little stale",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Params: []Param{{
			Name: "bytes", Title: "what the consumer gets in a second; a broker never sends less than a batch", Unit: "B",
			Default: 1024, Least: 1, Most: 1e6, Falls: true, Whole: true,
		}},
		Runbook: "The group is alive and commits, but slowly. Look for a client quota on the group's client id (kafka-configs --describe " +
			"--entity-type clients), then at the time that the consumer takes for a batch, then at the store behind it. Recommendations " +
			"stay up and are as old as the lag.",
		Levers: []string{lever.ThrottleFetch},
		Expect: []string{"ConsumerLagHigh", "EventAgeHigh"},
		Allow:  []string{"ClickThroughLow", "EngagementAbsent", "EventAgeChannel", "LagSkewed", "PartitionStalled", "ProfileUpdatesStale"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "consumer-behind",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Backing, lever.ThrottleFetch, map[string]any{
				"arm": site.Arm.Name(), "interval": "1s", "max_bytes": int(site.Values.Number("bytes")),
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
