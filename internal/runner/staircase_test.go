package runner

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// climbed runs one search of the profile's size on an arm that sustains capacity, but for luck of the given spread, and
// returns its estimate and the rates that it tried.
func climbed(rng *rand.Rand, capacity, spread float64) (estimate float64, rates []float64) {
	s := newStaircase(300, 10_000, 0.03)
	var trials []stats.Trial
	for range 16 {
		met := math.Log(s.rate()) < math.Log(capacity)+spread*rng.NormFloat64()
		trials = append(trials, stats.Trial{X: math.Log(s.rate()), Yes: !met})
		rates = append(rates, s.rate())
		s.observe(met)
	}
	return math.Exp(stats.Threshold(trials)), rates
}

// Over many searches the estimate is without bias and close, whatever the capacity; no slot is offered more than twice what
// was sustained before it, and the same luck gives the same search.
func TestSearchConverges(t *testing.T) {
	for _, c := range []struct{ capacity, spread, bias, sd float64 }{
		{1000, 0.01, 0.01, 0.02},
		{1000, 0.05, 0.01, 0.03},
		{1000, 0.15, 0.02, 0.075},
		{130, 0.05, 0.015, 0.04}, // below the start
		{6500, 0.05, 0.015, 0.04},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		const searches = 400
		sum, squares := 0.0, 0.0
		for range searches {
			estimate, rates := climbed(rng, c.capacity, c.spread)
			off := math.Log(estimate / c.capacity)
			sum, squares = sum+off, squares+off*off
			for i, rate := range rates {
				if rate < 300/searchSpan || rate > 10_000*1.0001 || i > 0 && rate > rates[i-1]*2.0001 {
					t.Fatalf("rates %v", rates)
				}
			}
		}
		bias := sum / searches
		sd := math.Sqrt(squares/searches - bias*bias)
		t.Logf("capacity %g, luck ±%g: bias %+.4f, sd %.4f", c.capacity, c.spread, bias, sd)
		if math.Abs(bias) > c.bias || sd > c.sd {
			t.Errorf("capacity %g, luck ±%g: bias %+.4f, want at most %g; sd %.4f, want at most %g", c.capacity, c.spread, bias, c.bias, sd, c.sd)
		}
	}
	a, _ := climbed(rand.New(rand.NewPCG(7, 7)), 900, 0.1)
	if b, _ := climbed(rand.New(rand.NewPCG(7, 7)), 900, 0.1); a != b {
		t.Errorf("%g and %g by the same luck", a, b)
	}
}

// A slot that lied early costs a few steps, not the search.
func TestSearchRecovers(t *testing.T) {
	s := newStaircase(300, 10_000, 0.03)
	s.observe(false) // at 300, of 2000
	for range 15 {
		s.observe(s.rate() < 2000)
	}
	if s.rate() < 1600 || s.rate() > 2400 {
		t.Errorf("the search is at %.0f, want about 2000", s.rate())
	}
}

// At its limits a search stays.
func TestSearchBounds(t *testing.T) {
	high, low := newStaircase(300, 1000, 0.03), newStaircase(300, 1000, 0.03)
	for range 40 {
		high.observe(true)
		low.observe(false)
	}
	if math.Abs(high.rate()-1000) > 1e-6 || math.Abs(low.rate()-300./searchSpan) > 1e-6 {
		t.Errorf("searches end at %g and %g", high.rate(), low.rate())
	}
}

// A void slot is tried again; two in a row are too much.
func TestClimberVoid(t *testing.T) {
	c := &climber{search: newStaircase(300, 10_000, 0.03)}
	for i, want := range []struct {
		came verdict.Sustain
		rate float64
	}{{verdict.Met, 600}, {verdict.Void, 600}, {verdict.Met, 1200}, {verdict.Void, 1200}, {verdict.Void, 1200 / math.Sqrt2}, {verdict.Void, 1200 / math.Sqrt2}} {
		if c.observe(want.came); math.Abs(c.search.rate()-want.rate) > 1e-6 || c.tired != (want.came != verdict.Met) {
			t.Errorf("step %d, %s: at %g, want %g; tired %t", i, want.came, c.search.rate(), want.rate, c.tired)
		}
	}
}
