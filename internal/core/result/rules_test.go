package result

import (
	"slices"
	"testing"
)

func TestRules(t *testing.T) {
	labels := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	rules := Rules{
		{Name: "Alone", Labels: labels("severity", "page")},
		{Name: "Burn", Labels: labels("severity", "page", "team", "shop")},
		{Name: "Burn", Labels: labels("severity", "ticket", "team", "shop")},
		{Name: "Some", Labels: nil},
		{Name: "Some", Labels: labels("severity", "page")},
		{Name: "Twice", Group: "a", Labels: labels("severity", "page")},
		{Name: "Twice", Group: "b", Labels: labels("severity", "page")},
		{Name: "Template", Labels: labels("severity", "{{ $labels.sev }}")},
		{Name: "Template", Labels: labels("severity", "page")},
	}
	for i, want := range []string{
		"Alone", `Burn{severity="page"}`, `Burn{severity="ticket"}`, `Some{severity=""}`, `Some{severity="page"}`, "Twice", "Twice",
		`Template{severity="{{ $labels.sev }}"}`, `Template{severity="page"}`,
	} {
		if got := rules.ID(i); got != want {
			t.Errorf("rule %d is %s, want %s", i, got, want)
		}
	}
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   []int
	}{
		{"Alone", labels("severity", "page", "topic", "events"), []int{0}},
		{"Alone", nil, nil}, // a rule of another file, which has the same name
		{"Burn", labels("severity", "ticket", "team", "shop"), []int{2}},
		{"Some", labels("service", "etl"), []int{3}},
		{"Some", labels("severity", "page"), []int{4}}, // the rule with more in common
		{"Twice", labels("severity", "page"), []int{5, 6}},
		{"Template", labels("severity", "page"), []int{8}},
		{"Template", labels("severity", "info"), []int{7}},
		{"Nobody", nil, nil},
	} {
		if got := rules.Of(c.name, c.labels); !slices.Equal(got, c.want) {
			t.Errorf("%s%v comes from %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	if !rules.Covers("Burn", 1) || !rules.Covers(`Burn{severity="page"}`, 1) || rules.Covers(`Burn{severity="page"}`, 2) || rules.Covers("Alone", 1) {
		t.Error("a name covers all rules of that name, an ID one")
	}
}
