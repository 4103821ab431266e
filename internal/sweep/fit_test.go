package sweep

import (
	"math"
	"math/rand/v2"
	"testing"
)

// points are trials of sizes from 0.01 to 0.5, each tried so often and detected as often as is said.
func points(tried int, detected ...int) []Point {
	var out []Point
	for i, size := range Sizes(0.01, 0.5, len(detected), false) {
		out = append(out, Point{Size: size, Detected: detected[i], Tried: tried})
	}
	return out
}

func TestFit(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name     string
		points   []Point
		falls    bool
		size     [2]float64 // from, to
		lo, hi   [2]float64
		censored string
	}{
		// The six sizes are 0.01, 0.0219, 0.0478, 0.105, 0.229 and 0.5.
		{"separated", points(3, 0, 0, 0, 3, 3, 3), false, [2]float64{0.0478, 0.15}, [2]float64{0.0478, 0.1}, [2]float64{0.105, 0.5}, ""},
		{"a step that is not sharp", points(5, 0, 1, 2, 3, 5, 5), false, [2]float64{0.08, 0.23}, [2]float64{0.03, 0.12}, [2]float64{0.15, 0.5}, ""},
		{"none", points(3, 0, 0, 0, 0, 0, 0), false, [2]float64{}, [2]float64{0.4, 0.5}, [2]float64{inf, inf}, Above},
		{"all", points(3, 3, 3, 3, 3, 3, 3), false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{0.01, 0.03}, Below},
		{"all, too few to say so", points(1, 1, 1), false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{inf, inf}, Below},
		{"one miss in the middle", points(1, 1, 0, 1, 1), false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{inf, inf}, Unknown},
		{"half of all sizes", points(8, 4, 4, 4, 4, 4, 4), false, [2]float64{}, [2]float64{0.1, 0.5}, [2]float64{inf, inf}, Above},
		{"the wrong way round", points(6, 6, 6, 3, 3, 0, 0), false, [2]float64{}, [2]float64{0.1, 0.5}, [2]float64{inf, inf}, Above},
		{"only the largest, sometimes", points(4, 0, 0, 0, 0, 0, 1), false, [2]float64{}, [2]float64{0.229, 0.5}, [2]float64{inf, inf}, Above},
		{"one size", []Point{{0.1, 2, 3}}, false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{inf, inf}, Unknown},
		{"another size without a trial", []Point{{0.1, 2, 3}, {0.2, 0, 0}}, false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{inf, inf}, Unknown},
		{"nothing", nil, false, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{inf, inf}, Unknown},
		// The fault grows as the size falls: the large sizes are the small faults.
		{"falls", points(3, 3, 3, 3, 0, 0, 0), true, [2]float64{0.035, 0.105}, [2]float64{0.01, 0.05}, [2]float64{0.05, 0.105}, ""},
		{"falls, none", points(3, 0, 0, 0, 0, 0, 0), true, [2]float64{}, [2]float64{-inf, -inf}, [2]float64{0.01, 0.0125}, Above},
	} {
		got := Fit(c.points, c.falls)
		in := func(x float64, of [2]float64) bool { return x >= of[0] && x <= of[1] }
		if got.Censored != c.censored || c.censored == "" && !in(got.Size, c.size) || c.censored != "" && !math.IsNaN(got.Size) ||
			!in(got.Lo, c.lo) || !in(got.Hi, c.hi) {
			t.Errorf("%s: %+v; want %q, a size in %v, ends in %v and %v", c.name, got, c.censored, c.size, c.lo, c.hi)
		}
		if c.censored == "" && (got.Lo > got.Size || got.Hi < got.Size) {
			t.Errorf("%s: %+v is outside of its own interval", c.name, got)
		}
	}
}

