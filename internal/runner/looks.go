package runner

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// look says whether the toll needs another launch after so many. Before the first look and between two looks it always does;
// after a look it does if the look has found a budget open that more data may decide.
func (r *run) look(launches int) (more bool, err error) {
	if launches < r.Toll.Launches {
		return true, nil
	}
	looks := r.Looks()
	i := slices.IndexFunc(looks, func(l result.Look) bool { return l.Launches == launches })
	if i < 0 {
		return len(looks) > 0, nil
	}
	r.Progress.Begin(fmt.Sprintf("look %d of at most %d", i+1, len(looks)), 0, "the budgets are judged")
	data, err := result.Read(r.dir.Dir())
	if err != nil {
		return false, err
	}
	open, of, err := verdict.Open(data)
	if err != nil {
		return false, err
	}
	switch {
	case open == 0:
		r.Progress.End("no budget is open that more launches could decide")
	case i+1 == len(looks):
		r.Progress.End(fmt.Sprintf("%d of %d budgets are open; the plan allows no more launches", open, of))
	default:
		r.Progress.End(fmt.Sprintf("%d of %d budgets are open: on to %d launches", open, of, looks[i+1].Launches))
	}
	return open > 0 && i+1 < len(looks), nil
}
