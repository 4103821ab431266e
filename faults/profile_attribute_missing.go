package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// profileAttributeMissing: the upstream that delivers profiles stops sending one attribute for part of the users. The
// profiles lose it with the next delivery, segments that need it cannot be computed, and those users get default content.
func profileAttributeMissing() Fault {
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
		Levers: []string{lever.AlterProfiles, lever.Deliver, lever.Audit},
		Expect: []string{
			"ProfileAttributeMissing", "InputDrift", "DefaultContentReason", "DefaultContentHigh", "ClickThroughLow",
			"MissingAttributeLogged", "FallbackSpansHigh",
		},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{
			"perso.reason": "attribute-missing", "perso.attribute": "{attribute}",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return alter(ctx, site, map[string]any{
				"attribute": site.Values.Word("attribute"), "share": site.Values.Number("share"), "change": "drop",
			})
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			attribute := site.Values.Word("attribute")
			var a audit
			if err := a.ask(ctx, site, attribute, ""); err != nil {
				return Effect{}, err
			}
			return a.altered(a.Missing, site.Values.Number("share"), "lack "+attribute), nil
		},
	}
}
