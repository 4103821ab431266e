package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// sampleRatioMismatch: somebody changes the weights of a running experiment that was planned with half of the users for each
// variant. Users move from one variant to the other, and the experiment's result is biased.
func sampleRatioMismatch() Fault {
	const planned = 0.5
	return Fault{
		ID:    "sample-ratio-mismatch",
		Group: "rollout",
		Title: "the experiment gives variant a to {share} of the users in place of half",
		Felt:  "nothing; what the experiment says is wrong",
		Signs: map[string]int{"errors": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "share", Title: "part of the users that get variant a", Unit: Share, Default: 0.55, Least: 0.52, Most: 1},
		},
		Runbook: "Count users by variant, not requests, and test the counts against the ratio of the plan (chi-squared). If they " +
			"do not fit, nothing that the experiment says can be used. feature_flag.version at the evaluations says since when " +
			"other rules are in force; ask whoever changed the flag, restore the weights, and begin the experiment anew.",
		Levers: []string{lever.AssignVariants, lever.CountVariants},
		Expect: []string{"SampleRatioMismatch"},
		Allow:  []string{"ClickThroughLow"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"feature_flag.key": "ranking", "feature_flag.version": "2",
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, role.Decision, lever.AssignVariants, map[string]any{"a": site.Values.Number("share"), "version": "2"})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var counts struct{ A, B int }
			if err := site.Arm.Ask(ctx, role.Decision, lever.CountVariants, struct{}{}, &counts); err != nil {
				return Effect{}, err
			}
			users := counts.A + counts.B
			share := float64(counts.A) / float64(max(users, 1))
			moved := (share - planned) / (site.Values.Number("share") - planned) // 1: as far as it should
			return Effect{
				Present: users > 0 && moved > 0.6,
				Gone:    users > 0 && moved < 0.3,
				Detail:  fmt.Sprintf("%d of %d users get variant a", counts.A, users),
				Values:  map[string]float64{"a_share": share},
			}, nil
		},
	}
}
