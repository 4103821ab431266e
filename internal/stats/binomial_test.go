package stats

import (
	"math"
	"testing"
)

// Figures of R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I,
// method 5: the exact interval.
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct{ yes, n, lo, hi float64 }{
		{81, 263, 0.2527, 0.3676}, {15, 148, 0.0578, 0.1617}, {0, 20, 0, 0.1684}, {1, 29, 0.0009, 0.1776},
		{20, 20, 0.8316, 1}, {28, 29, 0.8224, 0.9991}, // the mirror images
		{1, 1, 0.025, 1}, {0, 1, 0, 0.975}, // one answer
	} {
		got := ClopperPearson(c.yes, c.n, 0.95)
		if !near(got.Lo, c.lo, 5e-5) || !near(got.Hi, c.hi, 5e-5) || !near(got.Mid, c.yes/c.n, 1e-12) {
			t.Errorf("%v of %v: %+v, want [%v, %v]", c.yes, c.n, got, c.lo, c.hi)
		}
	}
	for _, none := range [][2]float64{{0, 0}, {1, math.NaN()}, {-1, 3}} {
		if got := ClopperPearson(none[0], none[1], 0.95); !math.IsNaN(got.Mid) || !math.IsNaN(got.Lo) || !math.IsNaN(got.Hi) {
			t.Errorf("of %v: %+v", none, got)
		}
	}
}

// What is not whole lies between the whole numbers around it, and more certainty is wider.
func TestClopperPearsonBetween(t *testing.T) {
	below, at, above := ClopperPearson(3, 10, 0.95), ClopperPearson(3.4, 10, 0.95), ClopperPearson(4, 10, 0.95)
	if !(below.Lo < at.Lo && at.Lo < above.Lo && below.Hi < at.Hi && at.Hi < above.Hi) {
		t.Errorf("3.4 of 10 is %+v, not between %+v and %+v", at, below, above)
	}
	if wide := ClopperPearson(3, 10, 0.99); !(wide.Lo < below.Lo && wide.Hi > below.Hi) {
		t.Errorf("at 99 %%: %+v, at 95 %%: %+v", wide, below)
	}
}

// The interval contains the true share at least as often as it says: exactly, by the sum over all outcomes.
func TestClopperPearsonCovers(t *testing.T) {
	for _, n := range []int{1, 5, 12, 40} {
		for p := 0.02; p < 1; p += 0.06 {
			covered, chance := 0.0, math.Pow(1-p, float64(n)) // of 0 yes
			for yes := 0; yes <= n; yes++ {
				if i := ClopperPearson(float64(yes), float64(n), 0.95); i.Lo <= p && p <= i.Hi {
					covered += chance
				}
				chance *= float64(n-yes) / float64(yes+1) * p / (1 - p)
			}
			if covered < 0.95-1e-9 {
				t.Errorf("n = %d, p = %.2f: covered %.4f", n, p, covered)
			}
		}
	}
}

// The rule of three: about 3/p trials; and the two functions are each other's inverse.
func TestUntil(t *testing.T) {
	for _, c := range []struct{ p, want float64 }{
		{0.01, 298.07}, {0.001, 2994.2}, {0.5, 4.3219}, {1, 1}, {2, 1}, {0.999, 1}, {0, math.Inf(1)}, {-1, math.Inf(1)},
	} {
		got := Until(c.p, 0.95)
		if !near(got, c.want, 1e-4*min(c.want, 1e4)) {
			t.Errorf("p = %v: %v trials, want %v", c.p, got, c.want)
		}
		if c.p > 0 && c.p <= 0.5 && !near(AtLeastOne(c.p, got), 0.95, 1e-9) {
			t.Errorf("p = %v: %v in %v trials", c.p, AtLeastOne(c.p, got), got)
		}
	}
	if !math.IsNaN(Until(math.NaN(), 0.95)) || !math.IsNaN(AtLeastOne(math.NaN(), 3)) {
		t.Error("a number from none")
	}
	if AtLeastOne(0.3, 0) != 0 || AtLeastOne(0, 100) != 0 || AtLeastOne(1, 4) != 1 {
		t.Error("nothing tried, or nothing to be seen, or always seen")
	}
}
