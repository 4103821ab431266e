package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// identitySplit: a release of the clients makes itself a new session id at the login. The login links the old id to the user, and
// everything after it comes under the new one, which belongs to nobody.
func identitySplit() Fault {
	const (
		enough   = 20   // slates before a share means anything
		signedIn = 0.85 // part of all slates that come after a login
	)
	return Fault{
		ID:    "identity-split",
		Group: "data",
		Title: "clients go on under a new anonymous id after the login, for {share} of the users",
		Felt:  "users sign in and are treated as strangers; their history is lost",
		Signs: map[string]int{"errors": 0, "default": 1},
		Least: "metrics",
		Params: []Param{
			{Name: "share", Title: "part of the arriving users whose client does so", Unit: Share, Default: 0.5, Least: 0.1, Most: 1},
		},
		Runbook: "Logins succeed, and the requests after them find no user: compare perso_identity_lookups_total of known and " +
			"lost. Look at the spans or the log of one journey: the session that the login linked is not the session of the next " +
			"request. It is the clients' release, so roll that back; a service cannot mend it.",
		Levers: []string{lever.Drift},
		Expect: []string{"IdentityMergeLow", "DefaultContentHigh", "ClickThroughLow"},
		Allow:  []string{"DefaultContentReason", "FallbackSpansHigh", "InputDrift", "NoConsentHigh"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"perso.reason": "unknown-user", "perso.identity": "lost",
		}},
		Inject: func(_ context.Context, site Site) (Injection, error) {
			site.Crowd.SetDrift(population.Drift{Split: site.Values.Number("share")})
			return Injection{Heal: func(context.Context) error {
				site.Crowd.SetDrift(population.Drift{})
				return nil
			}}, nil
		},
		Probe: func(_ context.Context, site Site) (Effect, error) {
			broken, shown := site.Crowd.Broken(site.Arm.Name())
			_, since := site.Crowd.Arrived(site.Arm.Name())
			share, most := float64(broken)/float64(max(shown, 1)), signedIn*site.Values.Number("share")
			return Effect{
				Present: shown >= enough && share > 0.5*most,
				Gone:    shown >= enough && share < 0.25*most,
				Since:   since,
				Detail:  fmt.Sprintf("%d of %d slates were for a stranger though their user had signed in", broken, shown),
				Values:  map[string]float64{"broken_share": share, "slates": float64(shown)},
			}, nil
		},
	}
}
