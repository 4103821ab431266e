package stats

import (
	"math"
	"testing"
)

func TestThreshold(t *testing.T) {
	trials := func(answers string) []Trial { // at 1, 2, 3, …
		var out []Trial
		for i, a := range answers {
			out = append(out, Trial{float64(i + 1), a == 'y'})
		}
		return out
	}
	for _, c := range []struct {
		answers string
		want    float64
	}{
		{"nnyy", 2.5},
		{"nnnnnnny", 7.5}, // not drawn to the many that agree
		{"nyny", 2.5},     // 2 and 3 are pooled at one half
		{"nnynyy", 3.5},
		{"nynnyy", 3.5}, // 2, 3 and 4 are pooled at (3, 1/3), then comes (5, 1)
		{"yyy", math.Inf(-1)},
		{"nnn", math.Inf(1)},
		{"nynn", math.Inf(1)}, // one slip below three that held
		{"yn", 1.5},
		{"", math.NaN()},
	} {
		got := Threshold(trials(c.answers))
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) && !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("%s: %g, want %g", c.answers, got, c.want)
		}
	}
	same := []Trial{{1, false}, {3, true}, {2, true}, {2, false}, {3, true}} // equal places are one
	if got := Threshold(same); got != 2 {
		t.Errorf("threshold %g, want 2", got)
	}
}
