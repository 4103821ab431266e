package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// profileAttributeMissing: the upstream that delivers profiles stops sending one attribute for part of the users. The
// profiles lose it with the next delivery, segments that need it cannot be computed, and those users get default content.
func profileAttributeMissing() Fault {
	type audit struct{ Users, Missing int }

	return Fault{
		ID:    "profile-attribute-missing",
		Group: "data",
		Title: "the upstream stops delivering {attribute} for {share} of the users",
		Felt:  "default content for these users; click-through sinks, nothing fails",
		Signs: map[string]int{"errors": 0, "default": 1, "click_through": -1},
		Least: "metrics",
		Params: []Param{
			{Name: "attribute", Title: "what is not delivered", Words: []string{"age", "tier"}},
			{Name: "share", Title: "part of the users", Unit: Share, Default: 0.5, Least: 0.01, Most: 1},
		},
		Runbook: "Default content rises and click-through sinks, while every service is up. The decision's log names the attribute that is " +
			"missing; the upstream's last delivery shows since when. Roll the upstream back, and deliver again: profiles heal with the next " +
			"delivery, not before.",
		Levers: []string{lever.DropAttribute, lever.Deliver, lever.Audit},
		Expect: []string{
			"ProfileAttributeMissing", "InputDrift", "DefaultContentHigh", "ClickThroughLow",
			"MissingAttributeLogged", "FallbackSpansHigh",
		},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "attribute-missing", "perso.attribute": "{attribute}",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			deliver := func(ctx context.Context) error { return site.Arm.Ask(ctx, role.ETL, lever.Deliver, struct{}{}, nil) }
			in := pull(site, role.ETL, lever.DropAttribute, map[string]any{
				"attribute": site.Values.Word("attribute"), "share": site.Values.Number("share"),
			})
			release := in.Heal
			in.Heal = func(ctx context.Context) error { return errors.Join(release(ctx), deliver(ctx)) }
			return in, errors.Join(in.Renew(ctx), deliver(ctx))
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			attribute, share := site.Values.Word("attribute"), site.Values.Number("share")
			var a audit
			if err := site.Arm.Ask(ctx, role.Profile, lever.Audit, map[string]string{"attribute": attribute}, &a); err != nil {
				return Effect{}, err
			}
			missing := float64(a.Missing) / float64(max(a.Users, 1))
			return Effect{
				Present: missing > 0.5*share, // a delivery takes four seconds
				Gone:    a.Users > 0 && missing < 0.01,
				Detail:  fmt.Sprintf("%s is missing in %d of %d profiles", attribute, a.Missing, a.Users),
				Values:  map[string]float64{"missing_share": missing},
			}, nil
		},
	}
}
