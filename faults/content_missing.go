package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// contentMissing: a publication of the catalogue lacks part of the items. The model still ranks them, and the repository has
// nothing to show for them.
func contentMissing() Fault {
	return Fault{
		ID:     "content-missing",
		Group:  "data",
		Title:  "the repository lacks the content of {share} of the items",
		Felt:   "blank slots, and default content where nothing is left of the choice",
		Signs:  map[string]int{"errors": 0},
		Least:  "metrics",
		Params: []Param{{Name: "share", Title: "part of the catalogue", Unit: Share, Default: 0.5, Least: 0.05, Most: 1}},
		Runbook: "The model ranks items that the repository does not have. The span and the log of GET /v1/content give one id and how many " +
			"are missing: look it up in the content system and in the last publication. Publish the catalogue again, whole; until then take the " +
			"items out of the ranking.",
		Levers:   []string{lever.Unpublish, lever.Audit},
		Expect:   []string{"ContentMissing", "DefaultContentReason", "ClickThroughLow"},
		Allow:    []string{"DefaultContentHigh", "FallbackSpansHigh", "StoreCallsHigh"}, // no cache has what is not there
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.reason": "content-missing"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Profile, lever.Unpublish, map[string]any{"share": site.Values.Number("share")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			if err := a.ask(ctx, site, "", ""); err != nil {
				return Effect{}, err
			}
			all := a.Items + a.Unlisted
			lacking := float64(a.Unlisted) / float64(max(all, 1))
			return Effect{
				Present: lacking > 0.5*site.Values.Number("share"),
				Gone:    a.Items > 0 && a.Unlisted == 0,
				Detail:  fmt.Sprintf("%d of %d items have no content", a.Unlisted, all),
				Values:  map[string]float64{"missing_share": lacking},
			}, nil
		},
	}
}
