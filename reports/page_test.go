package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// unbudgeted is the fixture without anything that was asked of it.
func unbudgeted() *verdict.Analysis {
	a := fixture()
	a.Budgets, a.Reasons = nil, []string{"all 4 controls hold, and no budget is set"}
	return a
}

// A run of which nothing was asked does not look like one that has passed something; its outcome and the colour of its JUnit do not change.
func TestNothingToJudge(t *testing.T) {
	a := unbudgeted()
	for format, wants := range map[string][]string{
		"text":     {"verdict: ○ VALID, NOTHING TO JUDGE (no control fails, and no budget is set)"},
		"markdown": {"## ○ tollgate: valid, nothing to judge"},
		"html":     {"<title>VALID, NOTHING TO JUDGE: tollgate", `class="verdict unjudged"`, "Verdict: valid, nothing to judge"},
		"json":     {`"outcome": "pass"`},
		"junit":    {"valid, nothing to judge", `failures="0" errors="0"`},
	} {
		got := render(t, format, a)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%.2000s", format, want, got)
			}
		}
		if strings.Contains(got, "✓ PASS") || strings.Contains(got, `class="verdict pass"`) {
			t.Errorf("%s: looks like a pass", format)
		}
	}
	for _, outcome := range []verdict.Outcome{verdict.Fail, verdict.Inconclusive, verdict.Invalid} {
		a.Outcome = outcome
		if got := rulingOf(a); got.Name != string(outcome) || got.Meaning != meaning(outcome) {
			t.Errorf("%s without a budget: %+v", outcome, got)
		}
	}
}

// The answer stands before the contents, and its picture nowhere else.
func TestThePageAnswersFirst(t *testing.T) {
	a := fixture()
	page := render(t, "html", a)
	at := -1
	for _, mark := range []string{`id="verdict"`, `id="answer"`, `class="headline"`, `aria-label="The levels at a glance"`,
		`4 faults: 3 judged, 1 injects nothing (none).`, `id="frontier-plot-t"`, `<nav aria-label="Contents"`, `id="controls"`, `id="toll"`, `id="again"`} {
		next := strings.Index(page, mark)
		if next <= at {
			t.Errorf("%s stands at %d, what should be before it at %d", mark, next, at)
		}
		at = next
	}
	_, glance, _ := strings.Cut(page, `aria-label="The levels at a glance"`)
	glance, _, _ = strings.Cut(glance, "</table>")
	for _, level := range a.Run.Levels {
		if !strings.Contains(glance, `<th scope="row">`+level.Name+"<") && !strings.Contains(glance, `<th scope="row">`+level.Name+"</th>") {
			t.Errorf("level %s is not in the first table", level.Name)
		}
	}
	for _, want := range []string{"cheapest to detect", "cheapest to diagnose", "dominated by traces-10", "1 not judged", "+41.2 %"} {
		if want = strings.ReplaceAll(want, "+", "&#43;"); !strings.Contains(glance, want) {
			t.Errorf("no %q in %s", want, glance)
		}
	}
	if strings.Contains(page, `<a href="#answer">`) {
		t.Error("what stands before the contents is in them")
	}
	a.Frontier, a.Catch = nil, nil
	if page := render(t, "html", a); !strings.Contains(page, `id="glance-t"`) || strings.Contains(page, "diagnosed</th>") {
		t.Error("without a catch there is no picture of the toll, or a column of what was diagnosed")
	}
	a.Toll, a.Baseline, a.Steps = nil, nil, nil
	page = render(t, "html", a)
	if strings.Contains(page, `class="beside"`) || strings.Contains(page, "at a glance") || !strings.Contains(page, `class="headline"`) {
		t.Error("a picture or a table of nothing, or no headline")
	}
}

