package verdict_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// counted is a run of so many launches, each of six rounds, whose plan is for 3 to 6 and looks at counts after the first. What every
// service of an arm allocates differs from slot to slot by a per cent, and at full it is more by a share of grown.
func counted(launches int, grown float64) *result.Data {
	d := runOf(5, func(s *verdicttest.Spec) { s.Launches, s.Rounds = launches, 6 })
	d.Run.Plan.Launches, d.Run.Plan.Looks = 3, verdict.PlanLooks(3, 6, true)
	for i, s := range d.Slots {
		jitter := 1 + 0.01*math.Sin(float64(37*i)) // the same at each call
		if s.Arm == "full" {
			jitter *= 1 + grown
		}
		for service, r := range s.Runtime {
			r.AllocBytes = int64(float64(r.AllocBytes) * jitter)
			s.Runtime[service] = r
		}
	}
	return d
}

// The budgets on times keep the looks and the error rates that they have without counts.
func TestPlanLooksAtCounts(t *testing.T) {
	for _, c := range []struct{ launches, most int }{{3, 6}, {4, 6}, {3, 3}, {2, 16}} {
		plain, looks := verdict.PlanLooks(c.launches, c.most, false), verdict.PlanLooks(c.launches, c.most, true)
		if plain == nil {
			plain = []result.Look{{Launches: c.launches, Error: 0.05}}
		}
		times, counts := 0.0, 0.0
		for i, l := range looks {
			times, counts = times+l.Error, counts+l.Counts
			if l.Counts <= 0 || i > 0 && (math.Abs(l.Error-plain[i-1].Error) > 1e-12 || l.Launches != plain[i-1].Launches) {
				t.Errorf("%+v: look %+v, want that of %+v", c, l, plain)
			}
		}
		if len(looks) != len(plain)+1 || looks[0].Launches != 1 || looks[0].Error != 0 || math.Abs(times-0.05) > 1e-12 || math.Abs(counts-0.05) > 1e-12 {
			t.Errorf("%+v: looks %+v spend %v on times and %v on counts", c, looks, times, counts)
		}
	}
	if looks := verdict.PlanLooks(1, 1, true); looks != nil {
		t.Errorf("one launch has looks %+v: it is judged at its end", looks)
	}
}

func TestLooksAtCounts(t *testing.T) {
	for _, c := range []struct {
		environment string
		budgets     []string
		want        bool
	}{
		{"process", []string{"p95 <= +5%", "full: spans <= +8000"}, true},
		{"process", []string{"p95 <= +5%", "rss <= +5%"}, false},
		{"process", []string{"spans <"}, false},             // what is wrong with it is said elsewhere
		{"containers", []string{"allocs <= +5%"}, false},    // it is not recorded how their copies differ
		{"external", []string{"full: bytes <= +2%"}, false}, // likewise
	} {
		if got := verdict.LooksAtCounts(c.environment, c.budgets); got != c.want {
			t.Errorf("%s, %q: %v", c.environment, c.budgets, got)
		}
	}
}

func TestCountsAreDecidedInTheFirstLaunch(t *testing.T) {
	for _, c := range []struct {
		name    string
		budgets []string
		grown   float64
		open    int // after the first launch
		decided string
	}{
		{"under", []string{"full: allocs <= +12%", "full: spans <= +8000"}, 0.05, 0, "under its budget of +12 %"},
		{"over", []string{"full: allocs <= +2%", "full: spans <= +8000"}, 0.10, 0, "over its budget of +2 %"},
		{"too near", []string{"full: allocs <= +5%", "full: spans <= +8000"}, 0.05, 1, "spans +7e+03 [+6."},
		{"a time waits for its look", []string{"full: allocs <= +12%", "full: p50 <= +200%"}, 0.05, 1, "allocs"},
		{"one value per launch", []string{"full: series <= +1500"}, 0, 0, "under its budget of +1.5e+03"},
	} {
		d := counted(1, c.grown)
		d.Run.Status, d.Run.Budgets = result.Running, c.budgets
		now, err := verdict.Look(d)
		if err != nil {
			t.Fatal(err)
		}
		if now.Open != c.open || now.Of != len(c.budgets) || len(now.Decided) != len(c.budgets)-c.open {
			t.Errorf("%s: %+v, want %d open", c.name, now, c.open)
		}
		if !strings.Contains(strings.Join(now.Decided, "\n"), c.decided) || strings.Contains(strings.Join(now.Decided, "\n"), "p50") {
			t.Errorf("%s: decided %q, want %q", c.name, now.Decided, c.decided)
		}
	}
}

