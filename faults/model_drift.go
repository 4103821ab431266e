package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// modelDrift: the users change, the model does not. Most arriving users are young, and tastes turn. So the inputs no longer
// look like the training data, and the ranking no longer fits.
func modelDrift() Fault {
	const (
		mix    = 0.75
		enough = 20   // arrivals before a share means anything
		young  = 0.62 // share of the two youngest bands: 0.40 without the drift, 0.85 with it
		normal = 0.60
	)
	return Fault{
		ID:     "model-drift",
		Title:  "the users grow younger and their taste turns; the model stays",
		Felt:   "less relevant content; nothing fails, latency is normal",
		Least:  "metrics",
		Levers: []string{lever.Drift},
		Expect: []string{"InputDrift", "ClickThroughLow"},
		Allow:  []string{"DefaultContentHigh", "FallbackSpansHigh"},
		Inject: func(_ context.Context, site Site) (Injection, error) {
			site.Crowd.SetDrift(population.Drift{Taste: 0.8, Mix: mix})
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
			return Effect{
				Present: all >= enough && share > young,
				Gone:    all >= enough && share < normal,
				Since:   since,
				Detail:  fmt.Sprintf("%d of %d arriving users are under 35", youngest, all),
				Values:  map[string]float64{"young_share": share, "arrivals": float64(all)},
			}, nil
		},
	}
}
