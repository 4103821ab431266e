package sweep

import (
	"fmt"
	"slices"
	"testing"
)

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		from, to float64
		n        int
		whole    bool
		want     string
	}{
		{0.01, 0.5, 6, false, "[0.01 0.0219 0.0478 0.105 0.229 0.5]"},
		{0.01, 1, 2, false, "[0.01 1]"},
		{0.012345, 0.6, 3, false, "[0.012345 0.0861 0.6]"}, // the ends are those that were asked for
		{100, 100_000, 4, true, "[100 1000 10000 100000]"},
		{1, 4, 6, true, "[1 2 3 4]"}, // there are no more
		{1, 2, 5, true, "[1 2]"},
	} {
		if got := fmt.Sprint(Sizes(c.from, c.to, c.n, c.whole)); got != c.want {
			t.Errorf("%d sizes from %g to %g: %s, want %s", c.n, c.from, c.to, got, c.want)
		}
	}
}

// TestDesign: every block has every size once, the order is that of the seed, and blocks differ.
func TestDesign(t *testing.T) {
	sizes := Sizes(0.01, 0.5, 6, false)
	got := Design(sizes, 4, 7)
	if len(got) != 24 {
		t.Fatalf("%d trials, want 24", len(got))
	}
	orders := map[string]bool{}
	for block := range 4 {
		of := slices.Clone(got[6*block : 6*block+6])
		orders[fmt.Sprint(of)] = true
		slices.Sort(of)
		if !slices.Equal(of, sizes) {
			t.Errorf("block %d is %v, want each of %v once", block, of, sizes)
		}
	}
	if len(orders) < 3 {
		t.Errorf("%d orders of 4 blocks: they are to be drawn one by one", len(orders))
	}
	if !slices.Equal(got, Design(sizes, 4, 7)) {
		t.Error("the same seed gives another order")
	}
	if slices.Equal(got, Design(sizes, 4, 8)) {
		t.Error("another seed gives the same order")
	}
	if !slices.IsSorted(sizes) {
		t.Error("the sizes of the caller were shuffled")
	}
}

// TestOutward: the rounded number is the larger fault, and no farther away than a step.
func TestOutward(t *testing.T) {
	for _, x := range []float64{1.0001, 1.004, 1.006, 1.234, 4.996, 5.001, 9.994, 9.996, 0.021867, 123456, 7} {
		up, down := Outward(x, false), Outward(x, true)
		if up < x || up > x*1.0101 || Round(up) != up {
			t.Errorf("%g is %g", x, up)
		}
		if down > x || down < x*0.9899 || Round(down) != down {
			t.Errorf("%g is %g where the fault grows as the number falls", x, down)
		}
	}
}

func TestRound(t *testing.T) {
	for x, want := range map[float64]float64{0.021867: 0.0219, 123456: 123000, 1: 1, 0.5: 0.5} {
		if got := Round(x); got != want {
			t.Errorf("%g is rounded to %g, want %g", x, got, want)
		}
	}
}
