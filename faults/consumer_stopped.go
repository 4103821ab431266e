package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// consumerStopped: the only consumer of the group leaves it, as when somebody stops a listener container and forgets it. Its
// process is up and healthy.
func consumerStopped() Fault {
	return Fault{
		ID:    "consumer-stopped",
		Group: "stream",
		Title: "the last member of the group of ingest leaves it",
		Felt:  "profiles and features stand still; answers are fast and ever more stale",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Runbook: "Every service is up, the lag grows in all partitions alike, and nothing is committed. Ask the broker for the members of the " +
			"group (kafka-consumer-groups --describe --members): with none, nobody reads. The consumer's log says when it left and why: a stop " +
			"by hand, an error that ended its thread, a poll that took too long. Start it again; it goes on where it was, with all that waits.",
		Levers:  []string{lever.StopConsumer, lever.AskGroup},
		Service: role.Ingest,
		Expect:  []string{"ConsumerGroupEmpty", "PartitionStalled", "ConsumerLagHigh", "ProfileUpdatesStale", "EngagementAbsent"},
		Allow:   []string{"EventAgeHigh", "EventAgeChannel", "LagSkewed", "ClickThroughLow", "MetricVanished"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "left-group",
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.StopConsumer, struct{}{})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var group struct {
				Members int
				State   string
			}
			if err := site.Arm.Ask(ctx, role.Backing, lever.AskGroup, struct{}{}, &group); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: group.State != "" && group.Members == 0,
				Gone:    group.Members > 0 && group.State == "Stable",
				Detail:  fmt.Sprintf("the group has %d members and is %s", group.Members, group.State),
				Values:  map[string]float64{"members": float64(group.Members)},
			}, nil
		},
		Theirs: &Theirs{
			Title:  "the consumer that the experiment names stands still, and what it should read piles up",
			Felt:   "what follows from events stands still; the rest is as before",
			Levers: []string{lever.StopConsumer},
			Probe:  probeAnswers,
		},
	}
}
