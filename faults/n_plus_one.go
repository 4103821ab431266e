package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// nPlusOne: an operator lowers the page size of the content API. What was one call for a page of items becomes a call for each.
func nPlusOne() Fault {
	const usual = 20 // items that an answer may have
	type pages struct{ Items, Partial int }

	return Fault{
		ID:     "n-plus-one",
		Group:  "dependency",
		Title:  "the content API answers with {items} at once",
		Felt:   "nothing while there is little load; slow pages at the peak",
		Signs:  map[string]int{"errors": 0},
		Least:  "traces-10",
		Params: []Param{{Name: "items", Title: "the most items in an answer", Unit: "items", Default: 1, Least: 1, Most: 4, Falls: true, Whole: true}},
		Runbook: "One request now makes many small calls, one after the other; each is fast, and the error rate is flat. Open a trace: " +
			"the same call stands there again and again. Look at the limit of the called API (its configuration, its changelog) and " +
			"at the latest change of the caller. Raise the page size again, or ask for the pages side by side.",
		Levers:   []string{lever.PageSize},
		Expect:   []string{"SpansPerRequestHigh"},
		Allow:    []string{"LatencyBurn", "RetriesHigh", "ServiceLatencyHigh", "StoreCallsHigh", "TailLatencyHigh", "UserLatencyHigh"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{"perso.content.page": "2"}},
		Unseen:   true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Profile, lever.PageSize, map[string]any{"items": int(site.Values.Number("items"))})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var p pages
			if err := site.Arm.Ask(ctx, role.Profile, lever.PageSize, struct{}{}, &p); err != nil {
				return Effect{}, err
			}
			return Effect{
				Present: p.Items == int(site.Values.Number("items")) && p.Partial > 0, Gone: p.Items == usual,
				Detail: fmt.Sprintf("an answer has up to %d items; %d answers were not the last for what was asked", p.Items, p.Partial),
				Values: map[string]float64{"items": float64(p.Items), "partial": float64(p.Partial)},
			}, nil
		},
	}
}