// TestFitIsMonotone: one more detection of a fault that is larger than the limit never makes the limit a larger fault. One of a smaller
// fault may, since it says that the rise is slow.
func TestFitIsMonotone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	strength := func(l Limit) float64 {
		switch l.Censored {
		case Below:
			return math.Inf(-1)
		case Above:
			return math.Inf(1)
		}
		return l.Size
	}
	compared := 0
	for range 150 {
		before := draw(rng, 5, 4, 0.03, 2)
		i := rng.IntN(len(before))
		if before[i].Detected == before[i].Tried || before[i].Size < strength(Fit(before, false)) {
			continue
		}
		after := append([]Point{}, before...)
		after[i].Detected++
		compared++
		if a, b := strength(Fit(before, false)), strength(Fit(after, false)); b > a*1.02 {
			t.Errorf("%v: limit %g; with one more detection at %g: %g", before, a, before[i].Size, b)
		}
	}
	if compared < 5 {
		t.Errorf("only %d were compared", compared)
	}
}

// TestTurnedRound: the same trials of reciprocal sizes have the reciprocal limit where the fault grows as the size falls.
func TestTurnedRound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		rising := draw(rng, 6, 3, 0.1, 2)
		var falling []Point
		for _, p := range rising {
			falling = append(falling, Point{1 / p.Size, p.Detected, p.Tried})
		}
		a, b := Fit(rising, false), Fit(falling, true)
		same := func(x, y float64) bool {
			return math.IsInf(x, 1) && math.IsInf(y, -1) || math.IsInf(x, -1) && math.IsInf(y, 1) ||
				math.IsNaN(x) && math.IsNaN(y) || math.Abs(x*y-1) < 1e-3
		}
		if a.Censored != b.Censored || !same(a.Size, b.Size) || !same(a.Lo, b.Hi) || !same(a.Hi, b.Lo) {
			t.Errorf("%v: %+v and turned round %+v", rising, a, b)
		}
	}
}

// draw simulates a sweep from 0.01 to 0.5 of a level whose limit and slope (of the log odds over the logarithm of the size) are known.
func draw(rng *rand.Rand, sizes, repeats int, limit, slope float64) []Point {
	var out []Point
	for _, size := range Sizes(0.01, 0.5, sizes, false) {
		p := Point{Size: size, Tried: repeats}
		odds := math.Log(Probability/(1-Probability)) + slope*math.Log(size/limit)
		for range repeats {
			if rng.Float64() < 1/(1+math.Exp(-odds)) {
				p.Detected++
			}
		}
		out = append(out, p)
	}
	return out
}

// TestCoverage: how often the interval holds the true limit, over simulated sweeps. The standard error of the simulation is 0.015.
func TestCoverage(t *testing.T) {
	const sweeps = 200
	for _, c := range []struct {
		name           string
		sizes, repeats int
		limit, slope   float64
		low, high      float64 // accepted coverage
	}{
		{"as by default, a slow rise", 6, 3, 0.1, 1.5, 0.92, 1},
		{"as by default, a steep rise", 6, 3, 0.1, 6, 0.92, 1},
		{"more repeats", 6, 10, 0.1, 2, 0.92, 0.99},
		{"many repeats", 6, 30, 0.1, 2, 0.92, 0.98},
		{"few sizes", 4, 2, 0.1, 2, 0.92, 1},
		{"a limit above what is tried", 6, 6, 0.8, 2, 0.92, 1},
		{"a limit below what is tried", 6, 6, 0.007, 2, 0.92, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			held, closed := 0, 0
			for range sweeps {
				got := Fit(draw(rng, c.sizes, c.repeats, c.limit, c.slope), false)
				if got.Lo <= c.limit && c.limit <= got.Hi {
					held++
				}
				if !math.IsInf(got.Lo, 0) && !math.IsInf(got.Hi, 0) {
					closed++
				}
			}
			share := float64(held) / sweeps
			t.Logf("%s: coverage %.3f; both ends are known of %d of %d", c.name, share, closed, sweeps)
			if share < c.low || share > c.high {
				t.Errorf("coverage %.3f of the 95 %% interval, want %.3f to %.3f", share, c.low, c.high)
			}
		})
	}
}

// TestTheLimitIsFound: with many trials the limit comes close to the truth, so that neither the penalty nor the slope pulls it away.
func TestTheLimitIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, slope := range []float64{1.2, 3, 8} {
		got := Fit(draw(rng, 8, 400, 0.1, slope), false)
		if got.Censored != "" || math.Abs(math.Log(got.Size/0.1)) > 0.15 || got.Hi/got.Lo > 1.8 {
			t.Errorf("slope %g: %+v, want about 0.1", slope, got)
		}
	}
}
