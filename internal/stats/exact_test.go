package stats

import (
	"math"
	"testing"
)

// The values are those of R's binom.test, and of arithmetic where all answers are alike.
func TestExactShare(t *testing.T) {
	for _, c := range []struct {
		yes, n int
		lo, hi float64
	}{
		{5, 5, math.Pow(0.05, 1.0/5), 1}, {0, 5, 0, 1 - math.Pow(0.05, 1.0/5)}, {1, 1, 0.05, 1},
		{3, 10, 0.06673951, 0.6524529}, {9, 10, 0.5549839, 0.9974714},
	} {
		got := ExactShare(c.yes, c.n, 0.95)
		if math.Abs(got.Lo-c.lo) > 1e-6 || math.Abs(got.Hi-c.hi) > 1e-6 || got.Mid != float64(c.yes)/float64(c.n) {
			t.Errorf("%d of %d: %+v, want [%v, %v]", c.yes, c.n, got, c.lo, c.hi)
		}
	}
	if got := ExactShare(0, 0, 0.95); !math.IsNaN(got.Mid) {
		t.Errorf("without an answer %+v", got)
	}
}
