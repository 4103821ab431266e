package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by || a == b }

// Figures of the papers: Newcombe's table II has 56/70 − 48/80 with method 10 at [0.0524, 0.3339].
func TestShares(t *testing.T) {
	got := Subtract(Wilson(56, 70, 0.95), Wilson(48, 80, 0.95))
	if !near(got.Lo, 0.0524, 5e-5) || !near(got.Mid, 0.2, 1e-9) || !near(got.Hi, 0.3339, 5e-5) {
		t.Errorf("Newcombe's interval: %+v", got)
	}
	for _, c := range []struct{ yes, n, lo, hi float64 }{{0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {81, 263, 0.2553, 0.3662}} {
		if got := Wilson(c.yes, c.n, 0.95); !near(got.Lo, c.lo, 5e-5) || !near(got.Hi, c.hi, 5e-5) {
			t.Errorf("%v of %v: %+v, want [%v, %v]", c.yes, c.n, got, c.lo, c.hi)
		}
	}
	if got := Wilson(0, 0, 0.95); !math.IsNaN(got.Mid) {
		t.Errorf("of none: %+v", got)
	}
}

func TestDesignEffect(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var alone, fourfold []Cluster
	for range 2000 {
		yes := 0.0
		for range 30 {
			if rng.Float64() < 0.2 {
				yes++
			}
		}
		alone, fourfold = append(alone, Cluster{yes, 30}), append(fourfold, Cluster{4 * yes, 120})
	}
	if got := DesignEffect(alone); !near(got, 1, 0.1) {
		t.Errorf("independent answers: %v", got)
	}
	if got := DesignEffect(fourfold); !near(got, 4, 0.4) { // four levels that get the same journeys
		t.Errorf("every answer four times: %v", got)
	}
	for _, none := range [][]Cluster{nil, {{0, 10}, {0, 10}}, {{5, 10}}, {{10, 10}, {3, 3}}} {
		if got := DesignEffect(none); got != 1 {
			t.Errorf("of %v: %v", none, got)
		}
	}
}

// The interval of a quantile contains it about as often as it says, for clusters that are alike within, too.
func TestClusterQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const runs = 300
	for _, c := range []struct {
		clusters int
		alike    float64
	}{{6, 0}, {6, 1}, {25, 0}, {25, 1}} {
		missed := 0
		for run := range runs {
			var clusters [][]Weighted
			for range c.clusters {
				shift := c.alike * rng.NormFloat64()
				var one []Weighted
				for range 30 {
					one = append(one, Weighted{shift + rng.NormFloat64(), 1})
				}
				clusters = append(clusters, one)
			}
			truth := 1.2816 * math.Hypot(1, c.alike)
			got := ClusterQuantile(clusters, 0.9, 0.95, uint64(run))
			if got.Excludes(truth) || got.Lo > got.Mid || got.Mid > got.Hi {
				missed++
			}
		}
		if missed > runs*15/100 { // few clusters cover somewhat less than asked for
			t.Errorf("%+v: %d of %d intervals miss", c, missed, runs)
		}
	}
	one := [][]Weighted{{{3, 5}, {1, 90}, {7, 5}}}
	if got := ClusterQuantile(one, 0.95, 0.95, 1); got.Mid != 3 || !math.IsInf(got.Lo, -1) || !math.IsInf(got.Hi, 1) {
		t.Errorf("one cluster: %+v", got)
	}
	if got := ClusterQuantile(nil, 0.95, 0.95, 1); !math.IsNaN(got.Mid) {
		t.Errorf("none: %+v", got)
	}
}

func TestPoissonRate(t *testing.T) {
	if got := PoissonRate(0, 2, 0.95); got.Lo != 0 || got.Mid != 0 || !near(got.Hi, 3./2, 0.01) {
		t.Errorf("none in 2 h: %+v, want the rule of three", got)
	}
	if got := PoissonRate(10, 1, 0.95); !near(got.Lo, 4.795, 0.001) || !near(got.Hi, 18.39, 0.005) {
		t.Errorf("10 in 1 h: %+v", got)
	}
}

// TestClusterQuantileIsTheQuantile: without resampling it is the value of that rank, whatever the quantile, and however often values come.
func TestClusterQuantileIsTheQuantile(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		clusters := make([][]Weighted, 1+rng.IntN(5))
		var all []float64
		for c := range clusters {
			for range rng.IntN(6) {
				v := Weighted{float64(rng.IntN(5)), int64(rng.IntN(4))}
				clusters[c] = append(clusters[c], v)
				for range v.N {
					all = append(all, v.Value)
				}
			}
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.1, 0.5, 0.95, 1} {
			want := math.NaN()
			if len(all) > 0 {
				want = all[max(0, int(math.Ceil(q*float64(len(all))))-1)]
			}
			if got := ClusterQuantile(clusters, q, 0.95, 1).Mid; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Fatalf("the %v quantile of %v is %v, want %v", q, clusters, got, want)
			}
		}
	}
}
