package catch_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// The catalogue, which claims what is felt, and the measuring of it name the same things.
func TestFeelingsAreThoseOfTheCatalogue(t *testing.T) {
	var ids []string
	for _, f := range catch.Feelings() {
		ids = append(ids, f.ID)
	}
	if !slices.Equal(ids, faults.Feelings()) {
		t.Errorf("measured are %v, the catalogue claims of %v", ids, faults.Feelings())
	}
}

// felt is a run whose slots under model-drift have this work and these response times, at the levels that are named.
func felt(t *testing.T, under func(*slot.ArmReport), slow time.Duration, levels ...string) catch.Felt {
	t.Helper()
	d := small()
	start := passAt(d, "model-drift")
	for i := range d.Slots {
		s := &d.Slots[i]
		if s.Phase != slot.Catch || s.Start.Before(start) {
			continue
		}
		s.Round = i
		broken := slices.Contains(levels, s.Arm) && s.Start.Sub(start) > 13*time.Second && s.Start.Sub(start) < 30*time.Second
		h := result.NewHistogram()
		for n := range 100 {
			took := time.Duration(n%20+1) * time.Millisecond
			if broken {
				took += slow
			}
			result.Record(h, took)
		}
		d.Latency = append(d.Latency, result.NewInterval(
			result.Tag{Phase: slot.Catch, Launch: s.Launch, Round: s.Round, Arm: s.Arm, Step: "recommend", Kind: result.Response}, h))
		if broken {
			under(&s.Work)
		}
	}
	for _, f := range analyze(t, d).Faults {
		if f.Fault.ID == "model-drift" {
			return f.Felt
		}
	}
	t.Fatal("no pass of model-drift")
	return catch.Felt{}
}

func changeOf(t *testing.T, changes []catch.Change, id string) catch.Change {
	t.Helper()
	for _, c := range changes {
		if c.Feeling.ID == id {
			return c
		}
	}
	t.Fatalf("no %s in %+v", id, changes)
	return catch.Change{}
}

func TestFelt(t *testing.T) {
	all := []string{"off", "metrics", "logs", "full"}
	nothing := func(*slot.ArmReport) {}
	f := felt(t, nothing, 0, all...)
	if f.Any() || len(f.Levels) != 4 || len(f.Apart()) != 0 {
		t.Fatalf("nothing happened: %+v", f)
	}
	if c := changeOf(t, f.Pooled, "click_through"); c.Clean != c.Fault || c.Diff.Mid != 0 || !(c.Diff.Lo < 0 && c.Diff.Hi > 0) {
		t.Errorf("the same before and after: %+v", c)
	}
	// No purchase was made without a click, so conversion has its clicks; identity never broke.
	if c := changeOf(t, f.Pooled, "identity"); c.Felt || c.Diff.Hi > 0.02 {
		t.Errorf("identity: %+v", c)
	}

	f = felt(t, func(w *slot.ArmReport) { w.Failed, w.Default = 10, map[string]int64{"timeout": 9} }, 30*time.Millisecond, all...)
	for id, want := range map[string][2]float64{"errors": {0, 0.25}, "default": {0, 0.5}, "p95": {0.019, 0.049}} {
		if c := changeOf(t, f.Pooled, id); !c.Felt || math.Abs(c.Clean-want[0]) > 0.001 || math.Abs(c.Fault-want[1]) > 0.001 || !c.Diff.Excludes(0) {
			t.Errorf("%s: %+v, want %v", id, c, want)
		}
	}
	if c := changeOf(t, f.Pooled, "click_through"); c.Felt {
		t.Errorf("clicks went on: %+v", c)
	}
	if len(f.Apart()) != 0 {
		t.Errorf("all levels are alike: %+v", f.Apart())
	}

	f = felt(t, func(w *slot.ArmReport) { w.Failed = 30 }, 0, "full") // at one level alone
	apart := f.Apart()
	if len(apart) != 4 || apart[len(apart)-1].Level != "full" || !apart[len(apart)-1].Changes[0].Felt {
		t.Errorf("one level fails: %+v", apart)
	}
	var none int
	for _, f := range analyze(t, small()).Faults { // consumer-lag was not confirmed at full
		if f.Fault.ID == "consumer-lag" && len(f.Felt.Levels) == 3 {
			none++
		}
	}
	if none != 1 {
		t.Error("a level without the effect has something to feel")
	}
}

func TestDisagreements(t *testing.T) {
	f := felt(t, func(w *slot.ArmReport) { w.Failed = 10 }, 0, "off", "metrics", "logs", "full")
	for _, c := range []struct {
		signs map[string]int
		want  string
	}{
		{nil, ""},
		{map[string]int{"errors": 1, "p95": 1}, ""}, // p95 was not felt: that is no disagreement
		{map[string]int{"errors": 0}, "errors: the catalogue says no change, measured up"},
		{map[string]int{"errors": -1, "default": 0}, "errors: the catalogue says down, measured up"},
		{map[string]int{"click_through": -1}, ""},
	} {
		if got := strings.Join(catch.Disagreements(c.signs, f.Pooled), "; "); got != c.want {
			t.Errorf("%v: %q, want %q", c.signs, got, c.want)
		}
	}
}

// Without the load generator's counts nothing is said: a user's own script has no slates.
func TestFeltOfAScript(t *testing.T) {
	d := small()
	for i := range d.Slots {
		w := &d.Slots[i].Work
		w.Impressions, w.Clicks = 0, 0
	}
	for _, f := range analyze(t, d).Faults {
		for _, c := range f.Felt.Pooled {
			if c.Feeling.ID != "errors" && c.Feeling.ID != "identity" {
				t.Errorf("%s: %+v", f.Fault.ID, c)
			}
		}
	}
}

func TestPassesOfOneFault(t *testing.T) {
	d := small()
	for i, f := range d.Run.Faults {
		if f.ID == "none" {
			d.Run.Faults[i].Passes = 3
		}
	}
	var again []result.FaultEvent
	last := d.Faults[0].Time
	for _, e := range d.Faults {
		if e.Time.After(last) {
			last = e.Time
		}
	}
	first := passAt(d, "none")
	for _, e := range d.Faults {
		if e.Fault == "none" {
			e.Pass, e.Time = 1, last.Add(time.Minute+e.Time.Sub(first))
			again = append(again, e)
		}
	}
	d.Faults = append(d.Faults, again...)
	m := analyze(t, d)
	var names []string
	for _, f := range m.Faults {
		names = append(names, f.Name())
	}
	if got := strings.Join(names, " "); got != "none profile-attribute-missing model-drift consumer-lag none (2) none (3)" {
		t.Errorf("rows %s", got)
	}
	if s := m.Faults[5].Cells[0].State; s != catch.Unfinished {
		t.Errorf("a pass that was planned is %s", s)
	}
}

// The rate of false alarms is that of all clean time; without one it is bounded by the rule of three.
func TestAlarms(t *testing.T) {
	m := analyze(t, small())
	for _, a := range m.Alarms {
		// Four clean windows of 10 s; that of none goes on to its end, 29 s more.
		if a.Clean != 69*time.Second {
			t.Errorf("%s: %v clean", a.Level, a.Clean)
		}
		want, hours := map[string]int{"logs": 1, "metrics": 1}[a.Level], a.Clean.Hours()
		if a.N != want || a.PerHour.Mid != float64(want)/hours || want == 0 && math.Abs(a.PerHour.Hi-3/hours) > 0.01/hours {
			t.Errorf("%s: %+v, want %d alarms", a.Level, a, want)
		}
	}
}