// A run that ends there has a verdict, whatever one launch leaves open about times, unless it is asked for times.
func TestARunThatEndsOnCounts(t *testing.T) {
	d := counted(1, 0.05)
	for _, c := range []struct {
		budgets []string
		want    verdict.Outcome
	}{
		{[]string{"full: allocs <= +12%", "full: spans <= +8000"}, verdict.Pass},
		{[]string{"full: allocs <= +1%", "full: spans <= +8000"}, verdict.Fail},
		{[]string{"full: allocs <= +12%", "full: p50 <= +200%"}, verdict.Inconclusive},
		{nil, verdict.Inconclusive},
	} {
		a, err := verdict.Judge(d, budgets(t, c.budgets...))
		if err != nil {
			t.Fatal(err)
		}
		if a.Outcome != c.want {
			t.Errorf("%q: %s, %q", c.budgets, a.Outcome, a.Reasons)
		}
		if c.want == verdict.Pass && !strings.Contains(a.Reasons[0], "on which no budget rests: repeated baseline") {
			t.Errorf("%q: %q", c.budgets, a.Reasons)
		}
		for _, b := range a.Budgets {
			if b.Sentence == "" {
				t.Errorf("%q: no sentence of %q", c.budgets, b.Budget.Text)
			}
		}
	}
	// The same launch alone, in a run that was to have more, is no ground for a pass.
	d.Run.Status = result.Partial
	if a, err := verdict.Judge(d, budgets(t, "full: allocs <= +12%")); err != nil || a.Outcome != verdict.Inconclusive {
		t.Errorf("a partial run: %v, %v", a.Outcome, err)
	}
}

// One launch goes on where a control is broken, since that may be the luck of this launch; and copies of the baseline that differ make the
// interval of a count as wide.
func TestCountsOfALaunchThatIsOff(t *testing.T) {
	d := counted(1, 0.05)
	d.Run.Status, d.Run.Budgets = result.Running, []string{"full: allocs <= +12%"}
	for i := range d.Slots {
		d.Slots[i].Work.Failed = d.Slots[i].Work.Sent / 2
	}
	if now, err := verdict.Look(d); err != nil || now.Broken == "" || now.Open != 0 || len(now.Decided) != 1 {
		t.Errorf("broken: %+v, %v", now, err)
	}
	d = counted(1, 0.05)
	d.Run.Status, d.Run.Budgets = result.Running, []string{"full: allocs <= +12%"}
	for _, s := range d.Slots {
		if s.Arm != verdicttest.Repeat {
			continue
		}
		for service, r := range s.Runtime {
			r.AllocBytes = r.AllocBytes * 5 / 4
			s.Runtime[service] = r
		}
	}
	if now, err := verdict.Look(d); err != nil || now.Open != 1 {
		t.Errorf("copies that differ: %+v, %v", now, err)
	}
}

// With three launches the counts have been judged by all looks, each at its own error rate.
func TestLooksAtCountsStandInTheAnalysis(t *testing.T) {
	d := counted(3, 0.05)
	a, err := verdict.Judge(d, budgets(t, "full: allocs <= +5%", "full: p50 <= +200%"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Looks) != 2 || !a.Looks[0].CountsAlone() || a.Looks[0].Open != 2 || a.Looks[1].CountsAlone() || math.Abs(a.Looks[1].Counts-(1-0.05/3)) > 1e-9 {
		t.Errorf("%+v", a.Looks)
	}
	if i := slices.IndexFunc(a.Budgets, func(b verdict.BudgetResult) bool { return b.Budget.Metric == "p50" }); a.Budgets[i].Launches != 3 {
		t.Errorf("%+v", a.Budgets[i])
	}
}
