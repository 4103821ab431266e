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

// TestEnds: a resolution must be reached twice in a row, since intervals that are narrow for once are so by chance too often.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		reached []bool // after each launch
		most    int    // launches in the time allowed
		want    int    // launches
	}{
		{"twice in a row", []bool{false, true, true, true}, 4, 3},
		{"for once", []bool{false, true, false, true, true}, 5, 5},
		{"for the first time when the time is over", []bool{false, false, true}, 3, 3},
		{"never", []bool{false, false, false}, 3, 3},
	} {
		before, got := false, 0
		for launch, reached := range c.reached {
			if got = launch + 1; ends(reached, before, got == c.most) {
				break
			}
			before = reached
		}
		if got != c.want {
			t.Errorf("%s: ended after %d launches, want %d", c.name, got, c.want)
		}
	}
}
