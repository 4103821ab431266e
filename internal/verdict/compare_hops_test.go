package verdict_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// hopped is a run whose answers tell their hops; model takes longer at full by a share of itself.
func hopped(seed int64, model float64) *result.Data {
	return runOf(seed, func(s *verdicttest.Spec) {
		s.Hops = []verdicttest.Hop{
			{Share: 0.2},
			{Name: "gateway", Share: 0.3},
			{Name: "model", Share: 0.1, Effect: map[string]float64{"full": model}},
		}
	})
}

// TestCompareHops: what B adds in one hop at one level is found there, and nowhere else.
func TestCompareHops(t *testing.T) {
	c := compare(t, hopped(1, 0.2), hopped(2, 1))
	if len(c.Hops) != 3 || !c.Hops[0].Outside || c.Hops[2].Name != "model" {
		t.Fatalf("hops %+v", c.Hops)
	}
	for _, h := range c.Hops {
		if len(h.Levels) != 3 {
			t.Fatalf("%s: %d levels", h.Name, len(h.Levels))
		}
		for _, l := range h.Levels {
			for _, d := range l.Metrics {
				if longer := h.Name == "model" && l.Level == "full"; d.Metric.ID == "p50" && d.Significant != longer {
					t.Errorf("%q at %s: significant %t: %+v", h.Name, l.Level, d.Significant, d.Diff)
				}
				if want := d.B.Diff.Mid - d.A.Diff.Mid; math.Abs(d.Diff.Mid-want) > 1e-12 {
					t.Errorf("%q at %s: %s differs by %g, want %g", h.Name, l.Level, d.Metric.ID, d.Diff.Mid, want)
				}
			}
		}
	}
	if d := c.Hops[2].Levels[2].Metrics[0]; c.Hops[2].Levels[2].Level != "full" || !(d.Diff.Lo > 0) {
		t.Errorf("model at %s: %+v, want longer in B", c.Hops[2].Levels[2].Level, d.Diff)
	}
}

// TestCompareHopsOfOneRun: a hop that only one run has is said and not compared; runs without hops compare none.
func TestCompareHopsOfOneRun(t *testing.T) {
	other := runOf(2, func(s *verdicttest.Spec) { s.Hops = []verdicttest.Hop{{Share: 0.2}, {Name: "gateway", Share: 0.3}} })
	c := compare(t, hopped(1, 0.2), other)
	if len(c.Hops) != 2 || !strings.Contains(strings.Join(c.Notes, "\n"), "hops of an answer in A only: model") {
		t.Errorf("%d hops, notes %q", len(c.Hops), c.Notes)
	}
	for _, b := range []*result.Data{runOf(3, nil), hopped(4, 0)} {
		if c := compare(t, runOf(1, nil), b); c.Hops != nil {
			t.Errorf("hops %+v", c.Hops)
		}
	}
}
