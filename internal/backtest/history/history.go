// Package history makes up samples before recorded ones: stretches of the time in which a run had no fault, drawn at random, so that
// the synthetic past has the level and the noise of the recorded one. This is a block bootstrap: Künsch, "The jackknife and the
// bootstrap for general stationary observations", Annals of Statistics 17 (1989). Times are in ms.
package history

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
)

// Window is a time without a fault, from From to before To.
type Window struct{ From, To int64 }

// Plan says which stretch of the record every stretch of the history is. All series of a level have the same plan, so that they stay
// to each other as they were.
type Plan struct {
	Begin, End int64 // of the history; the record begins at End
	Block      int64 // length of a stretch
	Windows    int   // that stretches were drawn from
	Clean      int64 // length of these windows together

	step    int64   // between two samples of a series
	sources []int64 // by stretch, the oldest first: where it begins in the record
}

// ErrNoClean says that no window holds enough samples.
var ErrNoClean = errors.New("the run has no clean window of three samples or more, from which history could be made")

// Draw plans a history of a length that ends where the record begins. Stretches are as long as the median of the windows; every place
// in them from which a whole stretch can be taken is equally likely. Shorter windows are left out. Places are whole steps from the
// end of the history, so that samples stay a step apart where two stretches meet.
func Draw(windows []Window, end, length, step, seed int64) (*Plan, error) {
	var whole []Window
	for _, w := range windows {
		// A counter's growth at the first sample is since the sample before, which is to be of the window, too.
		w = Window{end + floor(w.From-end+2*step-1, step), end + floor(w.To-end, step)}
		if w.To-w.From >= 2*step {
			whole = append(whole, w)
		}
	}
	if len(whole) == 0 {
		return nil, ErrNoClean
	}
	slices.SortFunc(whole, func(a, b Window) int { return cmp.Compare(a.To-a.From, b.To-b.From) })
	median := whole[(len(whole)-1)/2]
	p := &Plan{Begin: end - length, End: end, Block: median.To - median.From, step: step}
	var places []int64
	for _, w := range whole {
		if w.To-w.From < p.Block {
			continue
		}
		p.Windows++
		p.Clean += w.To - w.From
		for at := w.From; at+p.Block <= w.To; at += step {
			places = append(places, at)
		}
	}
	random := rand.New(rand.NewPCG(uint64(seed), 0)) // #nosec G404 G115 -- a bootstrap is to be repeatable, and any bits are a seed
	p.sources = make([]int64, (length+p.Block-1)/p.Block)
	for i := range p.sources {
		p.sources[i] = places[random.IntN(len(places))]
	}
	return p, nil
}

// floor is the last multiple of a step up to a time.
func floor(t, step int64) int64 { return t - (t%step+step)%step }

// Tier is how far apart samples may be that are read: those up to Past before the record. 0: all are made.
type Tier struct{ Past, Step int64 }

// Tiers puts together what several readers need, by Past: where two overlap, the shorter step counts. Samples older than any Past are
// not made.
func Tiers(all []Tier) []Tier {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Tier) int { return cmp.Or(cmp.Compare(a.Past, b.Past), cmp.Compare(a.Step, b.Step)) })
	for i := len(all) - 2; i >= 0; i-- {
		all[i].Step = min(all[i].Step, all[i+1].Step)
	}
	return all
}

// Size is how many samples a series has at most that is made with these tiers.
func (p *Plan) Size(tiers []Tier) int64 {
	var size, before int64
	for _, t := range tiers {
		past := min(t.Past, p.End-p.Begin)
		size += (past - before) / max(t.Step, p.step)
		before = past
	}
	return size
}

// apart is how far before a time the next sample of a series may be; false if none is needed there.
func (p *Plan) apart(tiers []Tier, at int64) (step int64, needed bool) {
	for _, t := range tiers {
		if p.End-at <= t.Past {
			return t.Step, at >= p.Begin
		}
	}
	return 0, false
}
