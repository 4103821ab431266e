package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Arms of a simulated run in slices, as those of a real run of identical code: the baseline, its repetition, a known delay, and a
// level with three budgets.
const (
	slicedArms = 4
	delayed    = 2
	judged     = 3
)

// delayedBy is what the known delay costs, as a share.
const delayedBy = 0.18

// slicedPlans are the sizes of simulated runs in slices: with the number of launches at each look. The first is that of the pr profile.
func slicedPlans() ([]slicedPlan, error) {
	const slot, slice = 0.5, 0.1
	e, err := experiment.Profile("")
	if err != nil {
		return nil, err
	}
	pr := slicedPlan{
		name:  fmt.Sprintf("pr: %d rounds, up to %d launches", e.Toll.Rounds, e.Toll.Most),
		plan:  plan{e.Toll.Most, e.Toll.Rounds, slicedArms, e.Toll.Slot.Seconds(), e.Toll.Slice.Seconds()},
		costs: slicedCosts(),
	}
	for _, look := range verdict.PlanLooks(e.Toll.Launches, e.Toll.Most, false) {
		pr.looks = append(pr.looks, look.Launches)
	}
	return []slicedPlan{
		pr,
		{"two minutes: 10 rounds", plan{6, 10, slicedArms, slot, slice}, []int{6}, slicedCosts()},
		{"two minutes, slots in one piece", plan{6, 10, slicedArms, slot, 0}, []int{6}, []float64{0, 0.10}},
	}, nil
}

type slicedPlan struct {
	name string
	plan
	looks []int     // numbers of launches
	costs []float64 // true, of the judged level
}

// slicedCosts are the true costs of the judged level.
func slicedCosts() []float64 { return []float64{0, 0.02, gateLimit, 0.10} }

// estimates are the estimates of a run, one metric at a time.
type estimates struct {
	values    [][][]float64
	spread    stats.Spread
	resamples int
}

func estimatesOf(values [][][]float64, resamples int) estimates {
	return estimates{values, stats.ArmSpread(values), resamples}
}

// over is what an arm costs over the first of the arms, so many of them.
func (e estimates) over(arm, references int, confidence float64, seed uint64) stats.Interval {
	return stats.EstimateArm(e.values[arm], e.values[:references], stats.Options{
		Confidence: confidence, Resamples: e.resamples, Seed: seed, Spread: e.spread.Contrast(references),
	}).Interval
}

// level is what the judged level costs over both baselines, repeat what the second baseline costs over the first.
func (e estimates) level(confidence float64, seed uint64) stats.Interval {
	return e.over(judged, 2, confidence, seed)
}

func (e estimates) repeat(confidence float64, seed uint64) stats.Interval {
	return e.over(1, 1, confidence, seed)
}

// slicedCount counts what became of the runs of one plan.
type slicedCount struct {
	runs, pass, fail, invalid, wrong, launches int
	hopeless                                   int    // ended since no budget was likely to be decided
	passed, covered                            [3]int // by metric: of the budgets, and the interval that a report shows
	half                                       [3][]float64
}

// simulateSliced counts the decisions of a gate with three budgets of +5 %, as a run makes them.
func simulateSliced(ctx context.Context, o simulateOptions) (gate, widths *markdown.Table, err error) {
	type job struct {
		machine host
		plan    slicedPlan
		cost    float64
	}
	plans, err := slicedPlans()
	if err != nil {
		return nil, nil, err
	}
	var jobs []job
	for _, m := range hosts()[:2] {
		for _, p := range plans {
			for _, cost := range p.costs {
				jobs = append(jobs, job{m, p, cost})
			}
		}
	}
	counts := make([]slicedCount, len(jobs))
	if err := o.simulate(ctx, 4, len(jobs), func(i int, rng *rand.Rand) {
		j := jobs[i]
		counts[i].run(rng, j.machine, j.plan, j.cost, o.resamples)
	}); err != nil {
		return nil, nil, err
	}
	n := float64(o.runs)
	gate = &markdown.Table{
		Title:  "Simulation in slices: a gate of three budgets of +5 %",
		Header: []string{"machine", "plan", "true cost", "pass", "fail", "inconclusive", "invalid", "wrong", "p50 passed", "p95 passed", "cpu passed", "ended without hope", "mean launches"},
		Notes: []string{
			fmt.Sprintf("%d runs each, of four arms with slots of 500 ms; looks after %s launches (pr), or after 6. The budgets of p50, p95 and CPU are one family. "+
				"With a cost of exactly %s any decision is wrong, and every decision counts.", o.runs, strings.Trim(fmt.Sprint(plans[0].looks), "[]"), signed(gateLimit)),
			"Invalid: the repeated baseline is told apart from the baseline, as the control does it, at the end of the run. The other controls are not simulated.",
			"Ended without hope: before the last look, since all open budgets had less than one chance in ten to be decided by it.",
			"Two minutes are those of the load of four arms together.",
		},
	}
	widths = &markdown.Table{
		Title:  "Simulation in slices: coverage and half-widths",
		Header: []string{"machine", "plan", "true cost", "coverage: p50", "p95", "cpu", "median half-width: p50", "p95", "cpu"},
		Notes: []string{"Of the 95 % interval that a report shows when the run has ended, at the last look that it had. " +
			fmt.Sprintf("A true 95 %% comes out with a standard error of %.1f points.", 100*math.Sqrt(0.95*0.05/n))},
	}
	for i, j := range jobs {
		c := counts[i]
		begin := []string{j.machine.name, j.plan.name, signed(j.cost)}
		gate.Add(append(begin, share(c.pass, n), share(c.fail, n), share(c.runs-c.pass-c.fail-c.invalid, n), share(c.invalid, n), share(c.wrong, n),
			share(c.passed[0], n), share(c.passed[1], n), share(c.passed[2], n), share(c.hopeless, n), fmt.Sprintf("%.1f", float64(c.launches)/n))...)
		row := begin
		for _, k := range c.covered {
			row = append(row, share(k, n))
		}
		for _, half := range c.half {
			row = append(row, percent(median(half)))
		}
		widths.Add(row...)
	}
	return gate, widths, nil
}

