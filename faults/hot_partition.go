package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// recentEvents is what a look at the last seconds of the topic of events shows.
type recentEvents struct {
	Records    int
	Flooded    int // under the key of flood-key
	Clicks     int
	Duplicates int                // of the clicks
	Age        map[string]float64 // by channel: mean of receive time minus event time, in seconds
}

// lookAtEvents reads the last seconds of the topic of events.
func lookAtEvents(ctx context.Context, site Site) (recentEvents, error) {
	var r recentEvents
	err := site.Arm.Ask(ctx, role.Backing, lever.AskEvents, map[string]float64{"seconds": 3}, &r)
	return r, err
}

// hotPartition: another job writes events under a single key, all of them into the partition of that key.
func hotPartition() Fault {
	return Fault{
		ID:    "hot-partition",
		Group: "stream",
		Title: "another job writes {rate} a second under one key",
		Felt:  "nothing at first; then profiles of the users in that partition are late",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Params: []Param{
			{Name: "rate", Title: "events of that key in a second", Unit: "events", Default: 500, Least: 20, Most: 10_000},
		},
		Runbook: "Compare the partitions: the end of one moves many times as fast as the others, and the lag is there alone. More consumers do " +
			"not help, since one partition has one reader. The consumer's log names the session that has most of the partition's records. " +
			"Stop the job that writes it, or have it write to a topic of its own, or with a key that spreads.",
		Levers: []string{lever.FloodKey, lever.AskEvents},
		Expect: []string{"LagSkewed", "ConsumerLagHigh"},
		Allow:  []string{"ClickThroughLow", "EventAgeHigh", "EventAgeChannel", "PartitionStalled", "StoreCallsHigh"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "hot-key",
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Backing, lever.FloodKey, map[string]float64{"rate": site.Values.Number("rate")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			r, err := lookAtEvents(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			share := float64(r.Flooded) / float64(max(r.Records, 1))
			return Effect{
				Present: r.Records >= 20 && share > 0.3,
				Gone:    r.Records > 0 && r.Flooded == 0,
				Detail:  fmt.Sprintf("%d of %d events have the same key", r.Flooded, r.Records),
				Values:  map[string]float64{"key_share": share, "events": float64(r.Records)},
			}, nil
		},
	}
}
