package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

func TestHodgesLehmann(t *testing.T) {
	for _, c := range []struct {
		name string
		xs   []float64
		want float64
	}{
		{"one value", []float64{3}, 3},
		{"two values", []float64{1, 2}, 1.5},
		{"even number of pairs", []float64{1, 2, 6}, 2.75}, // 1 1.5 2 3.5 4 6
		{"a stall among equals moves it not at all", []float64{5, 5, 5, 5, 500}, 5},
		{"unsorted", []float64{4, -1, 2, 0, 3}, 1.5},
	} {
		if got := HodgesLehmann(c.xs); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if got := HodgesLehmann(nil); !math.IsNaN(got) {
		t.Errorf("no values: got %v, want NaN", got)
	}
}

// TestSignedRankCriticalValues holds the cuts to the published table of critical values of the signed-rank test: the
// largest W with a one-sided probability of at most 0.025 and 0.005. A k of 0 stands for "none".
func TestSignedRankCriticalValues(t *testing.T) {
	none := -1
	for _, c := range []struct{ n, at95, at99 int }{
		{5, none, none}, {6, 0, none}, {7, 2, none}, {8, 3, 0}, {9, 5, 1}, {10, 8, 3}, {11, 10, 5}, {12, 13, 7},
		{13, 17, 9}, {14, 21, 12}, {15, 25, 15}, {16, 29, 19}, {17, 34, 23}, {18, 40, 27}, {19, 46, 32}, {20, 52, 37},
		{25, 89, 68}, {30, 137, 109}, {50, 434, 373},
	} {
		if k, _ := signedRankCut(c.n, 0.025); k-1 != c.at95 {
			t.Errorf("n %d at 95 %%: critical value %d, want %d", c.n, k-1, c.at95)
		}
		if k, _ := signedRankCut(c.n, 0.005); k-1 != c.at99 {
			t.Errorf("n %d at 99 %%: critical value %d, want %d", c.n, k-1, c.at99)
		}
	}
}

// TestSignedRankApproximation holds the approximation to the exact distribution where both are known.
func TestSignedRankApproximation(t *testing.T) {
	for _, n := range []int{40, 45, 50} {
		exact, p := exactCut(n, 0.025)
		approximate, q := approximateCut(n, 0.025)
		if d := approximate - exact; d < -1 || d > 1 || math.Abs(p-q) > 0.001 {
			t.Errorf("n %d: approximate cut %d (%.4f), exact %d (%.4f)", n, approximate, q, exact, p)
		}
	}
}

func TestSignedRankInterval(t *testing.T) {
	lo, mid, hi, achieved := SignedRankInterval([]float64{1, 2, 3, 4, 5, 6}, 0.95)
	if lo != 1 || hi != 6 || mid != 3.5 || achieved != 1-2.0/64 {
		t.Errorf("six values: got [%v, %v, %v] at %v, want [1, 3.5, 6] at 0.96875", lo, mid, hi, achieved)
	}
	lo, mid, hi, achieved = SignedRankInterval([]float64{1, 2, 3, 4, 5}, 0.95)
	if !math.IsInf(lo, -1) || !math.IsInf(hi, 1) || mid != 3 || achieved != 1 {
		t.Errorf("five values: got [%v, %v, %v] at %v, want infinite ends", lo, mid, hi, achieved)
	}
	if _, mid, _, _ := SignedRankInterval(nil, 0.95); !math.IsNaN(mid) {
		t.Errorf("no values: got %v, want NaN", mid)
	}
}

// TestResampler compares the weighted walk with the plain estimate of the sample written out.
func TestResampler(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		xs := make([]float64, 1+rng.IntN(12))
		for i := range xs {
			xs[i] = math.Round(10 * rng.NormFloat64()) // ties on purpose
		}
		count := make([]int, len(xs))
		var resample []float64
		for range xs {
			i := rng.IntN(len(xs))
			count[i]++
			resample = append(resample, xs[i])
		}
		if got, want := newResampler(xs).estimate(count, len(xs)), HodgesLehmann(resample); got != want {
			t.Fatalf("%v drawn %v times: got %v, want %v", xs, count, got, want)
		}
	}
}

// TestResamplerOfMany is TestResampler with as many values as a night has, and with stalls, against the sorted averages.
func TestResamplerOfMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	for _, n := range []int{13, 40, 66, 150} {
		xs := draw(0, spiky)(rng, 1, n)[0]
		r := newResampler(xs)
		for range 50 {
			count := make([]int, n)
			var resample []float64
			for range xs {
				i := rng.IntN(n)
				count[i]++
				resample = append(resample, xs[i])
			}
			w := walshAverages(resample)
			want := (w[(len(w)-1)/2] + w[len(w)/2]) / 2
			if got := r.estimate(count, n); got != want {
				t.Fatalf("%d values: got %v, want %v", n, got, want)
			}
			if got := HodgesLehmann(resample); got != want {
				t.Fatalf("%d values: the plain estimate is %v, want %v", n, got, want)
			}
		}
	}
}

