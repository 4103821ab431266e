package runner

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// look says whether the toll needs another launch after so many. Before the first look and between two looks it always does. After a look it
// does if a budget is open that the launches which the plan allows may decide. A control that chance may have broken, or that is undecided, is
// looked at once more, also where nothing else is open; if it is no better then, that ends the toll. It tells what was decided.
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
	last := looks[len(looks)-1].Launches
	more, says := after(now, r.doubt, i+1 < len(looks))
	if r.doubt = doubt(now); more {
		says += fmt.Sprintf(": on to %d launches", looks[i+1].Launches)
	}
	r.Progress.End(says)
	if len(now.Decided) > 0 {
		r.Progress.Tell(fmt.Sprintf("decided after launch %d of %d", launches, last), now.Decided)
	}
	if len(now.Hopeless) > 0 && i+1 < len(looks) {
		r.Progress.Tell(fmt.Sprintf("hardly to be decided in %d launches", last), now.Hopeless)
	}
	return more, nil
}

// doubt is what a look has found of a control that may be better at the next look, as the end of a sentence; "" for nothing. A control that is
// undecided is a doubt where budgets are decided, since they are not believed without it.
func doubt(now verdict.LookNow) string {
	switch {
	case now.Broken != "":
		return fmt.Sprintf(", but the control %s is broken", now.Broken)
	case now.Undecided != "" && now.Open+len(now.Hopeless) == 0:
		return fmt.Sprintf(", but the control %s is undecided", now.Undecided)
	default:
		return ""
	}
}

// after says whether a look that has found this is followed by another, as far as the plan allows it, and why. Before is the doubt of the look
// before.
func after(now verdict.LookNow, before string, allowed bool) (more bool, why string) {
	if now.Spoiled != "" {
		return false, fmt.Sprintf("the control %s is broken, and more launches would not mend it", now.Spoiled)
	}
	open, says := now.Open+len(now.Hopeless), "no budget is open that more launches could decide"
	if open > 0 {
		says = fmt.Sprintf("%d of %d budgets are open", open, now.Of)
	}
	doubt := doubt(now)
	says += doubt
	switch {
	case open == 0 && doubt == "":
		return false, says
	case !allowed:
		return false, says + "; the plan allows no more launches"
	case doubt != "" && doubt == before:
		return false, says + ", as at the look before"
	case now.Open == 0 && open > 0:
		return false, says + ", and the launches that the plan allows would hardly decide any"
	default:
		return true, says
	}
}
