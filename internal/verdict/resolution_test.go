package verdict_test

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// TestResolutions: as many launches as a resolution asks for reach it, give or take the luck of the first ones.
func TestResolutions(t *testing.T) {
	asked, reached := 0, 0
	for seed := range int64(12) {
		s := verdicttest.Default(seed)
		s.Catch, s.Launches, s.Rounds = false, 3, 6
		d := verdicttest.Build(s)
		d.Run.Plan.Resolve = map[string]float64{"cpu": 0.02}
		got, err := verdict.Resolutions(d)
		if err != nil || len(got) != 1 || got[0].Metric != "cpu" || got[0].Wanted != 0.02 {
			t.Fatalf("%+v, %v", got, err)
		}
		if got[0].Reached() || got[0].Launches > 40 {
			continue
		}
		asked++
		s.Launches = got[0].Launches
		d = verdicttest.Build(s)
		d.Run.Plan.Resolve = map[string]float64{"cpu": 0.02 * 1.2}
		if got, err = verdict.Resolutions(d); err != nil {
			t.Fatal(err)
		}
		if got[0].Reached() {
			reached++
		}
	}
	t.Logf("%d of %d reached", reached, asked)
	if asked < 4 || 4*reached < 3*asked {
		t.Errorf("%d of %d resolutions were reached within a fifth in as many launches as they asked for", reached, asked)
	}
}

// TestResolutionsOfNothing: what cannot be told yet is not taken for fine.
func TestResolutionsOfNothing(t *testing.T) {
	s := verdicttest.Default(1)
	s.Catch, s.Launches, s.Rounds = false, 1, 1
	d := verdicttest.Build(s)
	d.Run.Plan.Resolve = map[string]float64{"p50": 0.02, "p95": 0.05}
	got, err := verdict.Resolutions(d)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, r := range got {
		if r.Reached() || !math.IsInf(r.Has, 1) || r.Launches != 0 {
			t.Errorf("of one round: %+v", r)
		}
	}
}
