package since

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Explain says of the newest run of the series, which the analysis is of, since when it fails the budgets that it fails, and in what it
// is not like the run before it.
func (h *History) Explain(a *verdict.Analysis) {
	newest := len(h.Runs) - 1
	out := &verdict.Since{Runs: newest}
	if newest > 0 {
		before := h.Runs[newest-1]
		out.With = before.Run.ID
		out.Unlike = append(verdict.Apart(before.Run, a.Run), causes(before, h.Runs[newest])...)
	}
	for _, b := range a.Budgets {
		if b.Outcome != verdict.Fail {
			continue
		}
		if b.Budget.Catch.Kind == "" {
			out.Fails = append(out.Fails, h.tollFails(b))
			continue
		}
		out.Fails = append(out.Fails, h.catchFails(b)...)
	}
	a.Since = out
}

// tollFails follows the metric of a budget back, over the runs of the same setting.
func (h *History) tollFails(b verdict.BudgetResult) verdict.FailsSince {
	newest := len(h.Runs) - 1
	out := verdict.FailsSince{Budget: b.Budget, Level: b.Level, First: h.mark(newest)}
	line := h.Line(b.Level, b.Budget.Metric)
	of := h.Settings[h.Runs[newest].Setting].Runs
	for _, i := range slices.Backward(of[:len(of)-1]) {
		e := h.Runs[i].effect(b.Level, b.Budget.Metric)
		x := e.Diff.Mid
		if b.Budget.Relative {
			x = e.Ratio.Mid
		}
		if !known(x) {
			continue
		}
		out.Known++
		if over := x > b.Budget.Limit; over != b.Budget.Least && !out.Met {
			out.First, out.Failing = h.mark(i), out.Failing+1
		} else {
			out.Met = true
		}
	}
	if line == nil || !known(line.Values[newest].Mid) {
		return out
	}
	now := line.Now()
	if out.Few = now.Few; now.Changed {
		out.Changed = &verdict.ChangedIn{Metric: line.Metric, Ratio: line.Ratio, In: h.mark(now.Runs[0]), Before: line.Before(now).Level, Now: now.Level,
			By: now.Change, Other: h.Runs[now.Runs[0]].Other}
	}
	return out
}

// catchFails follows the faults that fail a demand back. Demands on false alarms and on rules have no past that a cell could tell.
func (h *History) catchFails(b verdict.BudgetResult) []verdict.FailsSince {
	var out []verdict.FailsSince
	d, newest := b.Budget.Catch, len(h.Runs)-1
	fails := func(f Fate) bool {
		switch d.Kind {
		case catch.WantDetected:
			return f.State != catch.Detected
		case catch.WantDiagnosed:
			return !f.Diagnosed
		default:
			return false
		}
	}
	for _, l := range h.Cells {
		fate := l.Fates[newest]
		if l.Level != b.Level || d.Subject != catch.All && d.Subject != l.ID || !fate.State.Judged() || !fails(fate) {
			continue
		}
		one := verdict.FailsSince{Budget: b.Budget, Level: b.Level, Fault: l.Fault, State: fate.State, First: h.mark(newest)}
		for i, f := range slices.Backward(l.Fates[:newest]) {
			if f == (Fate{}) {
				continue
			}
			one.Known++
			if fails(f) && !one.Met {
				one.First, one.Failing = h.mark(i), one.Failing+1
			} else {
				one.Met = true
			}
		}
		out = append(out, one)
	}
	return out
}

func (h *History) mark(i int) verdict.RunMark {
	r := h.Runs[i].Run
	return verdict.RunMark{ID: r.ID, Started: r.Started, Version: r.Tool.Version}
}
