package faults

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// profileStale: the upstream stops delivering. Nothing is wrong with the topic or its consumer, there is nothing to consume:
// the lag is zero, and the profiles grow old.
func profileStale() Fault {
	const old, fresh = 2 * time.Second, time.Second // an upstream in health delivers twenty profiles in a second

	return Fault{
		ID:    "profile-stale",
		Group: "data",
		Title: "the upstream delivers no profiles",
		Felt:  "yesterday's content; everything else is as always",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Runbook: "The newest profile grows old, and the consumer has no lag: the upstream sends nothing. The log of ingest has the time of " +
			"the last update. Look at the upstream's job and at its schedule then. Profiles are safe and only old: once it delivers again, " +
			"they catch up.",
		Levers:   []string{lever.StopDelivery, lever.Audit},
		Unseen:   true,
		Expect:   []string{"ProfileUpdatesStale"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.reason": "profiles-stale"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.ETL, lever.StopDelivery, struct{}{})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			if err := a.ask(ctx, site, "", ""); err != nil {
				return Effect{}, err
			}
			age := time.Duration(a.Age) * time.Millisecond
			return Effect{
				Present: age > old,
				Gone:    a.Users > 0 && age < fresh,
				Detail:  fmt.Sprintf("the newest profile is %.1f s old", age.Seconds()),
				Values:  map[string]float64{"newest_profile_s": age.Seconds()},
			}, nil
		},
	}
}
