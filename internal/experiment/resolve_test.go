package experiment

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestParseResolve(t *testing.T) {
	got, err := ParseResolve([]string{"p50 2%", " cpu  1.5 % "})
	if want := map[string]float64{"p50": 0.02, "cpu": 0.015}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "p50", "p50 2", "2%", "p50 two%", "p50=2%", "p50 2%%"} {
		if got, err := ParseResolve([]string{bad}); err == nil || !strings.Contains(err.Error(), "such as 'p50 2%'") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	if _, err := ParseResolve([]string{"p50 2%", "p50 3%"}); err == nil {
		t.Error("two resolutions for one metric are taken")
	}
}

// TestResolveIsChecked: what cannot be resolved is refused before anything starts.
func TestResolveIsChecked(t *testing.T) {
	for want, change := range map[string]func(*Experiment){
		"toll.resolve":         func(e *Experiment) { e.Toll.Resolve = map[string]float64{"p99": 0.02} },
		"toll.resolve: p50":    func(e *Experiment) { e.Toll.Resolve = map[string]float64{"p50": 0} },
		"toll.launches is 0":   func(e *Experiment) { e.Toll.Resolve, e.Toll.Launches = map[string]float64{"p50": 0.02}, 0 },
		"toll.at_most":         func(e *Experiment) { e.Toll.AtMost = 0 },
		"toll.slice must be 0": func(e *Experiment) { e.Toll.Slice = 10 * time.Millisecond },
	} {
		e, err := Profile("pr")
		if err != nil {
			t.Fatal(err)
		}
		change(e)
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
