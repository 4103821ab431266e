package verdict

import (
	"fmt"
	"math"
	"time"
)

// enoughMost is the largest number of launches that is worth naming.
const enoughMost = 200

// enough is how many launches in all would decide an open budget, if the estimate stayed where it is and its interval shrank with the
// square root of their number, given the launches of this run. It is false where nothing can be said, or the limit is too near.
func (r BudgetResult) enough(launches int) (n int, ok bool) {
	width, gap := r.Saw.Hi-r.Saw.Mid, r.Budget.Limit-r.Saw.Mid
	if gap < 0 {
		width, gap = r.Saw.Mid-r.Saw.Lo, -gap
	}
	most := float64(enoughMost)
	if of := math.Ceil(float64(launches) * (width / gap) * (width / gap)); of <= most && launches > 0 { // false for NaN
		return max(int(of), launches+1), true
	}
	return 0, false
}

// more is the advice for an open budget, as the end of a sentence.
func (t *tolls) more(r BudgetResult) string {
	over := t.over()
	n, ok := r.enough(over)
	switch each := t.perLaunch(); {
	case ok && each > 0:
		return fmt.Sprintf("%d launches (toll.launches), %s of toll in place of %s, would decide it if the estimate stays", n,
			minutes(time.Duration(n)*each), minutes(time.Duration(over)*each))
	case math.IsInf(r.Saw.Lo, 0) || math.IsInf(r.Saw.Hi, 0) || over == 0:
		return "run more launches and rounds"
	default:
		return fmt.Sprintf("the estimate is so near the limit that %d launches would not decide it: choose another limit", enoughMost)
	}
}

// more is the advice for an open budget, as the end of a sentence.
func (c *capacities) more(r BudgetResult) string {
	if n, ok := r.enough(len(c.launches)); ok {
		return fmt.Sprintf("%d launches (capacity.launches) would decide it if the estimate stays", n)
	}
	return "run more launches (capacity.launches)"
}

// perLaunch is how long a launch of the toll took, on average, with its deployment, warm-up and time at rest; of a single launch its
// rounds alone are known. 0 if none was complete.
func (t *tolls) perLaunch() time.Duration {
	var first, last, end time.Time // of the first and the last launch the beginning, and of the last one the end
	over := t.over()
	for _, s := range t.slots {
		if s.Launch == 0 && (first.IsZero() || s.Start.Before(first)) {
			first = s.Start
		}
		if s.Launch != over-1 {
			continue
		}
		if last.IsZero() || s.Start.Before(last) {
			last = s.Start
		}
		if e := s.End.Add(s.Drain); e.After(end) {
			end = e
		}
	}
	switch {
	case first.IsZero() || last.IsZero():
		return 0
	case over == 1:
		return end.Sub(first)
	default:
		return last.Sub(first) / time.Duration(over-1)
	}
}

// minutes is a time in whole minutes, or in seconds where it is shorter than two.
func minutes(d time.Duration) string {
	if d < 2*time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
