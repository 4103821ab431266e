package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/artefact"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// modelWrongVersion: the model service loads an artefact that was released long ago, as after a roll-back to the wrong release or
// from a registry whose alias points to the wrong one.
func modelWrongVersion() Fault {
	return Fault{
		ID:    "model-wrong-version",
		Group: "model",
		Title: "the model service loads an old release of the model",
		Felt:  "less relevant content; nothing fails, latency is normal",
		Signs: map[string]int{"errors": 0, "click_through": -1},
		Least: "metrics",
		Runbook: "Compare perso_model_info with the release that the registry calls the newest, and with what was served " +
			"yesterday. The service logs every load with version and release, so the log says since when. Load the right artefact; " +
			"nothing has to be restarted.",
		Levers: []string{lever.ReadModel, lever.LoadModel, lever.TryModel},
		Expect: []string{"ModelVersionChanged", "ClickThroughLow"},
		Allow:  []string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "ScoreCollapse"},
		Evidence: &Evidence{Signal: "spans", Match: map[string]string{
			"perso.model.release": "1",
		}},
		Unseen: true,
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return loadModel(ctx, site, 1, func(m artefact.Model) artefact.Model { return m })
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			served, values, err := servedModel(ctx, site)
			return Effect{
				Present: served.Release == 1 && served.Changed > 0,
				Gone:    served.Release > 1 && served.Changed == 0,
				Detail:  fmt.Sprintf("release %d (%s) is served", served.Release, served.Version),
				Values:  values,
			}, err
		},
	}
}

// loadModel returns the Injection that has the model service load a release of its registry, 0 for the newest, after something was
// done to it.
func loadModel(ctx context.Context, site Site, release int, change func(artefact.Model) artefact.Model) (Injection, error) {
	var m artefact.Model
	if err := site.Arm.Ask(ctx, role.Model, lever.ReadModel, map[string]int{"release": release}, &m); err != nil {
		return pull(site, role.Model, lever.LoadModel, m), err
	}
	in := pull(site, role.Model, lever.LoadModel, change(m))
	return in, in.Renew(ctx)
}

// servedModel asks the model service what it serves.
func servedModel(ctx context.Context, site Site) (served artefact.Served, values map[string]float64, err error) {
	err = site.Arm.Ask(ctx, role.Model, lever.TryModel, struct{}{}, &served)
	return served, map[string]float64{"release": float64(served.Release), "changed_share": served.Changed, "score_spread": served.Spread}, err
}
