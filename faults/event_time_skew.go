package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// eventTimeSkew: the programs of one channel have a clock that is behind, so what they report seems to be long ago.
func eventTimeSkew() Fault {
	return Fault{
		ID:    "event-time-skew",
		Group: "stream",
		Title: "the clock of channel {channel} is {skew} behind",
		Felt:  "journeys of that channel seem to be over: what follows them is stale",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "channel", Title: "whose programs are behind", Words: []string{"app", "web", "store"}},
			{Name: "skew", Title: "by how much", Unit: "s", Default: 900, Least: 120, Most: 86_400},
		},
		Runbook: "Compare the age of events by channel with the lag of the group: if one channel is old and the lag is small, nothing is late, " +
			"but its clock is wrong. The consumer's log has the time of an event beside the time of its receipt. Look for a release of that " +
			"channel's program at the time of the change. Until it is mended, take the time of receipt for that channel.",
		Levers: []string{lever.Drift, lever.AskEvents},
		Expect: []string{"EventAgeChannel", "EventAgeHigh"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "event-time", "perso.channel": "{channel}",
		}},
		Unseen: true,
		Inject: func(_ context.Context, site Site) (Injection, error) {
			return crowdInjection(site, population.Drift{Programs: population.Programs{
				LateChannel: site.Values.Word("channel"), Late: time.Duration(site.Values.Number("skew") * float64(time.Second)),
			}}), nil
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			r, err := lookAtEvents(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			channel, skew := site.Values.Word("channel"), site.Values.Number("skew")
			age, came := r.Age[channel]
			return Effect{
				Present: came && age > 0.5*skew,
				Gone:    came && age < 0.05*skew,
				Detail:  fmt.Sprintf("events of channel %s say that they are %.0f s old when they come in", channel, age),
				Values:  map[string]float64{"age_seconds": age},
			}, nil
		},
	}
}

// crowdInjection is an injection that changes the crowd.
func crowdInjection(site Site, to population.Drift) Injection {
	site.Crowd.SetDrift(to)
	return Injection{Heal: func(context.Context) error {
		site.Crowd.SetDrift(population.Drift{})
		return nil
	}}
}
