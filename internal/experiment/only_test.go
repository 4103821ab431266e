package experiment

import (
	"slices"
	"strings"
	"testing"
)

func TestOnly(t *testing.T) {
	for _, c := range []struct {
		parts                  []string
		toll, capacity, faults int
		budgets                []string
	}{
		{[]string{"toll"}, 3, 0, 0, []string{"p95 <= +5%", "what?"}},
		{[]string{"capacity"}, 0, OnlyLaunches, 0, []string{"capacity >= -5%", "what?"}},
		{[]string{"catch"}, 0, 0, 4, []string{"what?"}}, // what is wrong with a budget is for Validate to say
		{[]string{"toll", "capacity", "catch"}, 3, OnlyLaunches, 4, []string{"p95 <= +5%", "capacity >= -5%", "what?"}},
	} {
		e, err := Profile("pr")
		if err != nil {
			t.Fatal(err)
		}
		e.Budgets = []string{"p95 <= +5%", "capacity >= -5%", "what?"}
		if err := e.Only(c.parts); err != nil {
			t.Fatal(err)
		}
		if e.Toll.Launches != c.toll || e.Capacity.Launches != c.capacity || len(e.Faults) != c.faults || !slices.Equal(e.Budgets, c.budgets) {
			t.Errorf("%q: %d toll launches, %d capacity launches, faults %q, budgets %q", c.parts, e.Toll.Launches, e.Capacity.Launches, e.Faults, e.Budgets)
		}
	}
	nightly, err := Profile("nightly")
	if err != nil {
		t.Fatal(err)
	}
	nightly.Capacity.Launches = 7
	if err := nightly.Only([]string{"capacity"}); err != nil || nightly.Capacity.Launches != 7 {
		t.Errorf("launches of the experiment's own: %d, %v", nightly.Capacity.Launches, err)
	}
	for _, c := range []struct {
		parts []string
		says  string
	}{
		{nil, "legal parts are toll, capacity, catch"},
		{[]string{"latency"}, `unknown part "latency": legal parts are toll, capacity, catch`},
		{[]string{"toll"}, "toll.launches is 0"},
		{[]string{"catch"}, "no faults"},
	} {
		if err := nightly.Only(c.parts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: error %v, want one that says %s", c.parts, err, c.says)
		}
	}
}
