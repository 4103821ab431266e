package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// identicalTables returns the tables of the runs of identical code in dir; none if dir has no run.
func identicalTables(dir string) ([]*markdown.Table, error) {
	runs, err := readAllJudged(dir)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	command, err := commands(dir, "identical")
	if err != nil {
		return nil, err
	}
	unfinished, err := aside(dir, "identical")
	if err != nil {
		return nil, err
	}
	from := facts(markdown.Collect(runs, func(r *judgedRun) origin { return originOf(r.Run) }))
	tables := []*markdown.Table{falseAlarms(runs), pooledControls(runs), delaySummary(runs), delayRuns(runs)}
	tables = append(tables, countsOfCopies(markdown.Collect(runs, func(r *judgedRun) *verdict.Analysis { return r.Analysis }))...)
	for _, t := range tables {
		t.Command, t.Facts = command, from
	}
	if unfinished > 0 {
		tables[0].Notes = append(tables[0].Notes, fmt.Sprintf("Unfinished runs, which are in no table: %d.", unfinished))
	}
	return tables, nil
}

// falseAlarms is the table of differences that were found between arms with the same code.
func falseAlarms(runs []*judgedRun) *markdown.Table {
	valid := slices.DeleteFunc(slices.Clone(runs), func(r *judgedRun) bool { return r.Outcome == verdict.Invalid })
	t := &markdown.Table{
		Title: fmt.Sprintf("Identical code, real runs: %d", len(runs)),
		Header: []string{"arm", "metric", "called different", "of the valid runs", "half-width: min", "median", "mean", "max",
			fmt.Sprintf("budget %+.0f %%: passed", 100*gateLimit), "failed", "inconclusive", "9 of 10 below"},
	}
	for _, arm := range []struct{ name, role string }{{same, result.RoleLevel}, {"baseline again", result.RoleRepeat}} {
		for _, metric := range judgedMetrics() {
			different := func(r *judgedRun) bool { return r.effect(arm.role, metric).Significant }
			row := []string{arm.name, metric, of(count(runs, different), len(runs)), of(count(valid, different), len(valid))}
			row = append(row, halfWidths(markdown.Collect(runs, func(r *judgedRun) float64 { return r.effect(arm.role, metric).Detectable }))...)
			for _, outcome := range []verdict.Outcome{verdict.Pass, verdict.Fail, verdict.Inconclusive} {
				cell := markdown.None
				if arm.role == result.RoleLevel {
					cell = fmt.Sprint(count(runs, func(r *judgedRun) bool { return r.gate(metric) == outcome }))
				}
				row = append(row, cell)
			}
			upper := markdown.Collect(runs, func(r *judgedRun) float64 { return r.effect(arm.role, metric).Ratio.Hi })
			slices.Sort(upper)
			t.Add(append(row, signed(stat.Quantile(0.9, stat.Empirical, upper, nil)))...)
		}
	}
	var verdicts []string
	for _, outcome := range []verdict.Outcome{verdict.Pass, verdict.Fail, verdict.Inconclusive, verdict.Invalid} {
		verdicts = append(verdicts, fmt.Sprintf("%s %d", outcome, count(runs, func(r *judgedRun) bool { return r.Outcome == outcome })))
	}
	t.Notes = append(t.Notes,
		"Called different: the 95 % interval of the ratio excludes 0. "+
			"Half-widths are those of that interval, as shares of the baseline; they include invalid runs.",
		"The arm \"same\" is compared with both baseline arms, \"baseline again\" with the baseline alone. The three budgets are judged as one family.",
		"9 of 10 below: where the upper end of the interval is in nine of ten runs. A single budget there is one that identical code passes as often.",
		fmt.Sprintf("Verdicts of a gate with the three budgets: %s.", strings.Join(verdicts, ", ")))
	if made := launchesMade(runs); made != "" {
		t.Notes = append(t.Notes, made)
	}
	for _, r := range runs {
		if r.Outcome == verdict.Invalid {
			t.Notes = append(t.Notes, fmt.Sprintf("%s is invalid: %s", r.name, r.Reasons[0]))
		}
	}
	return t
}

// launchesMade says how many launches the runs took whose plan let their budgets decide that; "" if there are none.
func launchesMade(runs []*judgedRun) string {
	times := map[int]int{}
	for _, r := range runs {
		if len(r.Run.Plan.Looks) > 1 {
			times[r.Load.Launches]++
		}
	}
	if len(times) == 0 {
		return ""
	}
	var told []string
	for _, launches := range slices.Sorted(maps.Keys(times)) {
		told = append(told, fmt.Sprintf("%d in %d", launches, times[launches]))
	}
	return "Launches that it took until the budgets were decided, or no more were allowed: " + strings.Join(told, ", ") + " of the runs."
}