// TestHodgesLehmannOfNoNumber: what is no number or has no end counts as it does when it is sorted.
func TestHodgesLehmannOfNoNumber(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, xs := range [][]float64{{nan}, {1, nan, 3}, {1, 2, 3, 4, nan}, {-inf, 1, 2}, {-inf, inf, 1, 2, 3}, {inf, inf}, {0, 0, 0, 5}} {
		w := walshAverages(xs)
		got, want := HodgesLehmann(xs), (w[(len(w)-1)/2]+w[len(w)/2])/2
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%v: got %v, want %v", xs, got, want)
		}
	}
}

// TestComparisonAtManyConfidences: a comparison says the same as an estimate at each confidence, in whatever order it is asked.
func TestComparisonAtManyConfidences(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, size := range [][2]int{{1, 0}, {1, 9}, {1, 60}, {3, 1}, {3, 9}} {
		arm, other := draw(0.3, spiky)(rng, size[0], size[1]), draw(0.3, spiky)(rng, size[0], size[1])
		c := CompareArm(arm, [][][]float64{other}, Options{Seed: 4})
		for _, confidence := range []float64{0.99, 0.95, 0.9, 0.99} {
			got, want := c.At(confidence), EstimateArm(arm, [][][]float64{other}, Options{Seed: 4, Confidence: confidence})
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%d launches of %d rounds at %v: got %+v, want %+v", size[0], size[1], confidence, got, want)
			}
		}
	}
}

// TestEquivariance shifts and scales values: estimate and interval must follow exactly, up to rounding.
func TestEquivariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, launches := range []int{1, 2, 4} {
		for _, rounds := range []int{1, 3, 9, 55} {
			groups := draw(0.5, spiky)(rng, launches, rounds)
			moved := make([][]float64, len(groups))
			for l, xs := range groups {
				for _, x := range xs {
					moved[l] = append(moved[l], 3*x+100)
				}
			}
			o := Options{Resamples: 199, Seed: 9}
			a, b := Estimate(groups, o), Estimate(moved, o)
			for _, ends := range [][2]float64{{a.Lo, b.Lo}, {a.Mid, b.Mid}, {a.Hi, b.Hi}} {
				if want := 3*ends[0] + 100; !math.IsInf(want, 0) && math.Abs(want-ends[1]) > 1e-9 {
					t.Errorf("%d × %d: got %v after 3x+100, want %v", launches, rounds, ends[1], want)
				}
			}
			if a.Lo > a.Mid || a.Mid > a.Hi {
				t.Errorf("%d × %d: the interval [%v, %v] does not hold the estimate %v", launches, rounds, a.Lo, a.Hi, a.Mid)
			}
		}
	}
}

func TestEstimateChooses(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	world := draw(0, normal)
	for _, c := range []struct {
		name   string
		groups [][]float64
		method string
		n      int
		finite bool
		caveat bool
	}{
		{"nothing", nil, MethodNone, 0, false, true},
		{"empty launches", [][]float64{{}, {}}, MethodNone, 0, false, true},
		{"one value", [][]float64{{1}}, MethodSignedRank, 1, false, true},
		{"too few rounds", world(rng, 1, 5), MethodSignedRank, 5, false, true},
		{"few rounds", world(rng, 1, 6), MethodSignedRank, 6, true, true},
		{"many rounds", world(rng, 1, 51), MethodBootstrap, 51, true, true},
		{"a value per launch", world(rng, 2, 1), MethodLaunches, 2, true, false},
		{"an empty launch beside a long one", append(world(rng, 1, 10), nil), MethodSignedRank, 10, true, true},
		{"launches", world(rng, 3, 10), MethodBootstrap, 30, true, false},
		{"constant", [][]float64{{2, 2, 2, 2}, {2, 2, 2, 2}}, MethodBootstrap, 8, true, false},
	} {
		r := Estimate(c.groups, Options{Resamples: 199})
		method := r.Method
		if cut := len(c.method); len(method) > cut {
			method = method[:cut] // autocorrelation may have been found
		}
		if method != c.method || r.N != c.n || r.Finite() != c.finite || (r.Caveat != "") != c.caveat {
			t.Errorf("%s: got %+v, want %s over %d values, finite %v, caveat %v", c.name, r, c.method, c.n, c.finite, c.caveat)
		}
	}
}

