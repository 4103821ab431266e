package catch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// quiet turns the start of the pass of consumer-lag into a wait for quiet: it comes after that of model-drift, of which an alert
// goes on at metrics until 5 s after its end.
func quiet(t *testing.T, clears string) *catch.Matrix {
	t.Helper()
	d := small()
	next := passAt(d, "consumer-lag")
	for i, e := range d.Faults {
		if e.Fault == "consumer-lag" && e.Phase == result.PhaseSettle {
			d.Faults[i].Phase = result.PhaseQuiet
		}
	}
	for i, a := range d.Run.Alerts {
		if a.Name == "InputDrift" {
			d.Run.Alerts[i].Clears = clears
		}
	}
	drift := passAt(d, "model-drift")
	d.Alerts = slices.DeleteFunc(d.Alerts, func(e result.AlertEvent) bool {
		return e.Arm == "metrics" && e.Alert == "InputDrift" && e.To == result.Inactive && e.Time.After(drift)
	})
	d.Alerts = append(d.Alerts, result.AlertEvent{
		Time: next.Add(2 * time.Second), Arm: "metrics", Alert: "InputDrift", From: result.Firing, To: result.Inactive,
	})
	return analyze(t, d)
}

// What ends while the next pass waits for quiet has been seen to clear; what goes on is told beside that pass, with the reason why
// it was not waited for.
func TestQuiet(t *testing.T) {
	m := quiet(t, "")
	if c := cell(t, m, "model-drift", "metrics"); c.Clear < 13*time.Second || c.Clear > 15*time.Second {
		t.Errorf("time to clear %v, want it to be that of the wait", c.Clear)
	}
	if c := cell(t, m, "consumer-lag", "metrics"); c.Note != "" {
		t.Errorf("it had ended when the clean window began: note %q", c.Note)
	}
	if p := m.Faults[3].Phases; p[0].Name != "quiet" || p[1].Name != "clean" || p[0].End.Sub(p[0].Start) != 3*time.Second {
		t.Errorf("phases %+v", p)
	}
	if c := cell(t, m, "consumer-lag", "full"); c.Note != "InputDrift was still firing when this pass began" || len(c.False) > 0 {
		t.Errorf("note %q, false alarms %v", c.Note, c.False)
	}
	if c := cell(t, quiet(t, result.Slowly), "consumer-lag", "full"); c.Note !=
		"InputDrift (which clears slowly and was not waited for) was still firing when this pass began" {
		t.Errorf("note %q", c.Note)
	}
}