func share(k int, n float64) string { return percent(float64(k) / n) }

// run makes one run, launch after launch until no budget is open, and judges it.
func (c *slicedCount) run(rng *rand.Rand, m host, p slicedPlan, truth float64, resamples int) {
	all := m.draw(rng, p.plan)
	all.cost(delayed, math.Log1p(delayedBy))
	all.cost(judged, math.Log1p(truth))
	var part []float64
	for _, launches := range p.looks {
		part = append(part, float64(launches)/float64(p.launches))
	}
	limit, seed := math.Log1p(gateLimit), rng.Uint64()
	family := stats.NewFamily(len(all))
	passed, failed, wrong := 0, 0, false
	var last []estimates
	invalid := false
	for k, rate := range stats.Spend(1-shown, part) {
		last = nil
		for _, values := range all.upTo(p.looks[k]) {
			last = append(last, estimatesOf(values, resamples))
		}
		family.Look(1-rate, func(i int, passAt, failAt float64) stats.Decision {
			upper := last[i].level(passAt, seed)
			lower := upper
			if failAt != passAt {
				lower = last[i].level(failAt, seed)
			}
			switch {
			case upper.Hi < limit:
				passed++
				c.passed[i]++
				wrong = wrong || truth >= gateLimit
				return stats.Passed
			case lower.Lo > limit:
				failed++
				wrong = wrong || truth <= gateLimit
				return stats.Failed
			default:
				return stats.Open
			}
		})
		again := invalid
		invalid = broken(last, seed)
		lost := family.Open() > 0 && !likely(last, family, limit, float64(p.looks[k])/float64(p.launches), seed)
		if k == len(p.looks)-1 || invalid && again || family.Open() == 0 && !invalid || lost {
			c.launches += p.looks[k]
			if lost && k < len(p.looks)-1 {
				c.hopeless++
			}
			break
		}
	}
	c.runs++
	switch {
	case invalid:
		c.invalid++
		wrong = false // the run says itself that it is not to be believed
	case failed > 0:
		c.fail++
	case passed == len(all):
		c.pass++
	}
	if wrong {
		c.wrong++
	}
	for i, e := range last {
		saw := e.level(shown, seed)
		if !saw.Excludes(math.Log1p(truth)) {
			c.covered[i]++
		}
		c.half[i] = append(c.half[i], math.Expm1((saw.Hi-saw.Lo)/2))
	}
}

// likely says that an open budget has a fair chance to be decided by the last look, of whose data there is a part now; as verdict.Look has it.
func likely(all []estimates, family *stats.Family, limit, part float64, seed uint64) bool {
	for i, e := range all {
		if family.IsOpen(i) && stats.Decidable(e.level(shown, seed), limit, part) >= verdict.Hopeless {
			return true
		}
	}
	return false
}

// broken says that the repeated baseline is told apart from the baseline, at 99 % over all metrics and by more than 2 %.
func broken(all []estimates, seed uint64) bool {
	const control, margin = 0.01, 0.02
	for _, e := range all {
		if saw := e.repeat(1-control/float64(len(all)), seed); saw.Excludes(0) && math.Abs(math.Expm1(saw.Mid)) > margin {
			return true
		}
	}
	return false
}

// parts are what simulate can simulate, in the order of its tables.
func parts() []string { return []string{"slots", "slices", "resolve", "equal"} }

// checkParts refuses unknown parts.
func checkParts(names []string) error {
	for _, name := range names {
		known := false
		for _, p := range parts() {
			known = known || p == name
		}
		if !known {
			return fmt.Errorf("--part: no part %q: want %s", name, strings.Join(parts(), ", "))
		}
	}
	return nil
}