// Controls are a line as long as they hold, and open when one does not.
func TestControlsFold(t *testing.T) {
	part := func(a *verdict.Analysis) string {
		_, page, _ := strings.Cut(render(t, "html", a), `<section id="controls"`)
		page, _, _ = strings.Cut(page, "</section>")
		return page
	}
	a := fixture()
	if got := part(a); !strings.Contains(got, `"fold"><summary><strong>4 controls hold</strong>: repeated baseline, known delay, generator and carry-over`) {
		t.Errorf("all hold:\n%s", got)
	}
	a.Controls[1].OK, a.Controls[2].OK, a.Controls[2].Undecided = false, false, true
	if got := part(a); !strings.Contains(got, `"fold" open><summary><strong>2 of 4 controls hold</strong>: known delay fails and generator undecided`) {
		t.Errorf("two do not:\n%s", got)
	}
}

func TestFaultCounts(t *testing.T) {
	row := func(id string, states ...catch.State) catch.Row {
		r := catch.Row{Fault: result.Fault{ID: id}}
		for _, s := range states {
			r.Cells = append(r.Cells, catch.Cell{State: s})
		}
		return r
	}
	skipped := row("no-target")
	skipped.Fault.Skipped = "no such target"
	for want, rows := range map[string][]catch.Row{
		"":                   nil,
		"1 fault: 1 judged.": {row("a", catch.Unconfirmed, catch.Missed)},
		"5 faults: 1 judged, 1 injects nothing (none), 1 not confirmed (b), 1 skipped (no-target), 1 not finished (c).": {
			row("none", catch.Quiet), row("a", catch.Unconfirmed), row("a", catch.UnderPowered), row("none", catch.Noisy),
			row("b", catch.Unconfirmed, catch.Skipped), skipped, row("c", catch.Unfinished)},
		"7 faults: 6 not confirmed, 1 without a result (z).": {row("a", catch.Unconfirmed), row("b", catch.Unconfirmed), row("c", catch.Unconfirmed),
			row("d", catch.Unconfirmed), row("e", catch.Unconfirmed), row("f", catch.Unconfirmed), row("z")},
	} {
		if got := faultCounts(&catch.Matrix{Faults: rows}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := faultCounts(nil); got != "" {
		t.Errorf("without a catch: %q", got)
	}
}

// What cannot be negative is not shown so.
func TestValueOf(t *testing.T) {
	cpu, _ := verdict.Lookup("pipeline-cpu")
	for x, want := range map[float64]string{-0.012: "~0 s", 0: "0 s", 0.012: "12.0 ms", math.NaN(): unknown} {
		if got := valueOf(x, cpu); got != want {
			t.Errorf("%v: %q, want %q", x, got, want)
		}
	}
	a := fixture()
	for i, b := range a.Baseline {
		if b.Metric.ID == "pipeline-cpu" {
			a.Baseline[i].Value = -0.03
		}
	}
	for _, format := range []string{"text", "markdown", "html"} {
		if got := render(t, format, a); strings.Contains(got, "−30.0 ms") {
			t.Errorf("%s: shows negative CPU", format)
		}
	}
}

// A metric that a run has no value of is said once, and is no column and no table.
func TestMissingMetricsAreSaidOnce(t *testing.T) {
	a, nan := fixture(), math.NaN()
	none := verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	for i := range a.Baseline {
		if a.Baseline[i].Metric.ID == "p99" {
			a.Baseline[i].Value = nan
		}
	}
	for _, t := range a.Toll {
		for i, e := range t.Effects {
			if e.Metric.ID == "p99" {
				t.Effects[i] = verdict.Effect{Metric: e.Metric, Value: nan, Diff: none, Ratio: none, Detectable: nan, Note: "p99 needs groups of 9 rounds in one launch"}
			}
		}
	}
	for format, no := range map[string]string{"text": "p95                     p99", "markdown": "| p99 |", "html": `aria-label="p99 latency`} {
		got := render(t, format, a)
		if n := strings.Count(got, "p99 needs groups of 9 rounds in one launch"); n != 1 {
			t.Errorf("%s: says %d times what p99 needs", format, n)
		}
		if strings.Contains(got, no) || !strings.Contains(render(t, format, fixture()), no) {
			t.Errorf("%s: %q is there, or was not before", format, no)
		}
	}
}

// Metrics stand with what is farthest from the noise first, in their groups; what no level changes is folded.
func TestNumbersByEffectOverFloor(t *testing.T) {
	a := fixture()
	for _, t := range a.Toll {
		for i, e := range t.Effects {
			if e.Metric.ID == "p90" {
				t.Effects[i].Significant = false
			}
		}
	}
	page := render(t, "html", a)
	_, page, _ = strings.Cut(page, `<section id="toll"`)
	page, _, _ = strings.Cut(page, "</section>")
	at := -1
	for _, mark := range []string{">Latency</h3>", `aria-label="p50 latency`, `aria-label="p95 latency`, `aria-label="p99 latency`,
		">CPU</h3>", `aria-label="CPU time of the telemetry pipeline"`, `aria-label="CPU time of the stack"`, ">Memory</h3>", ">Telemetry</h3>", ">Money</h3>",
		"1 metric without a significant change at any level: p90", `aria-label="p90 latency`} {
		next := strings.Index(page, mark)
		if next <= at {
			t.Errorf("%s stands at %d, what should be before it at %d", mark, next, at)
		}
		at = next
	}
	for _, want := range []string{"over metrics", "over traces-10", "the cheapest", `class="limit"`, `class="bracket"`, "≤ &#43;20 %",
		"noise floor [−1.0, &#43;1.3] %"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
}

// A limit stands where its kind of change does.
func TestLimitOnTheRuler(t *testing.T) {
	a := fixture()
	p95, _ := verdict.Lookup("p95")
	bytes, _ := verdict.Lookup("bytes")
	for _, c := range []struct {
		metric verdict.Metric
		budget verdict.Budget
		want   float64
		words  string
	}{
		{p95, verdict.Budget{Limit: 0.2, Relative: true}, 20, "≤ +20 %"},
		{p95, verdict.Budget{Limit: 0.0012}, 100 * 0.0012 / 0.002482, "≤ +1.2 ms"},
		{bytes, verdict.Budget{Limit: 5e6}, 5, "≤ +5.0 MB"},
		{bytes, verdict.Budget{Limit: 0.1, Relative: true}, 0, "≤ +10 %"}, // of a baseline of 0
		{p95, verdict.Budget{Limit: -0.05, Relative: true, Least: true}, -5, "≥ −5.0 %"},
	} {
		if got := rulerOf(a, c.metric).limit(c.budget); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.words, got, c.want)
		}
		if got := limitWords(c.budget, c.metric); got != c.words {
			t.Errorf("%q, want %q", got, c.words)
		}
	}
}

// nightly is a run of the size of the profile nightly: nine levels, 42 passes.
func nightly() *verdict.Analysis {
	a := oddities()["30 faults × 10 levels"]
	for i := range 12 {
		row := a.Catch.Faults[1+i]
		row.Fault.ID = fmt.Sprintf("fault-of-a-nightly-run-%d", i)
		a.Catch.Faults = append(a.Catch.Faults, row)
	}
	a.Catch.Levels = a.Catch.Levels[:9]
	for i := range a.Catch.Faults {
		a.Catch.Faults[i].Cells = a.Catch.Faults[i].Cells[:9]
	}
	a.Toll = slices.DeleteFunc(a.Toll, func(t verdict.LevelToll) bool { return t.Arm.Level == "level-5" })
	return a
}

// The page of a nightly run is small enough to be mailed.
func TestSizeOfANightlyPage(t *testing.T) {
	const most = 1_500_000
	page := render(t, "html", nightly())
	if len(page) > most {
		t.Errorf("%d bytes, want at most %d", len(page), most)
	}
	t.Logf("%d bytes", len(page))
}

func BenchmarkNightlyPage(b *testing.B) {
	a := nightly()
	f, err := Lookup("html")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f.Render(io.Discard, a); err != nil {
			b.Fatal(err)
		}
	}
}
