package verdict

import (
	"fmt"
	"math"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// SoFar says what each level costs by the launches of a run that is still going, a clause each: the metric that every decision needs, as
// an estimate with the half-width of its interval. It decides nothing. A level that cannot be estimated yet is left out.
func SoFar(d *result.Data) ([]string, error) {
	m, err := measure(d)
	if err != nil || m.complete() == 0 {
		return nil, err
	}
	t := newTolls(m)
	var out []string
	for _, arm := range t.order() {
		of := t.run.Arms[arm]
		if of.Role != result.RoleLevel {
			continue
		}
		for i, metric := range t.metrics {
			if !metric.Vital || !t.has(metric.needs...) {
				continue
			}
			if e := t.effect(i, arm, t.references(arm), confidence); !math.IsNaN(e.Detectable) {
				decimals := 0
				if e.Detectable < 0.1 {
					decimals = 1
				}
				out = append(out, fmt.Sprintf("%s %s %+.*f %% ±%.*f", of.Level, metric.ID, decimals, 100*e.Ratio.Mid, decimals, 100*e.Detectable))
			}
		}
	}
	return out, nil
}
