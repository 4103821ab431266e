package catch

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Feeling is something that a user feels, as the load generator alone measures it.
type Feeling struct {
	ID      string // as in result.Fault.Signs
	Title   string
	Of      string  // what a share is a part of; "" for a time
	Matters float64 // the least change that matters: a difference of shares, or a part of the clean time
	Blunt   float64 // the same of a change so large that a pass which could have missed it is too short to tell
}

// The one feeling that is a time.
const p95 = "p95"

// Feelings are all of them, in display order.
func Feelings() []Feeling {
	return []Feeling{
		{"errors", "errors", "requests", 0.005, 0.1},
		{p95, "p95", "", 0.1, 2},
		{"default", "default content", "slates", 0.01, 0.2},
		{"click_through", "click-through", "slates", 0.005, 0.3},
		{"conversion", "conversion", "clicks", 0.01, 0.3},
		{"identity", "identity", "requests", 0.001, 0.1},
	}
}

// count is what a slot has of a share: yes among all.
func (f Feeling) count(w slot.ArmReport) stats.Cluster {
	yes, n := int64(0), w.Sent
	switch f.ID {
	case "errors":
		yes = w.Failed
	case "identity":
		yes = w.Breaks
	case "click_through":
		yes, n = w.Clicks, w.Impressions
	case "conversion":
		yes, n = w.Purchases, w.Clicks
	case "default":
		n = w.Impressions
		for _, shown := range w.Default {
			yes += shown
		}
	}
	return stats.Cluster{Yes: float64(min(yes, n)), N: float64(n)}
}

// FeltConfidence is that of every interval of a Change. It is higher than 95 %, so that the six of a fault are right together.
const FeltConfidence = 0.99

// leastSeconds is how many whole seconds a clean window must have to stand for itself.
const leastSeconds = 5

// Felt is what users felt of one pass: the change from its clean window to the time from the confirmed effect to the revert.
//
// A share has the hybrid score interval of R. G. Newcombe, and a percentile that of a bootstrap over the seconds; the two windows are
// put together by stats.Subtract. What happens within a second is not independent (levels that are pooled even have the same
// journeys), so the numbers behind a share are divided by their design effect over the seconds, which for a clean window comes from
// those of all passes. A clean window of fewer than leastSeconds is replaced by those of all passes together.
type Felt struct {
	Levels []LevelFelt // those where the effect was confirmed
	Pooled []Change    // over these levels
}

// LevelFelt is one level.
type LevelFelt struct {
	Level   string
	Changes []Change
}

// Change is how one Feeling changed. What had no requests to be seen in is not there.
type Change struct {
	Feeling Feeling
	Clean   float64        // before the fault, in seconds or as a share
	Fault   float64        // under it
	Diff    stats.Interval // Fault − Clean
	Felt    bool           // the interval excludes 0, and the change is one that matters
	Blunt   bool           // it was not felt, and a large change might not have been either
}

// Measured says that there was something to measure.
func (f Felt) Measured() bool { return len(f.Levels) > 0 }

// Any says that some change was felt.
func (f Felt) Any() bool {
	return slices.ContainsFunc(f.Pooled, func(c Change) bool { return c.Felt })
}

// Blunt says that nothing was felt, and that it cannot be told whether there was something.
func (f Felt) Blunt() bool {
	return !f.Any() && slices.ContainsFunc(f.Pooled, func(c Change) bool { return c.Blunt })
}

// Apart are the changes at single levels that differ from what the levels together say: their intervals have nothing in common.
func (f Felt) Apart() []LevelFelt {
	var out []LevelFelt
	for _, l := range f.Levels {
		apart := LevelFelt{Level: l.Level}
		for _, c := range l.Changes {
			at := slices.IndexFunc(f.Pooled, func(p Change) bool { return p.Feeling.ID == c.Feeling.ID })
			if at >= 0 && (c.Diff.Lo > f.Pooled[at].Diff.Hi || c.Diff.Hi < f.Pooled[at].Diff.Lo) {
				apart.Changes = append(apart.Changes, c)
			}
		}
		if len(apart.Changes) > 0 {
			out = append(out, apart)
		}
	}
	return out
}

