package runner

import (
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func TestForecast(t *testing.T) {
	const each = 30 * time.Second
	for want, one := range map[string]verdict.Resolution{
		"p50 cannot be told yet":                                       {Metric: "p50", Wanted: 0.02, Has: math.Inf(1)},
		"p50 ±1.9 % after 1 launch":                                    {Metric: "p50", Wanted: 0.02, Has: 0.019, Launches: 1},
		"p50 ±4.0 % after 1 launch; ±2.0 % takes about 4, 2m0s in all": {Metric: "p50", Wanted: 0.02, Has: 0.04, Launches: 4},
		"cpu ±8.0 % after 1 launch; ±2.0 % would take about 16, 8m0s, and 2m0s is allowed, which gives about ±4.0 %": {
			Metric: "cpu", Wanted: 0.02, Has: 0.08, Launches: 16},
	} {
		if got := forecast(one, 1, 4, each, 2*time.Minute); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
