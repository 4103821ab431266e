package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// consentFlagFlip: the upstream says that part of the users do not agree to personalized content, which they did not say. The
// stack does as it is told.
func consentFlagFlip() Fault {
	return Fault{
		ID:     "consent-flag-flip",
		Group:  "data",
		Title:  "the upstream withdraws the consent of {share} of the users",
		Felt:   "default content for these users; click-through sinks, nothing fails",
		Signs:  map[string]int{"errors": 0, "default": 1, "click_through": -1},
		Least:  "metrics",
		Params: []Param{{Name: "share", Title: "part of the users", Unit: Share, Default: 0.4, Least: 0.01, Most: 1}},
		Runbook: "People do not change their minds all at once. The log of the decisions names the batch of the upstream with which the flag " +
			"came: compare that batch with the consent platform. Do not override the flag: have the upstream deliver it right. Personalized " +
			"content without consent would be the greater harm.",
		Levers:   []string{lever.AlterProfiles, lever.Deliver, lever.Audit},
		Expect:   []string{"NoConsentHigh", "DefaultContentReason", "DefaultContentHigh", "ClickThroughLow"},
		Allow:    []string{"FallbackSpansHigh"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.reason": "no-consent", "perso.attribute": "consent"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return alter(ctx, site, map[string]any{"attribute": "consent", "share": site.Values.Number("share"), "change": "set", "value": false})
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			if err := a.ask(ctx, site, "consent", "^false$"); err != nil {
				return Effect{}, err
			}
			return a.altered(a.Matching, site.Values.Number("share"), "have no consent"), nil
		},
	}
}
