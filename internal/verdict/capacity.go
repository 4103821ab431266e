package verdict

import (
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Capacity is the highest offered rate that each level sustained within the SLO.
type Capacity struct {
	Plan     result.CapacityPlan
	Step     string // whose p99 the SLO is about
	Launches int    // that were searched in to an end
	Arms     []ArmCapacity
}

// ArmCapacity is the capacity of one arm: the baseline first, then its repetition, then the levels.
type ArmCapacity struct {
	Arm    result.Arm
	Rate   Interval // requests per second; its Mid is NaN where the search found no limit, or no rate that is sustained
	Bound  string   // then: "at least 4,210/s", "under 2/s", or ""
	Effect Effect   // over both baselines, or of the repeated one over the other; all NaN for the baseline itself
	Slots  int      // judged by the SLO, void ones included
	Void   int      // of these, spoiled by the generator
}

// leastSearch is the fewest slots of a search that is judged: it takes about as many to be out of its first bracket.
const leastSearch = 8

// capacities estimates the capacity of every arm, one value per arm and launch.
type capacities struct {
	run      result.Run
	metric   Metric
	arms     []int         // into run.Arms, in display order
	base     []int         // the baseline, and its repetition if there is one
	slots    []result.Slot // all of the capacity phase
	launches []int         // numbers of the launches that were searched in
	logs     [][]float64   // by run.Arms and launch: ln of the rate; ±Inf without a limit on that side, NaN without a search
	topMet   [][]float64   // likewise: the highest rate that was sustained, 0: none
	broken   int           // searches that the end of the run cut short
}

// newCapacities is nil when the run was not to measure the capacity.
func newCapacities(d *result.Data, m *measured) *capacities {
	plan := d.Run.Plan.Capacity
	if plan == nil {
		return nil
	}
	c := &capacities{
		run: d.Run, metric: measuredBy(slot.Capacity, metricsOf(d.Run))[0].Metric, arms: slices.Clone(m.reference), base: m.reference,
		logs: make([][]float64, len(d.Run.Arms)), topMet: make([][]float64, len(d.Run.Arms)),
	}
	for i, a := range d.Run.Arms {
		if a.Role == result.RoleLevel {
			c.arms = append(c.arms, i)
		}
	}
	searches := map[place][]result.Slot{} // place.round is the arm
	for _, s := range d.Slots {
		if s.Phase != slot.Capacity {
			continue
		}
		arm := slices.IndexFunc(d.Run.Arms, func(a result.Arm) bool { return a.Name == s.Arm })
		c.slots = append(c.slots, s)
		searches[place{s.Launch, arm}] = append(searches[place{s.Launch, arm}], s)
		if !slices.Contains(c.launches, s.Launch) {
			c.launches = append(c.launches, s.Launch)
		}
	}
	for _, launch := range c.launches {
		for _, arm := range c.arms {
			log, top := threshold(searches[place{launch, arm}], d.Run)
			if math.IsNaN(log) {
				c.broken++
			}
			c.logs[arm], c.topMet[arm] = append(c.logs[arm], log), append(c.topMet[arm], top)
		}
	}
	return c
}

// threshold is the ln of the rate at which the arm is as likely to miss the SLO as to meet it, from the slots of one search,
// and the highest rate that it sustained.
func threshold(search []result.Slot, run result.Run) (log, topMet float64) {
	if len(search) < leastSearch {
		return math.NaN(), 0
	}
	var trials []stats.Trial
	for _, s := range search {
		switch Sustained(s, run) {
		case Met:
			topMet = max(topMet, s.Rate)
			trials = append(trials, stats.Trial{X: math.Log(s.Rate)})
		case Overloaded:
			trials = append(trials, stats.Trial{X: math.Log(s.Rate), Yes: true})
		}
	}
	return stats.Threshold(trials), topMet
}

// references are the arms that an arm is compared with.
func (c *capacities) references(arm int) []int {
	if len(c.base) > 1 && arm == c.base[1] {
		return c.base[:1]
	}
	return c.base
}

// difference estimates arm − reference, requests per second.
func (c *capacities) difference(arm int, confidence float64) stats.Result {
	return c.contrast(arm, confidence, math.Exp)
}

// ratio estimates arm / reference − 1, the reference being the geometric mean of both baselines.
func (c *capacities) ratio(arm int, confidence float64) stats.Result {
	r := c.contrast(arm, confidence, func(log float64) float64 { return log })
	if r.Mid = math.Expm1(r.Mid); r.Finite() { // infinite ends stay infinite on both sides
		r.Lo, r.Hi = math.Expm1(r.Lo), math.Expm1(r.Hi)
	}
	return r
}

// contrast estimates an arm less the mean of its references over the launches in which all of them have a limit. How much
// launches vary is taken from all arms that have one in every launch.
func (c *capacities) contrast(arm int, confidence float64, of func(log float64) float64) stats.Result {
	others := c.references(arm)
	var values [][]float64
	for l := range c.logs[arm] {
		x := of(c.logs[arm][l])
		for _, other := range others {
			x -= of(c.logs[other][l]) / float64(len(others))
		}
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			values = append(values, []float64{x})
		}
	}
	var full [][][]float64
	for _, a := range c.arms {
		var launches [][]float64
		for _, log := range c.logs[a] {
			launches = append(launches, []float64{of(log)})
		}
		if !notFinite(launches) {
			full = append(full, launches)
		}
	}
	var spread stats.Spread
	if len(full) > 1 {
		spread = stats.ArmSpread(full).Contrast(len(others))
	}
	return stats.Estimate(values, stats.Options{Confidence: confidence, Spread: spread})
}

