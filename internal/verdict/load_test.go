package verdict_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// The control holds when what was made is what was ordered, within what the forecast allows, and names the forecast's remedy when
// it fails. A run without a forecast has no such control.
func TestOrderedLoad(t *testing.T) {
	good := slot.Forecast{Share: 0.98, Drawn: 0.97, Chance: 0.05}
	short := slot.Forecast{Share: 0.4, Drawn: 0.4, Chance: 0.05, Remedy: "set --gap-limit 2m"}
	tiny := slot.Forecast{Share: 1, Drawn: 0.7, Chance: 0.12}
	for _, tt := range []struct {
		name     string
		forecast *slot.Forecast
		order    float64 // over what was made
		script   bool
		ok       bool
		saw      string
	}{
		{"as ordered", &good, 1, false, true, "made"},
		{"a fifth too few", &good, 1.25, false, true, "(-20.0 %)"},
		{"half", &good, 2, false, false, "(-50.0 %)"},
		{"too many", &good, 0.7, false, false, "(+42.9 %)"},
		{"a plan that cannot", &short, 2.5, false, false, "to be expected"},
		{"a plan that cannot, with luck", &short, 1, false, false, "to be expected"},
		{"a tiny run", &tiny, 1.5, false, true, "(-33.3 %)"},
		{"turns", &good, 1, true, true, "turns/s made"},
		{"half the turns", &good, 2, true, false, "turns/s made"},
	} {
		d := verdicttest.Data(1)
		sent, n := int64(0), 0
		for i := range d.Slots {
			if s := &d.Slots[i]; s.Phase == slot.Toll {
				sent, n = sent+s.Work.Sent, n+1
				s.Work.Turns = s.Work.Sent
			}
		}
		made := float64(sent) / (float64(n) * d.Run.Plan.Slot.Seconds())
		d.Run.Plan.Rate, d.Run.Plan.Forecast = made*tt.order, tt.forecast
		if tt.script {
			d.Run.Plan.Step = "recommend"
		}
		a, err := verdict.Analyze(d)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a.Load.Toll.Made-made) > 1e-9 || a.Load.Toll.Ordered != made*tt.order {
			t.Errorf("%s: load %+v, want %g made", tt.name, a.Load.Toll, made)
		}
		found := false
		for _, c := range a.Controls {
			if c.Name != "ordered load" {
				continue
			}
			found = true
			if c.OK != tt.ok || c.Undecided || !strings.Contains(c.Saw, tt.saw) {
				t.Errorf("%s: %+v", tt.name, c)
			}
			if tt.forecast.Remedy != "" && c.Remedy != tt.forecast.Remedy {
				t.Errorf("%s: remedy %q", tt.name, c.Remedy)
			}
		}
		if !found || !tt.ok && a.Outcome != verdict.Invalid {
			t.Errorf("%s: control found: %t, outcome %s", tt.name, found, a.Outcome)
		}
	}
	a, err := verdict.Analyze(verdicttest.Data(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range a.Controls {
		if c.Name == "ordered load" {
			t.Error("a control without a forecast")
		}
	}
}

// Runs with other gap limits are not compared without a word.
func TestCompareGapLimits(t *testing.T) {
	side := func(journeys string) *result.Data {
		d := verdicttest.Data(1)
		d.Run.Journeys = journeys
		return d
	}
	c, err := verdict.Compare(side("3 sessions, gaps cut to 2m, think times divided by 1"), side("3 sessions, think times divided by 1"))
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(c.Warnings, "\n"); !strings.Contains(text, "other journeys: 3 sessions, gaps cut to 2m") {
		t.Errorf("warnings %q", text)
	}
}
