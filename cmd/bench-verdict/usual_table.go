package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// usualAlarm is the share by which a summary must be above the other so that the usual rule calls it slower.
const usualAlarm = gateLimit

// usualLevel is the error rate of the test that people run on all requests.
const usualLevel = 0.05

// way is one way of measuring in the side-by-side table. Every slice has one entry per run.
type way struct {
	identical, delayed map[string][]float64 // by metric: estimate − truth, in seconds
	alarms             []bool               // identical code was called more than 5 % slower, at p50 or p95
	different          []bool               // identical code was called different, at 5 %
	invalid            int                  // runs that were found invalid, and so gave no alarm
	load               []float64            // seconds of load in one run, all deployments together
	requests           []float64            // recommend requests in one run, all deployments together
}

func newWay() *way {
	return &way{identical: map[string][]float64{}, delayed: map[string][]float64{}}
}

func usualMetrics() []string { return []string{"p50", "p95"} }

// usualWay returns the results of the k6 summaries.
func usualWay(runs []*usualRun) *way {
	w := newWay()
	for _, u := range runs {
		a, b, c := u.Deployments[0], u.Deployments[1], u.Deployments[2]
		for metric, of := range map[string]func(summary) float64{
			"p50": func(s summary) float64 { return s.P50 },
			"p95": func(s summary) float64 { return s.P95 },
		} {
			w.identical[metric] = append(w.identical[metric], of(b.Summary)-of(a.Summary))
			w.delayed[metric] = append(w.delayed[metric], of(c.Summary)-of(a.Summary)-c.Spun)
		}
		slower := b.Summary.P50 > (1+usualAlarm)*a.Summary.P50 || b.Summary.P95 > (1+usualAlarm)*a.Summary.P95
		w.alarms = append(w.alarms, slower)
		w.different = append(w.different, mannWhitney(a.Samples, b.Samples) < usualLevel)
		w.load = append(w.load, 3*u.Load.Seconds())
		w.requests = append(w.requests, float64(a.Summary.Count+b.Summary.Count+c.Summary.Count))
	}
	return w
}

// tollgateWay returns tollgate's results for its runs of identical code.
func tollgateWay(runs []*judgedRun) *way {
	w := newWay()
	for _, r := range runs {
		slower := false
		for _, metric := range usualMetrics() {
			level, delayed := r.effect(result.RoleLevel, metric), r.effect(result.RoleKnownDelay, metric)
			w.identical[metric] = append(w.identical[metric], level.Diff.Mid)
			w.delayed[metric] = append(w.delayed[metric], delayed.Diff.Mid-r.spun)
			slower = slower || r.Outcome != verdict.Invalid && r.gate(metric) == verdict.Fail
		}
		if r.Outcome == verdict.Invalid {
			w.invalid++
		}
		w.alarms = append(w.alarms, slower)
		w.different = append(w.different, r.effect(result.RoleLevel, "p50").Significant)
		plan := r.Run.Plan
		w.load = append(w.load, float64(len(r.Run.Arms)*plan.Launches*plan.Rounds)*plan.Slot.Seconds())
		w.requests = append(w.requests, r.requests)
	}
	return w
}

// usualTables returns the table that compares both ways in dir; none if dir has no run of the usual way.
func usualTables(dir string) ([]*markdown.Table, error) {
	usual, err := readUsualRuns(dir)
	if err != nil || len(usual) == 0 {
		return nil, err
	}
	ours, err := readAllJudged(dir)
	if err != nil {
		return nil, err
	}
	theirCommand, err1 := commands(dir, "usual")
	ourCommand, err2 := commands(dir, "identical")
	unfinished, err3 := aside(dir, "usual")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	t := sideBySide(tollgateWay(ours), usualWay(usual))
	t.Command = slices.Concat(theirCommand, ourCommand)
	t.Facts = facts(slices.Concat(
		markdown.Collect(usual, func(u *usualRun) origin { return u.Origin }),
		markdown.Collect(ours, func(r *judgedRun) origin { return originOf(r.Run) })))
	t.Notes = append(t.Notes, fmt.Sprintf("Unfinished runs of the usual way, which are in no table: %d.", unfinished))
	return []*markdown.Table{t}, nil
}

func sideBySide(ours, theirs *way) *markdown.Table {
	t := &markdown.Table{
		Title:  "Side by side with the usual way",
		Header: []string{"", "tollgate", "the usual way: k6, one deployment after the other"},
		Notes: []string{
			"Truth: 0 for identical code; for the known delay what the gateway says it spun.",
			fmt.Sprintf("Called slower: tollgate fails the level \"same\" on a budget of %+.0f %% at p50 or p95, in a run that is valid; "+
				"the usual way sees p50 or p95 of the second summary more than %.0f %% above the first.", 100*gateLimit, 100*usualAlarm),
			fmt.Sprintf("Called different: tollgate's 95 %% interval at p50 excludes 0; the usual way's Mann–Whitney test on all requests has p < %g.", usualLevel),
			"Load is the load of all arms or deployments together, without warm-up.",
		},
	}
	both := func(name string, cell func(*way) string) { t.Add(name, cell(ours), cell(theirs)) }
	both("runs", func(w *way) string { return fmt.Sprint(len(w.alarms)) })
	both("of these invalid", func(w *way) string { return fmt.Sprint(w.invalid) })
	both("load in one run", func(w *way) string { return markdown.Number("%.0f s", median(w.load)) })
	both("recommend requests in one run", func(w *way) string { return markdown.Number("%.0f", median(w.requests)) })
	for _, metric := range usualMetrics() {
		both("identical code, "+metric+": median error", func(w *way) string { return medianError(w.identical[metric]) })
		both("identical code, "+metric+": largest error", func(w *way) string { return largestError(w.identical[metric]) })
	}
	both("identical code called slower", func(w *way) string { return of(countTrue(w.alarms), len(w.alarms)) })
	both("identical code called different", func(w *way) string { return of(countTrue(w.different), len(w.different)) })
	for _, metric := range usualMetrics() {
		both("known delay, "+metric+": median error", func(w *way) string { return medianError(w.delayed[metric]) })
		both("known delay, "+metric+": largest error", func(w *way) string { return largestError(w.delayed[metric]) })
	}
	return t
}

func countTrue(xs []bool) int { return count(xs, func(x bool) bool { return x }) }

func medianError(errors []float64) string {
	return markdown.Number("%.0f µs", 1e6*median(markdown.Collect(errors, math.Abs)))
}

func largestError(errors []float64) string {
	largest := math.NaN()
	for _, e := range errors {
		if !math.IsNaN(e) && !(math.Abs(e) <= largest) {
			largest = math.Abs(e)
		}
	}
	return markdown.Number("%.0f µs", 1e6*largest)
}