// Disagreements compares what a fault claims of its changes with what was measured, a sentence for each that goes another way. What
// was not felt disagrees with nothing: the run may have been too short for it.
func Disagreements(signs map[string]int, measured []Change) []string {
	var out []string
	for _, c := range measured {
		claimed, claims := signs[c.Feeling.ID]
		if !claims || !c.Felt {
			continue
		}
		if sign := signOf(c.Diff.Mid); sign != claimed {
			out = append(out, fmt.Sprintf("%s: the catalogue says %s, measured %s", c.Feeling.Title, direction(claimed), direction(sign)))
		}
	}
	return out
}

func signOf(x float64) int { return bit(x > 0) - bit(x < 0) }

func direction(sign int) string { return []string{"down", "no change", "up"}[min(max(sign, -1), 1)+1] }

// feelings finds what was felt in the passes of a run.
type feelings struct {
	levels []result.Level
	slots  map[string][]result.Slot                // of the catch, by arm
	times  map[string]map[[2]int][]result.Interval // response times of the main step, by arm, launch and round
	clean  map[string][]window                     // of all passes, by arm; "" is all arms together
}

func newFeelings(d *result.Data) *feelings {
	f := &feelings{levels: d.Run.Levels, slots: map[string][]result.Slot{}, times: map[string]map[[2]int][]result.Interval{}}
	for _, s := range d.Slots {
		if s.Phase == slot.Catch {
			f.slots[s.Arm] = append(f.slots[s.Arm], s)
		}
	}
	for _, i := range d.Latency {
		if i.Phase != slot.Catch || i.Kind != result.Response || i.Step != d.Run.Plan.MainStep() {
			continue
		}
		if f.times[i.Arm] == nil {
			f.times[i.Arm] = map[[2]int][]result.Interval{}
		}
		at := [2]int{i.Launch, i.Round}
		f.times[i.Arm][at] = append(f.times[i.Arm][at], i)
	}
	return f
}

// look reads the clean windows of all passes.
func (f *feelings) look(passes []*pass) error {
	f.clean = map[string][]window{}
	for _, p := range passes {
		var all window
		for _, l := range f.levels {
			w, err := f.within(l.Name, p.clean, p.inject)
			if err != nil {
				return err
			}
			f.clean[l.Name], all = append(f.clean[l.Name], w), append(all, w...)
		}
		f.clean[""] = append(f.clean[""], all.bySecond())
	}
	return nil
}

// of is what was felt in one pass of a fault, each level in the launch that has it. Nothing is measured where the effect was not
// confirmed, or no whole slot was in one of the windows.
func (f *feelings) of(together []*pass) (Felt, error) {
	out, clean, fault := Felt{}, window{}, window{}
	for _, l := range f.levels {
		at := slices.IndexFunc(together, func(p *pass) bool { return !p.confirmed[l.Name].IsZero() && !p.revert.IsZero() })
		if at < 0 {
			continue
		}
		p := together[at]
		confirmed := p.confirmed[l.Name]
		before, err := f.within(l.Name, p.clean, p.inject)
		if err != nil {
			return Felt{}, err
		}
		under, err := f.within(l.Name, confirmed, p.revert)
		if err != nil {
			return Felt{}, err
		}
		if changes := changesOf(before, under, f.clean[l.Name]); len(changes) > 0 {
			out.Levels = append(out.Levels, LevelFelt{l.Name, changes})
			clean, fault = append(clean, before...), append(fault, under...)
		}
	}
	if len(out.Levels) == 0 {
		return Felt{}, nil
	}
	out.Pooled = changesOf(clean.bySecond(), fault.bySecond(), f.clean[""])
	return out, nil
}

