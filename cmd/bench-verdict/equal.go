package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// profilePlans are the sizes of the shipped profiles.
func profilePlans() ([]slicedPlan, error) {
	var out []slicedPlan
	for _, name := range []string{"smoke", "quick", "pr", "nightly"} {
		e, err := experiment.Profile(name)
		if err != nil {
			return nil, err
		}
		out = append(out, slicedPlan{name: name, plan: plan{e.Toll.Launches, e.Toll.Rounds, len(e.TollArms()), e.Toll.Slot.Seconds(), e.Toll.Slice.Seconds()}})
	}
	return out, nil
}

// runs is how many runs of a profile are simulated: the long one has so many comparisons of arms that it gets a quarter.
func (p slicedPlan) runs(o simulateOptions) int {
	if p.launches*p.rounds*p.arms > 500 {
		return o.runs / 4
	}
	return o.runs
}

// simulateEqual says how far from 0 the interval of the repeated baseline reaches, in runs of the shipped profiles.
func simulateEqual(ctx context.Context, o simulateOptions) (*markdown.Table, error) {
	t := &markdown.Table{
		Title:  "Simulation in slices: how equal a repeated baseline can be shown to be",
		Header: []string{"machine", "profile", "p50: median", "95 %", "99 %", "p95: median", "95 %", "99 %", "cpu: median", "95 %", "99 %"},
		Notes: []string{fmt.Sprintf("The farther end of the interval of the repeated baseline, as a share: its median over %d runs (nightly: a quarter), and what it stays within in 95 %% and 99 %% of them. "+
			"toll.equal_within of a profile has to be larger.", o.runs)},
	}
	type job struct {
		machine host
		plan    slicedPlan
	}
	plans, err := profilePlans()
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, m := range hosts()[:2] {
		for _, p := range plans {
			jobs = append(jobs, job{m, p})
		}
	}
	ends := make([][3][]float64, len(jobs))
	if err := parallel(ctx, len(jobs), func(i int) {
		seed := stream(o.seed, 6, uint64(i))
		for run := range jobs[i].plan.runs(o) {
			rng := rand.New(rand.NewPCG(seed, uint64(run)))
			for metric, values := range jobs[i].machine.draw(rng, jobs[i].plan.plan) {
				end := math.Inf(1) // no interval
				if len(values[0][0]) > 0 {
					saw := estimatesOf(values, o.resamples).repeat(shown, rng.Uint64())
					end = max(math.Expm1(saw.Hi), -math.Expm1(saw.Lo))
				}
				ends[i][metric] = append(ends[i][metric], end)
			}
		}
	}); err != nil {
		return nil, err
	}
	for i, j := range jobs {
		row := []string{j.machine.name, j.plan.name}
		for _, all := range ends[i] {
			slices.Sort(all)
			for _, q := range []float64{0.5, 0.95, 0.99} {
				row = append(row, percent(rank(all, q)))
			}
		}
		t.Add(row...)
	}
	return t, nil
}
