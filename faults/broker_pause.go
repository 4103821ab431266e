package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// brokerPause: the broker stands still, as in a long pause of its disk or its memory. Producers keep what they have for a while,
// then they give it up.
func brokerPause() Fault {
	return Fault{
		ID:    "broker-pause",
		Group: "stream",
		Title: "the broker stands still",
		Felt:  "pages are fast; clicks of the time are late, and lost once producers have waited too long for the broker",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Runbook: "Producers time out, consumers get nothing, and the broker does not answer kafka-broker-api-versions either. Look at its process: " +
			"stopped, out of memory, or waiting for its disk. Producers keep records for some seconds and send them when it goes on; what they " +
			"gave up is in their logs and cannot be had back from Kafka. Do not restart the producers: their buffers are all that there is.",
		Levers:  []string{lever.PauseBroker, lever.AskBroker},
		Service: role.Backing,
		Expect:  []string{"ProducerErrors", "ServiceDown", "EngagementAbsent"},
		Allow: []string{
			"EventAgeHigh", "EventAgeChannel", "ConsumerLagHigh", "PartitionStalled", "LagSkewed", "ProfileUpdatesStale", "ConsumerGroupEmpty",
			"HighErrorRate", "ServiceErrorRateHigh", "ClickThroughLow", "DuplicateEvents", "MetricVanished",
		},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "broker-silent",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.PauseBroker, map[string]string{"arm": site.Arm.Name()})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var broker struct{ Answers *bool }
			if err := site.Arm.Ask(ctx, site.Service, lever.AskBroker, struct{}{}, &broker); err != nil || broker.Answers == nil {
				return Effect{}, err
			}
			effect := Effect{Present: !*broker.Answers, Gone: *broker.Answers, Detail: "the broker answers", Values: map[string]float64{"answers": 1}}
			if effect.Present {
				effect.Detail, effect.Values = "the broker does not answer", map[string]float64{"answers": 0}
			}
			return effect, nil
		},
		Theirs: &Theirs{
			Title: "the broker that the experiment names stands still",
			Felt:  "what waits for the broker waits; what producers give up is lost",
		},
	}
}
