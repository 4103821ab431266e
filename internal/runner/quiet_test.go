package runner

import (
	"fmt"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// What is waited for: not dead man's switches, not what has fired all the time, and what clears slowly only within its own pass.
func TestActive(t *testing.T) {
	a := newActive([]result.Alert{
		{Name: "Watchdog", Constant: result.AlwaysTrue}, {Name: "Drift", Clears: result.Slowly},
		{Name: "Down"},
		{Name: "Burn", Labels: map[string]string{"severity": "page"}}, {Name: "Burn", Labels: map[string]string{"severity": "ticket"}},
	})
	change := func(arm, alert, to string, labels ...string) {
		e := result.AlertEvent{Arm: arm, Alert: alert, To: to, Labels: map[string]string{}}
		for i := 0; i+1 < len(labels); i += 2 {
			e.Labels[labels[i]] = labels[i+1]
		}
		a.follow([]result.AlertEvent{e})
	}
	expect := func(when, fast, all string, none bool) {
		t.Helper()
		if got := fmt.Sprint(a.firing(false)); got != fast {
			t.Errorf("%s: fires %s, want %s", when, got, fast)
		}
		if got := fmt.Sprint(a.firing(true)); got != all {
			t.Errorf("%s: fires, slow ones too: %s, want %s", when, got, all)
		}
		if a.none() != none {
			t.Errorf("%s: nothing is active: %v", when, !none)
		}
	}
	expect("at first", "map[]", "map[]", true)
	change("off", "Watchdog", result.Firing)
	change("off", "Down", result.Pending)
	expect("pending", "map[]", "map[]", false)
	change("off", "Down", result.Firing, "service", "model")
	change("off", "Down", result.Firing, "service", "gateway")
	change("off", "Down", result.Inactive)
	change("full", "Drift", result.Firing)
	change("full", "Burn", result.Firing, "severity", "page")
	expect("firing", `map[full:[Burn{severity="page"}] off:[Down]]`, `map[full:[Burn{severity="page"} Drift] off:[Down]]`, false)
	change("off", "Down", result.Inactive, "service", "model")
	change("full", "Burn", result.Inactive, "severity", "page")
	expect("one of two label sets has ended", "map[off:[Down]]", "map[full:[Drift] off:[Down]]", false)
	a.stand()
	expect("standing", "map[]", "map[]", true)
	change("off", "Down", result.Inactive, "service", "gateway")
	change("off", "Down", result.Firing, "service", "gateway")
	expect("it ceased and came again", "map[off:[Down]]", "map[off:[Down]]", false)
}
