package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// alertRouteMute: a silence that matches every alert. Alerts fire and nobody is called. The alert that always fires is silenced
// with the others, so whoever waits for its notifications, the dead man's switch, misses them.
func alertRouteMute() Fault {
	return Fault{
		ID:    "alert-route-mute",
		Group: "pipeline",
		Title: "a silence holds back the notifications of all alerts",
		Felt:  "nothing: nobody is called",
		Signs: map[string]int{"errors": 0},
		Least: "off",
		Runbook: "Alerts fire and no notification arrives. Look at the silences that are in force first: who made one, what does " +
			"it match, when does it end? Then at the route's receivers and the notifications that failed. A dead man's switch has " +
			"to be outside of the Alertmanager that it watches, and a silence that matches everything should not be allowed. " +
			"Expire the silence, and read what fired meanwhile.",
		Levers:   []string{lever.SilenceAlerts, lever.AskNotified},
		Expect:   []string{"NotificationsAbsent"},
		Evidence: &Evidence{Signal: "metrics", Query: `alertmanager_silences{state="active"} > 0`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Telemetry, lever.SilenceAlerts, map[string]any{"matchers": []string{`alertname=~".+"`}})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var n lever.Notified
			if err := site.Arm.Ask(ctx, role.Telemetry, lever.AskNotified, struct{}{}, &n); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: n.Silences > 0 && n.Suppressed > 0,
				Gone:    n.Silences == 0,
				Detail:  fmt.Sprintf("%d silences; since then %d notifications held back, %d sent", n.Silences, n.Suppressed, n.Sent),
				Values:  map[string]float64{"silences": float64(n.Silences), "suppressed": float64(n.Suppressed), "sent": float64(n.Sent)},
			}, nil
		},
	}
}
