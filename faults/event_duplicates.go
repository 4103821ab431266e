package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// eventDuplicates: programs of the users send clicks again although they were answered, as they do when the answer comes after
// the page is left. The clicks count twice.
func eventDuplicates() Fault {
	return Fault{
		ID:    "event-duplicates",
		Group: "stream",
		Title: "{share} of the clicks are delivered twice",
		Felt:  "nothing; click-through looks better than it is, and profiles weigh clicks twice",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "share", Title: "part of the clicks", Unit: Share, Default: 1, Least: 0.05, Most: 1},
		},
		Runbook: "A click-through that improves over night without a release is a reason to doubt it. Count the ids of events: the consumer's log " +
			"has the id of one that came in again. If both came from the program, its retry is at fault; if the program sent one, look at " +
			"the producer's settings (acks, idempotence). Reports over the time of the fault have to count each id once.",
		Levers: []string{lever.Drift, lever.AskEvents},
		Expect: []string{"DuplicateEvents", "ClickThroughAboveBelief"},
		Allow:  []string{"RetriesHigh"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "duplicate-event",
		}},
		Unseen: true,
		Inject: func(_ context.Context, site Site) (Injection, error) {
			return crowdInjection(site, population.Drift{Programs: population.Programs{Resend: site.Values.Number("share")}}), nil
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			r, err := lookAtEvents(ctx, site)
			if err != nil {
				return Effect{}, err
			}
			once := r.Clicks - r.Duplicates
			share := float64(r.Duplicates) / float64(max(once, 1))
			return Effect{
				Present: once >= 3 && r.Duplicates > 0 && share > 0.4*site.Values.Number("share"),
				Gone:    once >= 3 && r.Duplicates == 0,
				Detail:  fmt.Sprintf("%d clicks came in, and %d of them again", once, r.Duplicates),
				Values:  map[string]float64{"duplicate_share": share, "clicks": float64(r.Clicks)},
			}, nil
		},
	}
}
