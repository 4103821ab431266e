package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// modelDrift: the users change, the model does not. Most arriving users are young, and tastes turn. So the inputs no longer
// look like the training data, and the ranking no longer fits.
func modelDrift() Fault {
	const (
		enough = 20   // arrivals before a share means anything
		usual  = 0.40 // share of the two youngest bands without the drift; all of the users that it adds are in them
	)
	return Fault{
		ID:    "model-drift",
		Group: "model",
		Title: "{mix} of the users grow younger and their taste turns; the model stays",
		Felt:  "less relevant content; nothing fails, latency is normal",
		Signs: map[string]int{"errors": 0, "click_through": -1},
		Least: "metrics",
		Params: []Param{
			{Name: "mix", Title: "part of the arriving users that are drawn from the two youngest age bands", Unit: Share,
				Default: 0.75, Least: 0.05, Most: 1},
			{Name: "taste", Title: "how far tastes turn: 1 is to the opposite", Unit: Share, Default: 0.8, Least: 0, Most: 1},
		},
		Runbook: "Nothing is broken, and no error is logged anywhere. Compare the distribution of the inputs with that of the training data " +
			"(perso_feature_psi), segment by segment, then the click-through of the segments that grew. If a campaign explains it, retrain; if " +
			"nothing does, look for what the upstream delivers.",
		Levers:   []string{lever.Drift},
		Expect:   []string{"InputDrift", "ClickThroughLow"},
		Allow:    []string{"DefaultContentHigh", "FallbackSpansHigh"},
		Evidence: &Evidence{Signal: "metrics", Query: `perso_feature_psi > 0.25`},
		Inject: func(_ context.Context, site Site) (Injection, error) {
			site.Crowd.SetDrift(population.Drift{Taste: site.Values.Number("taste"), Mix: site.Values.Number("mix")})
			return Injection{Heal: func(context.Context) error {
				site.Crowd.SetDrift(population.Drift{})
				return nil
			}}, nil
		},
		Probe: func(_ context.Context, site Site) (Effect, error) {
			arrived, since := site.Crowd.Arrived(site.Arm.Name())
			var all, youngest int64
			for band, n := range arrived {
				all += n
				if band < 2 {
					youngest += n
				}
			}
			share := float64(youngest) / float64(max(all, 1))
			added := (1 - usual) * site.Values.Number("mix")
			return Effect{
				Present: all >= enough && share > usual+0.5*added,
				Gone:    all >= enough && share < usual+0.45*added,
				Since:   since,
				Detail:  fmt.Sprintf("%d of %d arriving users are under 35", youngest, all),
				Values:  map[string]float64{"young_share": share, "arrivals": float64(all)},
			}, nil
		},
	}
}