// analyze is what reports show.
func (c *capacities) analyze(confidence float64) *Capacity {
	out := &Capacity{Plan: *c.run.Plan.Capacity, Step: c.run.Plan.MainStep()}
	for l := range c.logs[c.arms[0]] {
		if !slices.ContainsFunc(c.arms, func(a int) bool { return math.IsNaN(c.logs[a][l]) }) {
			out.Launches++
		}
	}
	for _, arm := range c.arms {
		out.Arms = append(out.Arms, c.arm(arm, confidence))
	}
	return out
}

// leftOut says how many searches are no part of the capacity; nothing if all are.
func (c *capacities) leftOut() []string {
	if c.broken == 0 {
		return nil
	}
	return []string{fmt.Sprintf("searches of the capacity left out because they have fewer than %d slots that show anything: %d", leastSearch, c.broken)}
}

func (c *capacities) arm(arm int, confidence float64) ArmCapacity {
	nan := math.NaN()
	out := ArmCapacity{Arm: c.run.Arms[arm], Rate: Interval{nan, nan, nan}}
	for _, s := range c.slots {
		if s.Arm == out.Arm.Name {
			out.Slots++
			if Sustained(s, c.run) == Void {
				out.Void++
			}
		}
	}
	bound, why := c.bound(arm)
	if out.Bound = bound; bound == "" {
		var values [][]float64
		for _, log := range c.logs[arm] {
			if !math.IsNaN(log) {
				values = append(values, []float64{log})
			}
		}
		r := stats.Estimate(values, stats.Options{Confidence: confidence})
		out.Rate = Interval{math.Exp(r.Lo), math.Exp(r.Mid), math.Exp(r.Hi)}
	}
	out.Effect = Effect{Metric: c.metric, Value: out.Rate.Mid, Diff: Interval{nan, nan, nan}, Ratio: Interval{nan, nan, nan}, Detectable: nan}
	if arm != c.arms[0] {
		diff, ratio := c.difference(arm, confidence), c.ratio(arm, confidence)
		out.Effect.Diff, out.Effect.Ratio, out.Effect.Rounds = Interval(diff.Interval), Interval(ratio.Interval), ratio.N
		if out.Effect.Significant = ratio.Excludes(0); ratio.Finite() {
			out.Effect.Detectable = (ratio.Hi - ratio.Lo) / 2
		}
	}
	if why == "" && len(c.logs[arm]) == 1 {
		why = "one capacity per launch: an interval needs at least two launches"
	}
	out.Effect.Note = why
	return out
}

// bound says that an arm's search found no limit in some launch, in which direction, and why; "" if it did.
func (c *capacities) bound(arm int) (bound, why string) {
	least, under, unlimited := math.Inf(1), 0.0, false
	for l, log := range c.logs[arm] {
		switch {
		case math.IsInf(log, 1):
			unlimited, least = true, min(least, c.topMet[arm][l])
		case math.IsInf(log, -1):
			under = max(under, c.lowest(arm))
		case !math.IsNaN(log):
			least = min(least, math.Exp(log))
		}
	}
	name, plan := c.run.Arms[arm].Name, c.run.Plan.Capacity
	switch {
	case under > 0:
		return fmt.Sprintf("under %.0f/s", under), fmt.Sprintf("%s missed the SLO at every rate that was tried: "+
			"lower capacity.start, or ask less of the SLO", name)
	case unlimited && least >= 0.999*plan.Max:
		return fmt.Sprintf("at least %.0f/s", least), fmt.Sprintf("%s met the SLO at %.0f/s, the highest rate that was to be offered: "+
			"raise capacity.max", name, plan.Max)
	case unlimited:
		return fmt.Sprintf("at least %.0f/s", least), fmt.Sprintf("%s: beyond %.0f/s it was the load generator that was late or short of CPU: "+
			"use a machine with more cores", name, least)
	default:
		return "", ""
	}
}

// lowest is the lowest rate that an arm was offered.
func (c *capacities) lowest(arm int) float64 {
	low := math.Inf(1)
	for _, s := range c.slots {
		if s.Arm == c.run.Arms[arm].Name {
			low = min(low, s.Rate)
		}
	}
	return low
}