func TestEstimateIsRepeatable(t *testing.T) {
	groups := draw(0.3, spiky)(rand.New(rand.NewPCG(13, 14)), 3, 12)
	before := slices.Clone(groups[0])
	a, b := Estimate(groups, Options{Seed: 1}), Estimate(groups, Options{Seed: 1})
	if a.Interval != b.Interval {
		t.Errorf("the same seed gives %v and %v", a.Interval, b.Interval)
	}
	one := [][]float64{slices.Concat(groups...), nil}
	one[0] = append(one[0], groups[0]...) // more rounds in one launch than signed-rank takes
	one[0] = append(one[0], groups[1]...)
	if c, d := Estimate(one, Options{Seed: 1}), Estimate(one, Options{Seed: 2}); c.Interval == d.Interval {
		t.Errorf("another seed gives the same %v", c.Interval)
	}
	if !slices.Equal(before, groups[0]) {
		t.Error("Estimate changed its input")
	}
}

func TestLaunchesThatDiffer(t *testing.T) {
	o := Options{Resamples: 999}
	agree := Estimate([][]float64{{1, 4, 2, 7, 3, 8, 5, 6}, {6, 1, 5, 8, 2, 4, 7, 3}}, o)
	differ := Estimate([][]float64{{1, 4, 2, 7, 3, 8, 5, 6}, {16, 11, 15, 18, 12, 14, 17, 13}}, o)
	if agree.Mid != 4.5 || agree.Hi-agree.Lo > 5 {
		t.Errorf("launches that agree: got %v, want a narrow interval about 4.5", agree)
	}
	if differ.Mid != 9.5 || differ.Hi-differ.Lo < 100 {
		t.Errorf("two launches 10 apart: got %v, want t of one degree of freedom, 9.5 ± 64", differ)
	}
}

// TestEstimateArmOfIdenticalCode gives three arms the same skewed noise: the centre of one against each of the others is 0 on
// average, that of one against the mean of the others is not.
func TestEstimateArmOfIdenticalCode(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	const runs = 400
	var each, mean []float64
	for range runs {
		arms := make([][][]float64, 3)
		for a := range arms {
			rounds := make([]float64, 40)
			for r := range rounds {
				if rounds[r] = rng.NormFloat64(); rng.Float64() < 0.1 {
					rounds[r] += 5 + 10*rng.Float64()
				}
			}
			arms[a] = [][]float64{rounds}
		}
		d := against(arms[0], arms[1:])
		each, mean = append(each, d.centre()), append(mean, HodgesLehmann(d.mean()[0]))
	}
	bias := func(centres []float64) (mean, sd float64) {
		return stat.Mean(centres, nil), stat.StdDev(centres, nil) / math.Sqrt(runs)
	}
	if got, sd := bias(each); math.Abs(got) > 3*sd {
		t.Errorf("against each: %.3f ± %.3f on average, want 0", got, sd)
	}
	if got, sd := bias(mean); got > -3*sd {
		t.Errorf("against the mean: %.3f ± %.3f on average: if this is 0, too, the references may be averaged", got, sd)
	}
	if stat.StdDev(each, nil) > stat.StdDev(mean, nil) {
		t.Errorf("against each: standard deviation %.3f, more than %.3f against the mean", stat.StdDev(each, nil), stat.StdDev(mean, nil))
	}
}

// TestArmSpread compares the pooled spread with the truth: launch luck of variance 0.25 and rounds of 1/20 of 1, about
// π/3 as much for the Hodges–Lehmann estimate.
func TestArmSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	sum := 0.0
	const runs = 200
	for range runs {
		s := ArmSpread(simulateArms(rng, 6, 3, 20, armWorld{luck: 0.5, drift: 3, next: normal}))
		if s.DF != 10 {
			t.Fatalf("six arms in three launches: %d degrees of freedom, want 10", s.DF)
		}
		sum += s.Variance / runs
	}
	if want := 0.25 + 1.05/20; math.Abs(sum-want) > 0.1*want {
		t.Errorf("mean variance %.3f, want %.3f", sum, want)
	}
	for _, few := range [][][][]float64{nil, {{{1, 2}, {1, 2}}}, {{{1, 2}}, {{1, 2}}}, {{{1}, {}}, {{1}, {}}}} {
		if s := ArmSpread(few); s != (Spread{}) {
			t.Errorf("%v: got %v, want nothing known", few, s)
		}
	}
}

// TestOddArm gives one comparison far more spread between launches than all others have: its own counts.
func TestOddArm(t *testing.T) {
	groups := [][]float64{{-9, -10, -11, -10, -9}, {0, 1, 0, -1, 0}, {9, 10, 11, 10, 9}}
	shared := Estimate(groups, Options{Resamples: 199, Spread: Spread{Variance: 0.01, Rounds: 0.01, DF: 10}})
	if shared.Hi < 20 {
		t.Errorf("got %v: the spread of the other arms hides that these launches are 10 apart", shared.Interval)
	}
}

