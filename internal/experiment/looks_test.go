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
		e := Experiment{Environment: "process", Budgets: c.budgets, Toll: Toll{Launches: c.launches, Most: c.most}}
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

// A budget on a count adds a look after the first launch; one that cannot be read, or another environment, does not.
func TestLookAtCounts(t *testing.T) {
	e := Experiment{Environment: "process", Budgets: []string{"cpu<=+5%", "full: spans<=+9000"}, Toll: Toll{Launches: 3, Most: 6}}
	if looks := e.Looks(); len(looks) != 3 || looks[0].Launches != 1 || looks[0].Error != 0 || looks[0].Counts <= 0 {
		t.Errorf("looks %+v", looks)
	}
	e.Toll.Most = 3
	if looks := e.Looks(); len(looks) != 2 || looks[1].Launches != 3 || math.Abs(looks[1].Error-0.05) > 1e-12 {
		t.Errorf("looks %+v", looks)
	}
	e.Environment = "containers"
	if looks := e.Looks(); looks != nil {
		t.Errorf("looks %+v", looks)
	}
	e.Environment, e.Toll.Resolve = "process", map[string]float64{"p50": 0.02}
	if looks := e.Looks(); looks != nil {
		t.Errorf("looks %+v of a run whose noise decides how long it takes", looks)
	}
}