// pooledControls is the table of what the controls lean to: of all runs together, where the luck of a single one is small.
func pooledControls(runs []*judgedRun) *markdown.Table {
	t := &markdown.Table{
		Title:  "What the controls come out as, over all runs",
		Header: []string{"arm", "metric", "should be", "is [95 %]", "standard error", "runs", "launches"},
		Notes: []string{
			"The mean over runs, invalid ones too, and its interval by Student's t from how much the runs differ. That of the known delay is what " +
				"was found over what requests were held back, less 1.",
		},
	}
	add := func(arm, metric string, value func(*judgedRun) float64) {
		launches := 0
		var values []float64
		for _, r := range runs {
			if x := value(r); !math.IsNaN(x) && !math.IsInf(x, 0) {
				values = append(values, x)
				launches += r.Load.Launches
			}
		}
		is, deviation := markdown.None, markdown.None
		if n := float64(len(values)); n > 1 {
			mid, sd := stat.MeanStdDev(values, nil)
			half := stats.StudentT(0.025, n-1) * sd / math.Sqrt(n)
			is = interval(verdict.Interval{Lo: mid - half, Mid: mid, Hi: mid + half}, func(x float64) string { return markdown.Number("%+.2f %%", 100*x) })
			deviation = markdown.Number("%.2f %%", 100*sd/math.Sqrt(n))
		}
		t.Add(arm, metric, "0", is, deviation, fmt.Sprint(len(values)), fmt.Sprint(launches))
	}
	for _, arm := range []struct{ name, role string }{{"baseline again", result.RoleRepeat}, {same, result.RoleLevel}} {
		for _, metric := range judgedMetrics() {
			add(arm.name, metric, func(r *judgedRun) float64 { return r.effect(arm.role, metric).Ratio.Mid })
		}
	}
	for _, metric := range []string{"mean", "p50"} {
		add("known delay", metric, func(r *judgedRun) float64 { return r.effect(result.RoleKnownDelay, metric).Diff.Mid/r.spun - 1 })
	}
	return t
}

// halfWidths returns the least, the median, the mean and the largest of the finite half-widths.
func halfWidths(all []float64) []string {
	finite := slices.DeleteFunc(all, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	if len(finite) == 0 {
		return []string{markdown.None, markdown.None, markdown.None, markdown.None}
	}
	return []string{percent(slices.Min(finite)), percent(median(finite)), percent(mean(finite)), percent(slices.Max(finite))}
}

// delaySummary is the table of how well known delays were found, by delay.
func delaySummary(runs []*judgedRun) *markdown.Table {
	t := &markdown.Table{
		Title: "Known delays, by delay",
		Header: []string{"delay", "runs", "truth", "of p50", "mean: covered", "p50: covered", "mean: detected", "p50: detected",
			"mean: median error", "p50: median error", "budget of half the truth: passed (wrong)", "failed (right)", "inconclusive"},
		Notes: []string{
			"Truth: the mean time by which requests were held back, or in older runs what the gateway says it spun. Covered: the 95 % interval of the difference holds the truth. Detected: it lies above 0. " +
				"Error: the median of |estimate − truth|.",
			"The budget is p50 ≤ half of the truth, with the arm of the known delay judged as if it were a level: " +
				"a pass would take a real delay for less than half of what it is.",
		},
	}
	var order []string
	by := map[string][]*judgedRun{}
	for _, r := range runs {
		d := r.delay.String()
		if by[d] == nil {
			order = append(order, d)
		}
		by[d] = append(by[d], r)
	}
	for _, d := range append(order, "all") {
		group := by[d]
		if d == "all" {
			group = runs
		}
		t.Add(delayRow(d, group)...)
	}
	return t
}

func delayRow(name string, runs []*judgedRun) []string {
	truth, share := markdown.None, markdown.None
	if name != "all" {
		truth = micros(mean(markdown.Collect(runs, func(r *judgedRun) float64 { return r.spun })))
		share = signed(mean(markdown.Collect(runs, (*judgedRun).truth)))
	}
	row := []string{name, fmt.Sprint(len(runs)), truth, share}
	at := func(metric string) func(*judgedRun) verdict.Interval {
		return func(r *judgedRun) verdict.Interval { return r.effect(result.RoleKnownDelay, metric).Diff }
	}
	diffs := []func(*judgedRun) verdict.Interval{at("mean"), at("p50")}
	for _, diff := range diffs {
		row = append(row, of(count(runs, func(r *judgedRun) bool { return covers(diff(r), r.spun) }), len(runs)))
	}
	for _, diff := range diffs {
		row = append(row, of(count(runs, func(r *judgedRun) bool { return diff(r).Lo > 0 }), len(runs)))
	}
	for _, diff := range diffs {
		row = append(row, markdown.Number("%.0f µs", 1e6*median(markdown.Collect(runs, func(r *judgedRun) float64 { return math.Abs(diff(r).Mid - r.spun) }))))
	}
	for _, outcome := range []verdict.Outcome{verdict.Pass, verdict.Fail, verdict.Inconclusive} {
		row = append(row, fmt.Sprint(count(runs, func(r *judgedRun) bool { return r.half == outcome })))
	}
	return row
}

// delayRuns is the table of every run's estimate of its known delay.
func delayRuns(runs []*judgedRun) *markdown.Table {
	t := &markdown.Table{Title: "Known delays, run by run", Header: []string{"run", "delay", "truth", "mean", "p50", "verdict"}}
	for _, r := range runs {
		diff := func(metric string) string { return interval(r.effect(result.RoleKnownDelay, metric).Diff, micros) }
		t.Add(fmt.Sprint(r.index), r.delay.String(), micros(r.spun), diff("mean"), diff("p50"), string(r.Outcome))
	}
	return t
}
