package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// TestWorlds compares the drawn values with the parameters of the world.
func TestWorlds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rounds = 4000
	for _, w := range worlds() {
		values := w.draw(rng, 2, rounds, 3)
		if len(values) != 3 || len(values[0]) != 2 || len(values[0][0]) != rounds {
			t.Fatalf("%s: a wrong shape", w.name)
		}
		var contrast []float64 // free of drift
		for r := range rounds {
			contrast = append(contrast, values[2][1][r]-values[1][1][r])
		}
		if got := stats.Lag1([][]float64{contrast}, len(contrast)); w.spikes == 0 && math.Abs(got-w.rho) > 0.06 {
			t.Errorf("%s: autocorrelation %.2f, want %.2f", w.name, got, w.rho)
		}
		want := math.Sqrt2
		if w.spikes > 0 { // a stall is 5 + 10·U: second moment 25 + 50 + 100/3, mean 10
			want = math.Sqrt(2 * (1 + w.spikes*(75+100.0/3) - math.Pow(10*w.spikes, 2)))
		}
		if got := stat.StdDev(contrast, nil); math.Abs(got/want-1) > 0.1 {
			t.Errorf("%s: the difference of two slots has a standard deviation of %.2f, want %.2f", w.name, got, want)
		}
	}
	lucky := world{launch: 3}
	var centres []float64
	for range 400 {
		values := lucky.draw(rng, 1, 9, 1)
		centres = append(centres, stat.Mean(values[0][0], nil))
	}
	if got, want := stat.StdDev(centres, nil), math.Sqrt(9.0+1)/3; math.Abs(got/want-1) > 0.12 {
		t.Errorf("centres of launches have a standard deviation of %.2f, want %.2f", got, want)
	}
}

// TestSimulateCell counts a judge that is always right, and one that always sees something.
func TestSimulateCell(t *testing.T) {
	o := simulateOptions{runs: 20, noise: 0.1}
	sized := shape{2, 6, 4}
	wide := func([][][]float64, int, float64, uint64) stats.Interval { return stats.Interval{Lo: -9, Mid: 0, Hi: 9} }
	if c := simulateCell(worlds()[0], sized, wide, o, 1); c.covered != 20 || c.alarms != 0 || math.Abs(c.half-20*9*0.1) > 1e-9 {
		t.Errorf("an interval that holds everything: %+v", c)
	}
	blind := func([][][]float64, int, float64, uint64) stats.Interval { return stats.Interval{Lo: 5, Mid: 6, Hi: 7} }
	if c := simulateCell(worlds()[0], sized, blind, o, 1); c.covered != 0 || c.alarms != 20 {
		t.Errorf("an interval that is always elsewhere: %+v", c)
	}
	arms := map[int]float64{}
	centre := func(values [][][]float64, arm int, _ float64, _ uint64) stats.Interval {
		arms[arm] += stat.Mean(values[arm][0], nil) / 20
		return stats.Interval{}
	}
	simulateCell(worlds()[0], sized, centre, o, 1)
	if want := math.Log(1.05) / 0.1; math.Abs(arms[3]-want) > 0.4 || math.Abs(arms[2]) > 0.4 {
		t.Errorf("the last arm costs %.2f and the one before %.2f, want %.2f and 0", arms[3], arms[2], want)
	}
}

func TestSimulationIsRepeatable(t *testing.T) {
	o := simulateOptions{runs: 20, resamples: 99, noise: 0.1}
	hard, sized := worlds()[len(worlds())-1], shape{3, 6, 4}
	once := simulateCell(hard, sized, tollEstimator(o.resamples), o, stream(1, 2))
	if again := simulateCell(hard, sized, tollEstimator(o.resamples), o, stream(1, 2)); again != once {
		t.Errorf("the same seed gave %+v and %+v", once, again)
	}
	if other := simulateCell(hard, sized, tollEstimator(o.resamples), o, stream(1, 3)); other == once {
		t.Errorf("another seed gave the same %+v", other)
	}
}