// second is what one slot saw: of one arm, or of several together.
type second struct {
	order int
	work  []slot.ArmReport
	times []stats.Weighted // response times of the main step
}

// window is the slots that lie in a stretch of time as a whole.
type window []second

// within are the slots of an arm that lie in a stretch of time as a whole.
func (f *feelings) within(arm string, from, to time.Time) (window, error) {
	var out window
	for _, s := range f.whole(arm, from, to) {
		one := second{order: s.Order, work: []slot.ArmReport{s.Work}}
		for _, i := range f.times[arm][[2]int{s.Launch, s.Round}] {
			h, err := i.Packed()
			if err != nil {
				return nil, err
			}
			one.times = append(one.times, timesOf(h)...)
		}
		out = append(out, one)
	}
	return out, nil
}

// whole are the slots themselves.
func (f *feelings) whole(arm string, from, to time.Time) []result.Slot {
	var out []result.Slot
	for _, s := range f.slots[arm] {
		if !from.IsZero() && !s.Start.Before(from) && !s.Start.Add(slot.CatchLength).After(to) {
			out = append(out, s)
		}
	}
	return out
}

// bySecond puts the arms of one order together.
func (w window) bySecond() window {
	var out window
	at := map[int]int{}
	for _, s := range w {
		i, known := at[s.order]
		if !known {
			at[s.order] = len(out)
			out = append(out, s)
			continue
		}
		out[i].work, out[i].times = slices.Concat(out[i].work, s.work), slices.Concat(out[i].times, s.times)
	}
	return out
}

// changesOf is the change between two windows; others are the clean windows of all passes.
func changesOf(clean, fault window, others []window) []Change {
	if len(clean) < leastSeconds {
		clean = slices.Concat(others...)
	}
	var out []Change
	for _, feeling := range Feelings() {
		var before, under stats.Interval
		if feeling.ID == p95 {
			before, under = clean.percentile(), fault.percentile()
		} else {
			before, under = shares(clean, fault, others, feeling.count)
		}
		if math.IsNaN(before.Mid) || math.IsNaN(under.Mid) {
			continue
		}
		c := Change{Feeling: feeling, Clean: before.Mid, Fault: under.Mid, Diff: stats.Subtract(under, before)}
		matters, large := feeling.Matters, feeling.Blunt
		if feeling.ID == p95 {
			matters, large = matters*before.Mid, large*before.Mid
		}
		c.Felt = c.Diff.Excludes(0) && math.Abs(c.Diff.Mid) >= matters
		c.Blunt = !c.Felt && max(-c.Diff.Lo, c.Diff.Hi) > large
		out = append(out, c)
	}
	return out
}

func (w window) clusters(count func(slot.ArmReport) stats.Cluster) []stats.Cluster {
	var out []stats.Cluster
	for _, s := range w {
		var c stats.Cluster
		for _, work := range s.work {
			one := count(work)
			c.Yes, c.N = c.Yes+one.Yes, c.N+one.N
		}
		if c.N > 0 {
			out = append(out, c)
		}
	}
	return out
}

func shares(clean, fault window, others []window, count func(slot.ArmReport) stats.Cluster) (before, under stats.Interval) {
	var groups [][]stats.Cluster
	for _, w := range others {
		groups = append(groups, w.clusters(count))
	}
	effect := stats.DesignEffect(groups...)
	interval := func(clusters []stats.Cluster, effect float64) stats.Interval {
		yes, n := stats.Total(clusters)
		return stats.Wilson(yes/effect, n/effect, FeltConfidence)
	}
	a, b := clean.clusters(count), fault.clusters(count)
	return interval(a, max(effect, clean.arms())), interval(b, max(effect, stats.DesignEffect(b), fault.arms()))
}

// arms is how many arms saw the same second: they have the same journeys, so that together they are worth no more than one.
func (w window) arms() float64 {
	most := 1
	for _, s := range w {
		most = max(most, len(s.work))
	}
	return float64(most)
}

func noInterval() stats.Interval {
	return stats.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
}
