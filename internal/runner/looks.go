package runner

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// look says whether the toll needs another launch after so many. Before the first look and between two looks it always does;
// after a look it does if the look has found a budget open that more data may decide. It tells what was decided.
func (r *run) look(launches int) (more bool, err error) {
	looks := r.Looks()
	i := slices.IndexFunc(looks, func(l result.Look) bool { return l.Launches == launches })
	if i < 0 {
		return launches < r.Toll.Launches || len(looks) > 0, nil
	}
	judged := "the budgets are judged"
	if looks[i].Error == 0 {
		judged = "the budgets on counts are judged"
	}
	r.Progress.Begin(fmt.Sprintf("look %d of at most %d", i+1, len(looks)), 0, judged)
	data, err := result.Read(r.dir.Dir())
	if err != nil {
		return false, err
	}
	now, err := verdict.Look(data)
	if err != nil {
		return false, err
	}
	switch {
	case now.Open == 0 && now.Broken:
		r.Progress.End(fmt.Sprintf("all budgets are decided, but a control is broken: on to %d launches", looks[i+1].Launches))
	case now.Open == 0:
		r.Progress.End("no budget is open that more launches could decide")
	case i+1 == len(looks):
		r.Progress.End(fmt.Sprintf("%d of %d budgets are open; the plan allows no more launches", now.Open, now.Of))
	default:
		r.Progress.End(fmt.Sprintf("%d of %d budgets are open: on to %d launches", now.Open, now.Of, looks[i+1].Launches))
	}
	if len(now.Decided) > 0 {
		r.Progress.Tell(fmt.Sprintf("decided after launch %d of %d", launches, looks[len(looks)-1].Launches), now.Decided)
	}
	return (now.Open > 0 || now.Broken) && i+1 < len(looks), nil
}
