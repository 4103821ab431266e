package journey

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// byLine puts sessions into the order in which they begin in the file.
func byLine(all Sessions, lines []int) Sessions {
	if slices.IsSorted(lines) {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lines[a], lines[b]) })
	out := make(Sessions, len(all))
	for i, from := range order {
		out[i] = all[from]
	}
	return out
}

// some is those sessions of a store that pick lists.
type some struct {
	store
	pick []int
}

func (s some) size() int             { return len(s.pick) }
func (s some) at(i int) session      { return s.store.at(s.pick[i]) }
func (s some) begin(i int) time.Time { return s.store.begin(s.pick[i]) }

// later is the sessions that begin at least that long after the first one. The others are counted.
func later(all store, from time.Duration, r *Report) (store, error) {
	first := all.begin(0)
	for i := range all.size() {
		if at := all.begin(i); at.Before(first) {
			first = at
		}
	}
	var pick []int
	last := first
	for i := range all.size() {
		at := all.begin(i)
		if at.After(last) {
			last = at
		}
		if at.Sub(first) >= from {
			pick = append(pick, i)
		}
	}
	if len(pick) == 0 {
		return nil, fmt.Errorf("no session begins %s after the first one: the last begins after %s", short(from), short(last.Sub(first).Round(time.Second)))
	}
	r.Early = all.size() - len(pick)
	return some{all, pick}, nil
}

// byBegin puts sessions into the order of the times at which they begin.
func byBegin(all store) store {
	order := make([]int, all.size())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return all.begin(a).Compare(all.begin(b)) })
	return some{all, order}
}
