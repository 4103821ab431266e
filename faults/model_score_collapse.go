package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/artefact"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// modelScoreCollapse: the export of the model has lost its weights. The artefact is whole otherwise, so it is loaded, and gives
// everything the same score.
func modelScoreCollapse() Fault {
	return Fault{
		ID:    "model-score-collapse",
		Group: "model",
		Title: "the model gives all items the same score",
		Felt:  "everybody is shown the same items; nothing fails, latency is normal",
		Signs: map[string]int{"errors": 0, "click_through": -1},
		Least: "metrics",
		Runbook: "The spread of the scores (perso_model_score_spread) is 0 and one item is ranked first for everybody " +
			"(perso_model_top_item_share is 1), while every service is up. The artefact was exported without its weights: load the " +
			"release before it, then look at the job that exports.",
		Levers: []string{lever.ReadModel, lever.LoadModel, lever.TryModel},
		Expect: []string{"ScoreCollapse", "ClickThroughLow"},
		Allow:  []string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "ModelVersionChanged"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"perso.model.score.constant": "true",
		}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return loadModel(ctx, site, 0, artefact.Model.Flat)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			served, values, err := servedModel(ctx, site)
			return Effect{
				Present: served.Ranked > 0 && served.Spread == 0,
				Gone:    served.Spread > 0 && served.Changed == 0,
				Detail:  fmt.Sprintf("the best and the worst score of a ranking differ by %.3f", served.Spread),
				Values:  values,
			}, err
		},
	}
}
