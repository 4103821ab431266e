package catch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// small is a run with all of the catch and hardly any toll.
func small() *result.Data {
	s := verdicttest.Default(1)
	s.Launches, s.Rounds = 1, 1
	return verdicttest.Build(s)
}

func analyze(t *testing.T, d *result.Data) *catch.Matrix {
	t.Helper()
	m, err := catch.Analyze(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func cell(t *testing.T, m *catch.Matrix, fault, level string) catch.Cell {
	t.Helper()
	for _, f := range m.Faults {
		for _, c := range f.Cells {
			if f.Fault.ID == fault && c.Level == level {
				return c
			}
		}
	}
	t.Fatalf("no cell %s × %s", fault, level)
	return catch.Cell{}
}

func TestCatch(t *testing.T) {
	m := analyze(t, small())
	const unseen = time.Duration(-1)
	ms := time.Millisecond
	for _, c := range []struct {
		fault, level         string
		state                catch.State
		alert                string
		detect, least, clear time.Duration
		also, false          []string
		diagnosed            bool
		note                 string
	}{
		{"none", "off", catch.Quiet, "", 0, 0, unseen, nil, nil, false, ""},
		{"none", "logs", catch.Noisy, "", 0, 0, unseen, nil, []string{"EventAgeHigh"}, false, ""},
		{"profile-attribute-missing", "off", catch.Missed, "", 0, 0, unseen, nil, nil, false, ""},
		{"profile-attribute-missing", "metrics", catch.Detected, "DefaultContentHigh", 5400 * ms, 3500 * ms, 5900 * ms, nil, nil, false, ""},
		// Clear waits for the last of the expected alerts.
		{"profile-attribute-missing", "logs", catch.Detected, "AttributeMissingLogged", 3800 * ms, 4000 * ms, 6800 * ms, []string{"DefaultContentHigh"}, nil, true, ""},
		{"profile-attribute-missing", "full", catch.Detected, "AttributeMissingLogged", 4200 * ms, 4000 * ms, unseen, []string{"DefaultContentHigh"}, nil, true, ""},
		{"model-drift", "off", catch.Missed, "", 0, 0, unseen, nil, nil, false, ""}, // has no metrics, so load is no excuse
		{"model-drift", "metrics", catch.Detected, "InputDrift", 8400 * ms, 6000 * ms, 8900 * ms, nil, []string{"EventAgeHigh"}, false, ""},
		{"model-drift", "logs", catch.UnderPowered, "", 0, 0, unseen, nil, nil, false, "270 slates were shown during the fault, fewer than any expected alert needs"},
		// The evidence was there before the fault too; an alert of the pass before is no false alarm of this one.
		{"model-drift", "full", catch.Detected, "InputDrift", 8700 * ms, 6000 * ms, unseen, nil, nil, false, "DefaultContentHigh was still firing when this pass began"},
		{"consumer-lag", "off", catch.Detected, "ConsumerLagHigh", 4500 * ms, 3000 * ms, 4000 * ms, nil, nil, false, ""},
		{"consumer-lag", "full", catch.Unconfirmed, "", 0, 0, unseen, nil, nil, false, "InputDrift was still firing when this pass began"},
	} {
		got := cell(t, m, c.fault, c.level)
		g := fmt.Sprint(got.State, got.Alert, got.Detect, got.LeastDetect, got.Clear, got.Also, got.False, got.Diagnosed, got.Note)
		w := fmt.Sprint(c.state, c.alert, c.detect, c.least, c.clear, c.also, c.false, c.diagnosed, c.note)
		if g != w {
			t.Errorf("%s at %s:\ngot  %s\nwant %s", c.fault, c.level, g, w)
		}
	}
}

func TestPhases(t *testing.T) {
	m := analyze(t, small())
	for _, f := range m.Faults {
		var names []string
		at := f.Start
		for _, p := range f.Phases {
			names = append(names, p.Name)
			if !p.Start.Equal(at) || !p.End.After(p.Start) {
				t.Errorf("%s: phase %s from %s to %s does not follow at %s", f.Fault.ID, p.Name, p.Start, p.End, at)
			}
			at = p.End
		}
		if !at.Equal(f.End) || !slices.Equal(names, []string{"settle", "clean", "inject", "hold", "revert", "clear"}) {
			t.Errorf("%s: phases %v end at %s, the pass at %s", f.Fault.ID, names, at, f.End)
		}
		for _, c := range f.Cells {
			for _, s := range c.Spans {
				if s.Start.Before(f.Start) || s.End.After(f.End) {
					t.Errorf("%s at %s: span %+v is outside the pass", f.Fault.ID, c.Level, s)
				}
			}
		}
	}
}

// passAt is the start of a fault's pass.
func passAt(d *result.Data, fault string) time.Time {
	for _, e := range d.Faults {
		if e.Fault == fault {
			return e.Time
		}
	}
	return time.Time{}
}

// TestCellStates changes one thing in a run and looks at one cell.
func TestCellStates(t *testing.T) {
	const missing, lag = "profile-attribute-missing", "consumer-lag"
	fire := func(d *result.Data, fault, level, alert string, from, to float64, labels map[string]string) {
		start := passAt(d, fault)
		at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
		d.Alerts = append(d.Alerts,
			result.AlertEvent{Time: at(from), Arm: level, Alert: alert, Labels: labels, From: result.Inactive, To: result.Firing},
			result.AlertEvent{Time: at(to), Arm: level, Alert: alert, Labels: labels, From: result.Firing, To: result.Inactive})
	}
	stick := func(d *result.Data, fault, level string) { // its effect does not go away within a quarter of a minute
		var lifted time.Time
		for i, e := range d.Faults {
			switch {
			case e.Fault == fault && e.Phase == result.PhaseRevert:
				lifted = e.Time
			case e.Fault == fault && e.Phase == result.PhaseReverted && e.Arm == level:
				d.Faults[i].Phase, d.Faults[i].Time = result.PhaseStuck, lifted.Add(15*time.Second)
			}
		}
	}
	drop := func(d *result.Data, gone func(result.FaultEvent) bool) { d.Faults = slices.DeleteFunc(d.Faults, gone) }
	for _, c := range []struct {
		name, fault, level string
		change             func(*result.Data)
		want               func(catch.Cell) bool
	}{
		{
			"skipped", missing, "logs", func(d *result.Data) { d.Run.Faults[1].Skipped = "no upstream here" },
			func(c catch.Cell) bool { return c.State == catch.Skipped && c.Note != "" },
		},
		{
			"the run ended before its turn", lag, "off",
			func(d *result.Data) { drop(d, func(e result.FaultEvent) bool { return e.Fault == lag }) },
			func(c catch.Cell) bool { return c.State == catch.Unfinished && c.Note != "" },
		},
		{
			"the effect did not go away", lag, "off",
			func(d *result.Data) { stick(d, lag, "off") },
			func(c catch.Cell) bool {
				return strings.Contains(c.Note, "the effect was still there 15s after the fault was lifted") && !strings.Contains(c.Note, "before it")
			},
		},
		{
			"it did at this level", lag, "metrics",
			func(d *result.Data) { stick(d, lag, "off") },
			func(c catch.Cell) bool { return !strings.Contains(c.Note, "still there") },
		},
		{
			"the effect of the fault before did not go away", lag, "off",
			func(d *result.Data) { stick(d, "model-drift", "off") },
			func(c catch.Cell) bool {
				return strings.Contains(c.Note, "the effect of model-drift, the fault before it, had not gone away") && !strings.Contains(c.Note, "still there")
			},
		},
		{
			"the run ended in its pass", lag, "off",
			func(d *result.Data) {
				drop(d, func(e result.FaultEvent) bool { return e.Fault == lag && e.Phase == result.PhaseDone })
			},
			func(c catch.Cell) bool { return c.State == catch.Unfinished && c.Alert == "ConsumerLagHigh" },
		},
		{
			"fired between injection and confirmation", missing, "off",
			func(d *result.Data) { fire(d, missing, "off", "DefaultContentHigh", 13.5, 20, nil) },
			func(c catch.Cell) bool { return c.State == catch.Detected && c.Detect == 0 && c.Clear == 0 },
		},
		{
			"an expected alert that fired already is a false alarm", missing, "off",
			func(d *result.Data) { fire(d, missing, "off", "DefaultContentHigh", 12, 20, nil) },
			func(c catch.Cell) bool {
				return c.State == catch.Missed && slices.Equal(c.False, []string{"DefaultContentHigh"})
			},
		},
		{
			"fired, ended, and fired again", missing, "off",
			func(d *result.Data) {
				fire(d, missing, "off", "DefaultContentHigh", 8, 12, nil)
				fire(d, missing, "off", "DefaultContentHigh", 20, 31, nil)
			},
			func(c catch.Cell) bool {
				return c.State == catch.Detected && c.Detect == 6*time.Second && c.Clear == time.Second && len(c.False) == 1
			},
		},
		{
			"one label set ends as another begins", missing, "off",
			func(d *result.Data) {
				fire(d, missing, "off", "DefaultContentHigh", 20, 25, map[string]string{"channel": "web"})
				fire(d, missing, "off", "DefaultContentHigh", 25, 33, map[string]string{"channel": "app"})
			},
			func(c catch.Cell) bool { return len(c.Spans) == 1 && c.Clear == 3*time.Second },
		},
		{
			"over before the clean window", "none", "off",
			func(d *result.Data) { fire(d, "none", "off", "EventAgeHigh", 1, 2, nil) },
			func(c catch.Cell) bool { return c.State == catch.Quiet },
		},
		{
			"from before into the clean window", "none", "off",
			func(d *result.Data) { fire(d, "none", "off", "EventAgeHigh", 1, 5, nil) },
			func(c catch.Cell) bool { return c.State == catch.Noisy },
		},
		{
			"not explained", missing, "off",
			func(d *result.Data) { fire(d, missing, "off", "ConsumerLagHigh", 20, 25, nil) },
			func(c catch.Cell) bool { return slices.Equal(c.False, []string{"ConsumerLagHigh"}) },
		},
		{
			"allowed", missing, "off",
			func(d *result.Data) { fire(d, missing, "off", "ClickThroughLow", 20, 25, nil) },
			func(c catch.Cell) bool {
				return c.State == catch.Missed && len(c.False) == 0 && slices.Equal(c.Also, []string{"ClickThroughLow"})
			},
		},
		{
			"fired when the fault was gone", missing, "off",
			func(d *result.Data) { fire(d, missing, "off", "DefaultContentHigh", 32, 35, nil) },
			func(c catch.Cell) bool { return c.State == catch.Missed && c.Note != "" && len(c.False) == 0 },
		},
		{
			"no blame without a confirmation", lag, "full",
			func(d *result.Data) { fire(d, lag, "full", "DefaultContentHigh", 20, 25, nil) },
			func(c catch.Cell) bool { return c.State == catch.Unconfirmed && len(c.False) == 0 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := small()
			c.change(d)
			if got := cell(t, analyze(t, d), c.fault, c.level); !c.want(got) {
				t.Errorf("%s at %s: %+v", c.fault, c.level, got)
			}
		})
	}
}
