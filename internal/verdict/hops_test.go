package verdict_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// hopsOf analyzes a run whose answers tell their hops.
func hopsOf(t *testing.T, change func(*verdicttest.Spec), damage func(*result.Data)) *verdict.Analysis {
	t.Helper()
	s := verdicttest.Default(7)
	s.Catch = false
	s.Hops = []verdicttest.Hop{
		{Share: 0.2},
		{Name: "gateway", Share: 0.3},
		{Name: "model", Share: 0.1, Effect: map[string]float64{"full": 0.5}, Every: 2},
	}
	if change != nil {
		change(&s)
	}
	d := verdicttest.Build(s)
	if damage != nil {
		damage(d)
	}
	a, err := verdict.Analyze(d)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// effectAt is the effect of a level in a quantile of a hop.
func effectAt(t *testing.T, h verdict.Hop, arm, metric string) verdict.Effect {
	t.Helper()
	for _, l := range h.Toll {
		for _, e := range l.Effects {
			if l.Arm.Name == arm && e.Metric.ID == metric {
				return e
			}
		}
	}
	t.Fatalf("hop %s has no %s of %s", h.Name, metric, arm)
	return verdict.Effect{}
}

// TestHops: the time that a level costs in one hop is found in that hop, in both quantiles, and a delay outside of it is not.
func TestHops(t *testing.T) {
	a := hopsOf(t, nil, nil)
	if len(a.Hops) != 3 || !a.Hops[0].Outside || a.Hops[1].Name != "gateway" || a.Hops[2].Name != "model" {
		t.Fatalf("%+v", a.Hops)
	}
	for i, want := range []float64{1, 1, 0.5} {
		if h := a.Hops[i]; h.Share != want || h.Note != "" || len(h.Baseline) != 2 || len(h.Toll) != 5 {
			t.Errorf("hop %d: share %g, note %q, %d and %d values, want share %g", i, h.Share, h.Note, len(h.Baseline), len(h.Toll), want)
		}
	}
	for _, metric := range []string{"p50", "p95"} {
		e := effectAt(t, a.Hops[2], "full", metric) // 15 % of everything, and 50 % of the model
		if want := 1.15*1.5 - 1; e.Ratio.Lo > want || e.Ratio.Hi < want || !e.Significant {
			t.Errorf("model at full, %s: %+v, want %g", metric, e.Ratio, want)
		}
		if e := effectAt(t, a.Hops[1], "full", metric); e.Ratio.Lo > 0.15 || e.Ratio.Hi < 0.15 || e.Ratio.Hi > 0.5 {
			t.Errorf("gateway at full, %s: %+v, want 0.15", metric, e.Ratio)
		}
		for _, h := range a.Hops {
			for _, l := range h.Toll {
				if e := effectAt(t, h, l.Arm.Name, metric); e.Significant != (e.Diff.Lo > 0 || e.Diff.Hi < 0) {
					t.Errorf("%s, %s of %s: %+v is significant: %t", h.Name, metric, l.Arm.Name, e.Diff, e.Significant)
				}
			}
		}
		if e := effectAt(t, a.Hops[2], verdicttest.Repeat, metric); e.Significant {
			t.Errorf("model at the repeated baseline, %s: %+v", metric, e.Ratio)
		}
	}
	if p50 := a.Hops[1].Baseline[0]; p50.Metric.ID != "p50" || math.Abs(p50.Value/0.57e-3-1) > 0.05 {
		t.Errorf("gateway at the baseline: %+v, want 0.3 of 1.9 ms", p50)
	}
}

// TestHopsThatTellLittle: nothing is made up of answers that do not tell, at some arm or at all, nor of times that cannot be told.
func TestHopsThatTellLittle(t *testing.T) {
	if a := hopsOf(t, func(s *verdicttest.Spec) { s.Hops = nil }, nil); a.Hops != nil {
		t.Errorf("%+v", a.Hops)
	}
	a := hopsOf(t, nil, func(d *result.Data) {
		d.Latency = slices.DeleteFunc(d.Latency, func(l result.Interval) bool { return l.Arm == "logs" && l.Step == "model" })
	})
	if e := effectAt(t, a.Hops[2], "full", "p50"); !math.IsNaN(e.Ratio.Mid) || e.Significant || !math.IsNaN(a.Hops[2].Baseline[0].Value) {
		t.Errorf("%+v", a.Hops[2])
	}
	if note := a.Hops[2].Note; !strings.HasSuffix(note, "at logs") || a.Hops[1].Note != "" {
		t.Errorf("notes %q, %q", note, a.Hops[1].Note)
	}
	a = hopsOf(t, func(s *verdicttest.Spec) { s.Hops[0].Share = 0 }, nil)
	if note := a.Hops[0].Note; !strings.Contains(note, "side by side") || a.Hops[1].Note != "" {
		t.Errorf("notes %q, %q", note, a.Hops[1].Note)
	}
	a = hopsOf(t, func(s *verdicttest.Spec) { s.Rounds, s.PerSlot = 2, 8 }, nil) // 12 values of the model in two rounds
	if e := effectAt(t, a.Hops[2], "full", "p95"); !math.IsNaN(e.Value) || e.Note == "" {
		t.Errorf("a tail of too few values: %+v", e)
	}
}

// TestTooManyHops: a log that somebody has filled with names is refused.
func TestTooManyHops(t *testing.T) {
	d := verdicttest.Data(7)
	for i := range 20 {
		tag := result.Tag{Phase: slot.Toll, Arm: "full", Step: fmt.Sprintf("hop-%d", i), Kind: result.Own}
		d.Latency = append(d.Latency, result.NewInterval(tag, result.NewHistogram()))
	}
	if _, err := verdict.Analyze(d); err == nil || !strings.Contains(err.Error(), "more than 16 hops") {
		t.Errorf("%v", err)
	}
}

// TestHopsLeaveTheTollAlone: what answers tell of hops changes no other figure.
func TestHopsLeaveTheTollAlone(t *testing.T) {
	with, without := hopsOf(t, nil, nil), hopsOf(t, func(s *verdicttest.Spec) { s.Hops = nil }, nil)
	for i, l := range with.Toll {
		for j, e := range l.Effects {
			if other := without.Toll[i].Effects[j]; e.Diff != other.Diff && !math.IsNaN(e.Diff.Mid) {
				t.Errorf("%s of %s: %+v with hops, %+v without", e.Metric.ID, l.Arm.Name, e.Diff, other.Diff)
			}
		}
	}
}
