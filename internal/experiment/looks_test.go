package experiment

import (
	"math"
	"testing"
)

func TestLooks(t *testing.T) {
	for _, c := range []struct {
		launches, most int
		budgets        []string
		want           []int
	}{
		{3, 6, []string{"cpu<=+5%"}, []int{3, 6}},
		{3, 7, []string{"cpu<=+5%"}, []int{3, 6, 7}},
		{2, 16, []string{"cpu<=+5%"}, []int{2, 4, 8, 16}},
		{3, 6, nil, nil},                  // nothing to decide
		{3, 3, []string{"cpu<=+5%"}, nil}, // nothing to extend
		{8, 6, []string{"cpu<=+5%"}, nil}, // more than the most are asked for
		{0, 6, []string{"cpu<=+5%"}, nil}, // no toll
		{1, 2, []string{"p50<=+1ms"}, []int{1, 2}},
	} {
		e := Experiment{Budgets: c.budgets, Toll: Toll{Launches: c.launches, Most: c.most}}
		looks, sum := e.Looks(), 0.0
		if len(looks) != len(c.want) {
			t.Errorf("%d to %d launches: looks %v, want after %v", c.launches, c.most, looks, c.want)
			continue
		}
		for i, look := range looks {
			if sum += look.Error; look.Launches != c.want[i] || look.Error <= 0 {
				t.Errorf("%d to %d launches: look %d is %+v, want after %d", c.launches, c.most, i, look, c.want[i])
			}
		}
		if len(looks) > 0 && math.Abs(sum-0.05) > 1e-12 {
			t.Errorf("%d to %d launches: the looks spend %v", c.launches, c.most, sum)
		}
	}
}
