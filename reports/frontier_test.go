package reports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// The sentence says what was chosen, by what, and what it cannot tell.
func TestChoiceStory(t *testing.T) {
	f := fixture().Frontier
	cpu, money := f.Points[1].Costs[0], f.Points[1].Costs[3]
	cpu.Ratio, cpu.Significant = verdict.Interval{Lo: 0.1, Mid: 0.2, Hi: 0.3}, true
	money.Diff, money.Significant = verdict.Interval{Lo: 1, Mid: 2, Hi: 3}, true
	step := &verdict.Step{From: "a", To: "b", Costs: []verdict.Effect{cpu, money}}
	for name, c := range map[string]struct {
		f      *verdict.Frontier
		of     verdict.Choice
		before []verdict.Choice
		want   string
	}{
		"not all": {f, verdict.Choice{Faults: 12, Detects: verdict.Pick{Level: "a", Caught: 10, Any: 10}, Diagnoses: verdict.Pick{Level: "b", Caught: 8, Any: 8}, Step: step}, nil,
			"12 judged faults: the cheapest level that detects 10 of them is a (none detects more); the cheapest level that diagnoses 8 of them is b " +
				"(none diagnoses more); the step from a to b costs CPU /1k +20 % [+10, +30] and money /1M +2.0 EUR [+1.0, +3.0]"},
		"all, and the step is told": {f, verdict.Choice{Group: "data", Faults: 2, Detects: verdict.Pick{Level: "a", Caught: 2, Any: 2},
			Diagnoses: verdict.Pick{Level: "b", Caught: 2, Any: 2}, Step: step}, []verdict.Choice{{}, {Step: step}},
			"2 data faults: the cheapest level that detects all of them is a; the cheapest level that diagnoses all of them is b; the step is told above"},
		"none is complete, and some are alike": {f, verdict.Choice{Group: "data", Faults: 3,
			Detects: verdict.Pick{Level: "a", Caught: 1, Any: 2, Like: []string{"b", "c"}}}, nil,
			"3 data faults: the cheapest level that detects 1 of them is a (none detects more; others detect 1 that it does not; by CPU not told apart from " +
				"b and c); no level diagnoses any of them"},
		"without a toll": {&verdict.Frontier{}, verdict.Choice{Faults: 2, Detects: verdict.Pick{Level: "a", Caught: 2, Any: 2}, Diagnoses: verdict.Pick{Level: "a", Caught: 1, Any: 1}}, nil,
			"2 judged faults: the first level that detects all of them is a; the first level that diagnoses 1 of them is a (none diagnoses more)"},
	} {
		if got := choiceStory(c.f, c.of, c.before); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
	flat := verdict.Effect{Metric: cpu.Metric, Ratio: cpu.Ratio, Diff: cpu.Diff}
	for want, costs := range map[string][]verdict.Effect{
		"money /1M +2.0 EUR [+1.0, +3.0] (no difference could be told in CPU)": {flat, money},
		"nothing that could be told in CPU (p95 not known)":                    {flat, effectOf(verdict.LevelToll{}, f.Metrics[1])},
	} {
		tell := func(e verdict.Effect) string { return head(e.Metric) + " " + costCell(e) }
		if got := stepWords(costs, tell); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A half is shown as what it is, and nothing where there is no frontier.
func TestHalfAFrontier(t *testing.T) {
	a := fixture()
	a.Frontier = nil
	for _, f := range All() {
		if got := render(t, f.Name, a); strings.Contains(strings.ToLower(got), "the frontier") || strings.Contains(got, "\nfrontier,") {
			t.Errorf("%s: a frontier of nothing", f.Name)
		}
	}
	a = fixture()
	a.Frontier.Metrics, a.Frontier.By, a.Frontier.Lacks = nil, verdict.Metric{}, "no toll was measured"
	for i := range a.Frontier.Points {
		a.Frontier.Points[i].Costs = nil
	}
	got := render(t, "text", a)
	for _, want := range []string{"the frontier: what each level caught;", "  ! no toll was measured\n", "3 of 3", "first level that detects"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if page := render(t, "html", a); strings.Contains(page, "frontier-plot") {
		t.Error("a picture of costs that are not known")
	}
}

// However many levels stand in one place, no label covers another one or a mark.
func TestLabelsDoNotOverlap(t *testing.T) {
	for name, place := range map[string]func(i int) (cost, caught float64){
		"one place":     func(int) (float64, float64) { return 10, 0.5 },
		"one height":    func(i int) (float64, float64) { return float64(i), 1 },
		"in the corner": func(i int) (float64, float64) { return 0.1 * float64(i), 0 },
		"on the way up": func(i int) (float64, float64) { return float64(10 * i), 0.1 * float64(i) },
	} {
		p := &frontierPlot{canvas: canvas{w: frontierWidth, h: 340}, x: axis{-5, 100, frontierLeft, frontierRight}, y: axis{0, 1, frontierBottom, frontierTop}}
		const levels = 10
		for i := range levels {
			cost, caught := place(i)
			of := verdict.Point{Level: fmt.Sprintf("level-with-%d", i)}
			of.Catch.Detected = catch.Share{Yes: caught, Of: 1, Interval: stats.Interval{Mid: caught}}
			of.Catch.Diagnosed = catch.Share{Yes: caught / 2, Of: 1, Interval: stats.Interval{Mid: caught / 2}}
			p.points = append(p.points, frontierMark{of, verdict.Interval{Mid: cost}})
		}
		p.marks("CPU")
		marks := len(p.taken)
		p.labels()
		labels := p.taken[marks:]
		if len(labels) != levels {
			t.Errorf("%s: %d labels for %d levels", name, len(labels), levels)
		}
		for i, a := range labels {
			for _, b := range append(append([]box{}, p.taken[:marks]...), labels[:i]...) {
				if a.touches(b) {
					t.Errorf("%s: label %d at %v covers %v", name, i, a, b)
				}
			}
			if a.left < 0 || a.right > frontierWidth || a.top < 0 {
				t.Errorf("%s: label %d is outside, at %v", name, i, a)
			}
		}
	}
}

func TestWholeTen(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1: "1", 87.6: "88", 1496.4: "1,500", 29955.2: "30,000", 299572: "300,000"} {
		if got := whole10(x); got != want {
			t.Errorf("%v: %q, want %q", x, got, want)
		}
	}
}
