package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// gateLooks are the plans of the simulated gates: the numbers of launches after which the budgets are judged.
func gateLooks() [][]int { return [][]int{{3}, {3, 6}, {3, 6, 12}} }

// Sizes of the simulated gates: two levels besides the baselines, each with a budget.
const (
	gateRounds = 8
	gateArms   = 4
)

// gateCosts are the true costs of both levels: nothing; the limit itself, where neither pass nor fail is right; and clearly
// more.
func gateCosts() []float64 { return []float64{0, gateLimit, 2 * gateLimit} }

// gateCount counts the outcomes of the runs of one gate.
type gateCount struct {
	passes, fails, wrong, launches int // runs in which both levels passed, a level failed, a level was decided wrongly; launches of all runs
}

// simulateGate counts the decisions of a gate with two budgets of +5 %, where a run is extended while a budget is open.
func simulateGate(ctx context.Context, estimate estimator, o simulateOptions) (*markdown.Table, error) {
	t := &markdown.Table{
		Title:  "Simulation: a gate of two budgets, all looks counted",
		Header: []string{"world", "looks after launches", "true cost", "some wrong decision", "both pass", "some fail", "open at the end", "mean launches"},
		Notes: []string{
			fmt.Sprintf("%d runs of %d rounds per launch and %d arms each; both levels have the budget of %s. With a cost of exactly %s any decision, pass or fail, is wrong. "+
				"Every look and every budget is a chance to be wrong.", o.runs, gateRounds, gateArms, signed(gateLimit), signed(gateLimit)),
			fmt.Sprintf("Slots have a standard deviation of %.0f %%, without stalls.", 100*o.noise),
		},
	}
	type job struct {
		world world
		looks []int
		cost  float64
	}
	var jobs []job
	for _, w := range powerWorlds() {
		for _, looks := range gateLooks() {
			for _, cost := range gateCosts() {
				jobs = append(jobs, job{w, looks, cost})
			}
		}
	}
	counts := make([]gateCount, len(jobs))
	if err := o.simulate(ctx, 2, len(jobs), func(i int, rng *rand.Rand) {
		j := jobs[i]
		counts[i].add(simulateRun(rng, j.world, j.looks, j.cost, o.noise, estimate))
	}); err != nil {
		return nil, err
	}
	for i, j := range jobs {
		c, n := counts[i], float64(o.runs)
		open := o.runs - c.passes - c.fails
		t.Add(j.world.name, strings.Trim(fmt.Sprint(j.looks), "[]"), signed(j.cost), percent(float64(c.wrong)/n), percent(float64(c.passes)/n),
			percent(float64(c.fails)/n), percent(float64(open)/n), fmt.Sprintf("%.1f", float64(c.launches)/n))
	}
	return t, nil
}

func (c *gateCount) add(run gateCount) {
	c.passes, c.fails, c.wrong, c.launches = c.passes+run.passes, c.fails+run.fails, c.wrong+run.wrong, c.launches+run.launches
}

// simulateRun is one run of a gate: it draws launches up to each look, until no budget is open.
func simulateRun(rng *rand.Rand, w world, looks []int, truth, noise float64, estimate estimator) gateCount {
	most := looks[len(looks)-1]
	values := w.draw(rng, most, gateRounds, gateArms)
	var part []float64
	for _, launches := range looks {
		part = append(part, float64(launches)/float64(most))
	}
	limit := math.Log1p(gateLimit) / noise
	for arm := 2; arm < gateArms; arm++ {
		cost(values, arm, math.Log1p(truth)/noise)
	}
	family := stats.NewFamily(gateArms - 2)
	var out gateCount
	passed := 0
	for k, rate := range stats.Spend(1-shown, part) {
		out.launches = looks[k]
		seen := make([][][]float64, gateArms)
		for arm := range seen {
			seen[arm] = values[arm][:looks[k]]
		}
		seed := rng.Uint64()
		family.Look(1-rate, func(i int, passAt, failAt float64) stats.Decision {
			switch {
			case estimate(seen, 2+i, passAt, seed).Hi < limit:
				if passed++; truth >= gateLimit {
					out.wrong = 1
				}
				return stats.Passed
			case estimate(seen, 2+i, failAt, seed).Lo > limit:
				if out.fails = 1; truth <= gateLimit {
					out.wrong = 1
				}
				return stats.Failed
			default:
				return stats.Open
			}
		})
		if family.Open() == 0 {
			break
		}
	}
	if passed == gateArms-2 {
		out.passes = 1
	}
	return out
}