func TestLag1(t *testing.T) {
	for _, c := range []struct {
		name           string
		world          world
		rounds, series int
		want, within   float64
	}{
		{"long", draw(0, autoregressive(0.6)), 500, 8, 0.6, 0.05},
		{"short launches, by their moments", draw(0, autoregressive(0.5)), 6, 2000, 0.5, 0.05},
		{"with luck of their own", draw(2, autoregressive(0.5)), 6, 2000, 0.5, 0.05},
		{"almost a random walk", draw(0, autoregressive(0.999)), 500, 8, 0.95, 0.001},
		{"against each other", draw(0, autoregressive(-0.5)), 500, 8, 0, 0},
	} {
		rng := rand.New(rand.NewPCG(19, 20))
		if got := Lag1(c.world(rng, c.series, c.rounds), c.series*(c.rounds-1)); math.Abs(got-c.want) > c.within {
			t.Errorf("%s: autocorrelation %.3f, want %.3f", c.name, got, c.want)
		}
	}
	for _, nothing := range [][][]float64{nil, {{1, 2, 3}}, {{0.1, 0.1, 0.1, 0.1, 0.1, 0.1}}, {{1e9, 1e9 + 1e-6, 1e9, 1e9 - 1e-6, 1e9}}} {
		if got := Lag1(nothing, 4); got != 0 {
			t.Errorf("%v: got %v, want 0", nothing, got)
		}
	}
}

// TestLag1OfNoise counts how often independent rounds, with stalls, are taken for alike.
func TestLag1OfNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	const runs = 2000
	found := 0
	for range runs {
		if Lag1(draw(0, spiky)(rng, 12, 8), 12*7) > 0 {
			found++
		}
	}
	if got := float64(found) / runs; got < 0.03 || got > 0.07 {
		t.Errorf("%.1f %% of runs without autocorrelation have some, want 5 %%", 100*got)
	}
}

func TestSignedRankLeast(t *testing.T) {
	for _, c := range []struct {
		confidence float64
		want       int
	}{{0.5, 2}, {0.75, 3}, {0.9, 5}, {0.95, 6}, {1 - 0.05/3, 7}, {0.99, 8}} {
		if got := SignedRankLeast(c.confidence); got != c.want {
			t.Errorf("%v: %d, want %d", c.confidence, got, c.want)
		}
		values := make([]float64, c.want)
		for i := range values {
			values[i] = float64(i)
		}
		for n, finite := range map[int]bool{c.want: true, c.want - 1: false} {
			if lo, mid, hi, _ := SignedRankInterval(values[:n], c.confidence); (Interval{lo, mid, hi}).Finite() != finite {
				t.Errorf("%v: %d values give [%v, %v]", c.confidence, n, lo, hi)
			}
		}
	}
}

// TestRecorded counts how often the interval of one launch holds the truth when it is recorded how launches differ: with noise from rounds
// alone nearly, from launches alone nearly, and from both.
func TestRecorded(t *testing.T) {
	const runs = 4000
	for _, c := range []struct {
		name          string
		rounds        int
		round, launch float64 // standard deviations
	}{
		{"rounds", 6, 1, 0.01}, {"launches", 6, 0.1, 1}, {"both", 6, 1, 0.4}, {"many rounds", 60, 1, 0.2}, {"one round", 1, 0, 1},
	} {
		rng := rand.New(rand.NewPCG(3, 4))
		wrong := 0
		for range runs {
			luck := c.launch * rng.NormFloat64()
			arm, reference := make([]float64, c.rounds), make([]float64, c.rounds)
			for r := range arm {
				reference[r] = 5 * rng.NormFloat64() // what the round has in common
				arm[r] = reference[r] + luck + c.round*rng.NormFloat64()
			}
			r := EstimateArm([][]float64{arm}, [][][]float64{{reference}}, Options{Recorded: c.launch})
			if r.Method != MethodRecorded || !r.Finite() {
				t.Fatalf("%s: %+v", c.name, r)
			}
			if r.Excludes(0) {
				wrong++
			}
		}
		got := float64(wrong) / runs
		t.Logf("%s: %.4f miss the truth", c.name, got)
		if got > 0.06 || got < 0.02 { // the standard error of the simulation is 0.0034
			t.Errorf("%s: %.4f of the intervals miss the truth, want about 0.05", c.name, got)
		}
	}
	if r := EstimateArm([][]float64{{1, 2}, {1, 2}}, [][][]float64{{{0, 0}, {0, 0}}}, Options{Recorded: 1}); r.Method == MethodRecorded {
		t.Error("two launches tell it themselves")
	}
}
