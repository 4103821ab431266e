package since

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

var (
	p50, _   = verdict.Lookup("p50")
	spans, _ = verdict.Lookup("spans")
)

// night is a run in which full costs ratio of p50 and so many spans.
func night(n int, ratio, count float64) Run {
	started := time.Date(2026, 1, 1+n, 3, 0, 0, 0, time.UTC)
	nan := verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	around := func(x, by float64) verdict.Interval { return verdict.Interval{Lo: x - by, Mid: x, Hi: x + by} }
	return Run{
		From: "runs/" + started.Format("0102"),
		Run: result.Run{ID: started.Format("20060102"), Started: started, Status: result.Complete, Machine: result.Machine{Kernel: "6.1.0"},
			Levels: []result.Level{{Name: "off"}, {Name: "full"}}, Tool: result.Tool{Version: "1"}},
		Tolls: []Toll{{"full", []verdict.Effect{
			{Metric: p50, Ratio: around(ratio, 0.02), Diff: around(ratio*1e-3, 2e-5)},
			{Metric: spans, Ratio: nan, Diff: around(count, 1)},
		}}},
	}
}

// nights are runs around successive ratios, shuffled, since order must not matter.
func nights(ratios ...float64) []Run {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []Run
	for n, r := range ratios {
		out = append(out, night(n, r+0.004*rng.NormFloat64(), 1000))
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func of(t *testing.T, runs []Run) *History {
	t.Helper()
	h, err := New(runs, FalseAlarms)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func repeated(x float64, n int) []float64 { return slices.Repeat([]float64{x}, n) }

func TestChangeIsFound(t *testing.T) {
	h := of(t, nights(append(repeated(0.10, 7), repeated(0.21, 6)...)...))
	line := h.Line("full", "p50")
	now := line.Now()
	truth := 1.21/1.10 - 1
	if !now.Changed || now.Few || h.Runs[now.Runs[0]].Run.ID != "20260108" || len(now.Runs) != 6 || now.Change.Lo > truth || now.Change.Hi < truth {
		t.Errorf("now %+v", now)
	}
	if before := line.Before(now).Level; before.Lo > 0.10 || before.Hi < 0.10 {
		t.Errorf("before %+v", before)
	}
	if got := h.Changed(); len(got) != 1 || got[0] != line || h.Told() != 2 {
		t.Errorf("changed %v, told %d", got, h.Told())
	}
	if steady := h.Line("full", "spans"); steady.Ratio || len(steady.Stretches) != 1 || steady.Stretches[0].Level != (verdict.Interval{Lo: 1000, Mid: 1000, Hi: 1000}) {
		t.Errorf("spans %+v", steady)
	}
}

func TestTooFewRuns(t *testing.T) {
	h := of(t, nights(append(repeated(0, 4), repeated(1, 5)...)...))
	if now := h.Line("full", "p50").Now(); !now.Few || now.Changed || h.Least != 10 || h.Told() != 0 {
		t.Errorf("of nine runs, where %d are needed: %+v", h.Least, now)
	}
}

// A new kernel is a setting of its own: its level is no change of the old one's. One that comes back goes on.
func TestSettings(t *testing.T) {
	runs := nights(append(append(repeated(0.10, 10), repeated(0.3, 4)...), 0.10, 0.10)...)
	for i := range runs {
		if d := runs[i].Run.Started.Day(); d >= 11 && d <= 14 {
			runs[i].Run.Machine.Kernel = "6.8.0"
		}
	}
	h := of(t, runs)
	line := h.Line("full", "p50")
	if len(h.Settings) != 2 || len(h.Settings[0].Runs) != 12 || len(line.Stretches) != 2 || len(h.Changed()) != 0 {
		t.Fatalf("settings %+v, stretches %+v", h.Settings, line.Stretches)
	}
	if other := h.Settings[1].Other; len(other) != 1 || other[0] != "other machine: kernel 6.1.0 → 6.8.0" {
		t.Errorf("other %q", other)
	}
	if now := line.Now(); now.Setting != 0 || now.Runs[len(now.Runs)-1] != 15 {
		t.Errorf("now %+v", now)
	}
}

// What is left out has no value, what is not known neither, and the cause of a change is named.
func TestLeftOutAndCauses(t *testing.T) {
	runs := nights(repeated(0.1, 12)...)
	slices.SortFunc(runs, func(a, b Run) int { return a.Run.Started.Compare(b.Run.Started) })
	runs[3].Left = "invalid: errors"
	runs[5].Run.Tool.Version = "2"
	h := of(t, runs)
	line := h.Line("full", "p50")
	if !math.IsNaN(line.Values[3].Mid) || len(line.Now().Runs) != 11 {
		t.Errorf("values %v", line.Values)
	}
	if got := strings.Join(h.Runs[5].Other, ""); got != "other versions: tollgate 1 → 2" || len(h.Runs[4].Other) > 0 {
		t.Errorf("other %q", got)
	}
}

func TestTheSameRunTwice(t *testing.T) {
	runs := nights(0.1, 0.1)
	runs = append(runs, runs[0])
	runs[2].From = "elsewhere"
	if _, err := New(runs, FalseAlarms); err == nil || !strings.Contains(err.Error(), "is there twice") {
		t.Errorf("error %v", err)
	}
}

func TestStreak(t *testing.T) {
	hit, named, miss, none := Fate{State: catch.Detected}, Fate{State: catch.Detected, Diagnosed: true}, Fate{State: catch.Missed}, Fate{}
	for _, c := range []struct {
		fates       []Fate
		since, last int
		before      Fate
	}{
		{nil, -1, -1, none},
		{[]Fate{none, none}, -1, -1, none},
		{[]Fate{hit}, 0, 0, none},
		{[]Fate{hit, hit, miss, none, miss, none}, 2, 4, hit},
		{[]Fate{miss, hit, hit}, 1, 2, miss},
		{[]Fate{named, none, hit}, 2, 2, named}, // it is no longer diagnosed
	} {
		l := CellLine{Fates: c.fates}
		if since, last := l.Streak(); since != c.since || last != c.last || l.Before() != c.before {
			t.Errorf("%v: since %d, last %d, before %v", c.fates, since, last, l.Before())
		}
	}
}

// Budgets that fail are followed back: to the run since which all fail, and to the change.
func TestExplain(t *testing.T) {
	runs := nights(append(repeated(0.10, 6), repeated(0.21, 6)...)...)
	slices.SortFunc(runs, func(a, b Run) int { return a.Run.Started.Compare(b.Run.Started) })
	for i := range runs {
		fate := Fate{State: catch.Detected}
		if i >= 9 {
			fate.State = catch.Missed
		}
		runs[i].Cells = []Cell{{"lag", "lag (2)", "full", fate}, {"other", "other", "full", Fate{State: catch.Detected}}}
	}
	h := of(t, runs)
	failing := func(text string) verdict.BudgetResult {
		b, err := verdict.ParseBudget(text)
		if err != nil {
			t.Fatal(err)
		}
		return verdict.BudgetResult{Budget: b, Level: "full", Outcome: verdict.Fail}
	}
	a := &verdict.Analysis{Run: runs[11].Run, Budgets: []verdict.BudgetResult{
		failing("p50 <= +15%"), failing("p50 <= +5%"), failing("full: all detected"), failing("full: other detected"),
	}}
	passing := failing("p50 <= +90%")
	passing.Outcome = verdict.Pass
	a.Budgets = append(a.Budgets, passing)
	h.Explain(a)
	s := a.Since
	if s.Runs != 11 || s.With != runs[10].Run.ID || len(s.Unlike) > 0 || len(s.Fails) != 3 {
		t.Fatalf("since %+v", s)
	}
	if f := s.Fails[0]; f.First.ID != "20260107" || f.Failing != 5 || f.Known != 11 || !f.Met || f.Changed == nil || f.Changed.In.ID != "20260107" {
		t.Errorf("+15 %%: %+v", f)
	}
	if f := s.Fails[1]; f.First.ID != "20260101" || f.Failing != 11 || f.Met {
		t.Errorf("+5 %%: %+v", f)
	}
	if f := s.Fails[2]; f.Fault != "lag (2)" || f.First.ID != "20260110" || f.Failing != 2 || f.State != catch.Missed {
		t.Errorf("detected: %+v", f)
	}
}
