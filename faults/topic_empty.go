package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// topicEmpty: the gateway is configured to send events to another topic, which exists and which nobody reads. Nothing fails.
func topicEmpty() Fault {
	return Fault{
		ID:    "topic-empty",
		Group: "stream",
		Title: "the gateway sends events to " + role.NextEventsTopic + ", which nobody reads",
		Felt:  "nothing at once; profiles learn nothing more from clicks",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Runbook: "Engagement is zero while pages are served, and neither producer nor consumer has an error or a lag. Compare the topic in the " +
			"producer's spans (messaging.destination.name) with the one that the consumer reads: a configuration was changed on one side. " +
			"Set it back, and copy what went to the other topic in the meantime.",
		Levers: []string{lever.EventsTopic, lever.AskEvents},
		Expect: []string{"EngagementAbsent"},
		Allow:  []string{"ClickThroughLow", "MetricVanished", "PartitionStalled"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"messaging.operation.name": "send", "messaging.destination.name": role.NextEventsTopic,
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Gateway, lever.EventsTopic, map[string]string{"topic": role.NextEventsTopic})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var r struct{ Records *int }
			err := site.Arm.Ask(ctx, role.Backing, lever.AskEvents, map[string]float64{"seconds": 3}, &r)
			if err != nil || r.Records == nil {
				return Effect{}, err
			}
			return Effect{
				Present: *r.Records == 0, Gone: *r.Records > 0, Values: map[string]float64{"events": float64(*r.Records)},
				Detail: fmt.Sprintf("%d events came in during the last three seconds", *r.Records),
			}, nil
		},
	}
}
