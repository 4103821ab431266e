package catch_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// sweptMatrix has a row per size and the states of two levels: the first detects from 0.2 on, the second has what is given.
func sweptMatrix(second map[float64][]catch.State) (*result.Sweep, *catch.Matrix) {
	s := &result.Sweep{Fault: "f", Param: "share", Unit: "share", Sizes: []float64{0.05, 0.1, 0.2, 0.4}, Repeats: 3}
	m := &catch.Matrix{Levels: []string{"metrics", "off"}}
	for _, size := range s.Sizes {
		for i := range s.Repeats {
			state := catch.Missed
			if size >= 0.2 {
				state = catch.Detected
			}
			m.Faults = append(m.Faults, catch.Row{Fault: result.Fault{ID: "f"}, Size: size, Cells: []catch.Cell{{State: state}, {State: second[size][i]}}})
		}
	}
	m.Faults = append(m.Faults, catch.Row{Fault: result.Fault{ID: "none"}, Cells: []catch.Cell{{State: catch.Quiet}, {State: catch.Noisy}}})
	return s, m
}

func TestLimits(t *testing.T) {
	three := func(s catch.State) []catch.State { return []catch.State{s, s, s} }
	s, m := sweptMatrix(map[float64][]catch.State{
		0.05: {catch.Unconfirmed, catch.Unfinished, catch.Skipped}, // no trial at all
		0.1:  {catch.Missed, catch.UnderPowered, catch.CannotFire}, // trials that did not detect
		0.2:  {catch.Missed, catch.Detected, catch.Unconfirmed},
		0.4:  three(catch.Detected),
	})
	limits := catch.Limits(s, m)
	if len(limits) != 2 || limits[0].Level != "metrics" || limits[1].Level != "off" {
		t.Fatalf("%+v", limits)
	}
	if l := limits[0]; l.Censored != "" || l.Size < 0.1 || l.Size > 0.3 || l.LeftOut != 0 || l.Note != "" {
		t.Errorf("metrics: %+v", l)
	}
	want := []sweep.Point{{Size: 0.05}, {Size: 0.1, Tried: 3}, {Size: 0.2, Detected: 1, Tried: 2}, {Size: 0.4, Detected: 3, Tried: 3}}
	if l := limits[1]; !slices.Equal(l.Points, want) || l.LeftOut != 4 || !strings.Contains(l.Note, "off: 4 passes are no trials") {
		t.Errorf("off: %+v, want the points %v", l, want)
	}
	all := map[float64][]catch.State{}
	for _, size := range s.Sizes {
		all[size] = three(catch.CannotFire)
	}
	s, m = sweptMatrix(all)
	if l := catch.Limits(s, m)[1]; l.Censored != sweep.Above || !math.IsInf(l.Hi, 1) || !strings.Contains(l.Note, "no expected alert can fire here") {
		t.Errorf("nothing can fire: %+v", l)
	}
	if catch.Limits(nil, m) != nil || catch.Limits(s, nil) != nil {
		t.Error("limits of no sweep")
	}
}

func TestLimitWords(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	rising := &result.Sweep{Unit: "share", Sizes: []float64{0.01, 0.5}}
	falling := &result.Sweep{Unit: "B", Falls: true, Sizes: []float64{50000, 500}}
	for _, c := range []struct {
		s               *result.Sweep
		l               sweep.Limit
		words, interval string
	}{
		{rising, sweep.Limit{Size: 0.0421, Lo: 0.02, Hi: 0.0789}, "4.21 %", "[2 %, 7.89 %]"},
		{rising, sweep.Limit{Size: nan, Lo: 0.31, Hi: inf, Censored: sweep.Above}, "> 50 %", "[from 31 % on]"},
		{rising, sweep.Limit{Size: nan, Lo: -inf, Hi: 0.02, Censored: sweep.Below}, "≤ 1 %", "[up to 2 %]"},
		{rising, sweep.Limit{Size: nan, Lo: -inf, Hi: inf, Censored: sweep.Unknown}, "unknown", "[open]"},
		{falling, sweep.Limit{Size: 2000, Lo: 1000, Hi: 4000}, "2000 B", "[1000 B, 4000 B]"},
		{falling, sweep.Limit{Size: nan, Lo: -inf, Hi: 700, Censored: sweep.Above}, "< 500 B", "[up to 700 B]"},
		{falling, sweep.Limit{Size: nan, Lo: 40000, Hi: inf, Censored: sweep.Below}, "≥ 50000 B", "[from 40000 B on]"},
	} {
		if words, interval := catch.LimitWords(c.s, c.l), catch.IntervalWords(c.s, c.l); words != c.words || interval != c.interval {
			t.Errorf("%+v is %s %s, want %s %s", c.l, words, interval, c.words, c.interval)
		}
	}
}

// TestSweptPasses: a row knows its own parameters and its size, and its name says it.
func TestSweptPasses(t *testing.T) {
	const missing = "profile-attribute-missing"
	d := small()
	d.Run.Sweep = &result.Sweep{Fault: missing, Param: "share", Unit: "share", Sizes: []float64{0.05, 0.5}, Repeats: 1}
	for i, e := range d.Faults {
		if e.Fault == missing && e.Phase != result.PhaseEvidence {
			d.Faults[i].Params, d.Faults[i].Size = map[string]string{"attribute": "age", "share": "5 %"}, 0.05
		}
	}
	seen := false
	for _, row := range analyze(t, d).Faults {
		if row.Fault.ID != missing {
			if row.Size != 0 || row.Swept != "" {
				t.Errorf("%s is not swept: %+v", row.Fault.ID, row)
			}
			continue
		}
		seen = true
		if row.Name() != missing+", share 5 %" || row.Size != 0.05 || row.Params["attribute"] != "age" {
			t.Errorf("%q: size %g, %v", row.Name(), row.Size, row.Params)
		}
	}
	if !seen {
		t.Error("no row of the sweep")
	}
	limits := catch.Limits(d.Run.Sweep, analyze(t, d))
	if len(limits) != len(d.Run.Levels) || limits[1].Points[0] != (sweep.Point{Size: 0.05, Detected: 1, Tried: 1}) || limits[1].Censored != sweep.Unknown {
		t.Errorf("%+v", limits)
	}
}

// TestHoldIsOfThePass: whether an alert can fire is judged by the time for which this pass held the fault.
func TestHoldIsOfThePass(t *testing.T) {
	const missing = "profile-attribute-missing"
	state := func(held float64) catch.State {
		d := small()
		d.Run.Plan.Hold = time.Minute
		d.Run.Sweep = &result.Sweep{Fault: missing, Param: result.SweptHold, Unit: "s", Sizes: []float64{2, 20}, Repeats: 1}
		for i, e := range d.Faults {
			if e.Fault == missing {
				d.Faults[i].Size = held
			}
		}
		d.Alerts = nil
		return cell(t, analyze(t, d), missing, "metrics").State
	}
	if short, long := state(2), state(20); short != catch.CannotFire || long != catch.Missed {
		t.Errorf("held for 2 s: %s, for 20 s: %s; want cannot-fire, since the alerts need longer, and missed", short, long)
	}
}
