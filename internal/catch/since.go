package catch

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// since says when the changes that were felt in a pass, all levels together, began to show, by feeling: the end of the first second
// from which on a user's view of the fault so far differs from the clean one, at every second until the revert. So a difference that
// chance made for a while does not count, however often it is looked for. A time has no such second; it is told for the whole fault.
func (f *feelings) since(p *pass, felt Felt) map[string]time.Time {
	var clean, fault window
	ends := map[int]time.Time{} // by order
	for _, l := range felt.Levels {
		for _, s := range f.whole(l.Level, p.clean, p.inject) {
			clean = append(clean, second{order: s.Order, work: []slot.ArmReport{s.Work}})
		}
		for _, s := range f.whole(l.Level, p.confirmed[l.Level], p.revert) {
			fault = append(fault, second{order: s.Order, work: []slot.ArmReport{s.Work}})
			ends[s.Order] = later(ends[s.Order], s.Start.Add(slot.CatchLength))
		}
	}
	clean, fault = clean.bySecond(), fault.bySecond()
	slices.SortStableFunc(fault, func(a, b second) int { return cmp.Compare(a.order, b.order) })
	var others []window // without the times, which a percentile would be made of
	for _, w := range f.clean[""] {
		var bare window
		for _, s := range w {
			bare = append(bare, second{order: s.order, work: s.work})
		}
		others = append(others, bare)
	}
	out := map[string]time.Time{}
	shown := map[string]bool{} // at every second so far, from the end backwards
	for _, c := range felt.Pooled {
		shown[c.Feeling.ID] = c.Felt
	}
	for n := len(fault); n > 0; n-- {
		now := map[string]bool{}
		for _, c := range changesOf(clean, fault[:n], others) {
			if c.Felt && shown[c.Feeling.ID] {
				now[c.Feeling.ID] = true
				out[c.Feeling.ID] = ends[fault[n-1].order]
			}
		}
		if shown = now; len(shown) == 0 {
			break
		}
	}
	return out
}