func TestSimulatePower(t *testing.T) {
	o := simulateOptions{runs: 10, noise: 0.01}                                       // so that 22 rounds leave no doubt
	seen := func(values [][][]float64, arm int, _ float64, _ uint64) stats.Interval { // what costs at least 5 %
		x := stat.Mean(values[arm][0], nil) - stat.Mean(values[0][0], nil)
		return stats.Interval{Lo: x - math.Log(1.05)/o.noise}
	}
	power, err := simulatePower(t.Context(), seen, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(powerWorlds()) * len(powerShapes()); len(power.Rows) != want {
		t.Fatalf("%d rows, want %d", len(power.Rows), want)
	}
	calm := power.Rows[2] // 88 rounds
	if len(calm) != len(power.Header) || calm[2] != "0.0 %" || calm[len(calm)-1] != "100.0 %" {
		t.Errorf("1 %% is seen in %s and 10 %% in %s of the runs, want none and all", calm[2], calm[len(calm)-1])
	}
}

// TestHosts compares what a machine draws with its parameters.
func TestHosts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := plan{2, 6, 3, 0.5, 0.1}
	if p.tailRounds() != 3 {
		t.Fatalf("p95 of slots with 34 requests merges %d rounds, want 3", p.tailRounds())
	}
	calm := host{moodTime: 1, spread: 0.1, cpu: 0.01}
	got := calm.draw(rng, p)
	for metric, want := range []struct {
		values   int
		mid, far float64 // of the standard normal quantile, in units of spread or cpu
	}{{6, 0, 0.15}, {2, 0.1645, 0.15}, {6, 0, 0.05}} {
		for a := range p.arms {
			for l := range p.launches {
				values := got[metric][a][l]
				if len(values) != want.values || math.Abs(stat.Mean(values, nil)-want.mid) > want.far {
					t.Errorf("%s of arm %d in launch %d: %v, want %d about %.2f", measuredBy()[metric], a, l, values, want.values, want.mid)
				}
			}
		}
	}
	before := got[0][1][1][5] - got[0][0][1][5]
	got.cost(1, 0.5)
	if after := got[0][1][1][5] - got[0][0][1][5]; math.Abs(after-before-0.5) > 1e-9 || len(got.upTo(1)[1][2]) != 1 {
		t.Errorf("a cost of 0.5 moves an arm by %.3f", after-before)
	}
	fast, slow := hosts()[0].alternation(rng, 0.1, 4), hosts()[0].alternation(rng, 1, 4)
	if !(slow > 1.2*fast) {
		t.Errorf("arms that alternate every second differ by %.3f, every 100 ms by %.3f: want clearly more", slow, fast)
	}
}

// TestSlicedRun: a run without noise is judged as its cost says; what is exactly on the limit is not decided.
func TestSlicedRun(t *testing.T) {
	still := host{moodTime: 1, spread: 0.02, cpu: 0.005}
	plans, err := slicedPlans()
	if err != nil {
		t.Fatal(err)
	}
	p := plans[0]
	for truth, want := range map[float64]slicedCount{0: {pass: 1}, 0.25: {fail: 1}} {
		var c slicedCount
		c.run(rand.New(rand.NewPCG(5, 6)), still, p, truth, 199)
		if c.pass != want.pass || c.fail != want.fail || c.invalid+c.wrong != 0 || c.launches != p.looks[0] || c.runs != 1 {
			t.Errorf("cost %g: %+v", truth, c)
		}
	}
}

// TestResolveRun: the rule that wants it twice in a row takes one launch more where nothing is in doubt.
func TestResolveRun(t *testing.T) {
	still := host{moodTime: 1, spread: 0.02, cpu: 0.005}
	var c resolveCount
	c.run(rand.New(rand.NewPCG(7, 8)), still, wanted{0, 0.05}, 0, 99)
	if c.once.launches != resolveLeast || c.twice.launches != resolveLeast+1 || c.once.reached+c.twice.reached != 2 {
		t.Errorf("%+v", c)
	}
	c = resolveCount{}
	c.run(rand.New(rand.NewPCG(7, 8)), hosts()[1], wanted{1, 0.001}, 0, 99)
	if c.once.launches != resolveMost || c.twice.launches != resolveMost || c.once.reached+c.twice.reached != 0 {
		t.Errorf("of what cannot be reached: %+v", c)
	}
}
