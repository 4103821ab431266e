package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// powerShapes are the sizes of the power curve; one is that of the default run of identical code.
func powerShapes() []shape { return []shape{{3, 6, 4}, {3, defaultRounds, 4}, {4, 22, 6}} }

// powerWorlds are the best world and the worst world.
func powerWorlds() []world { return []world{worlds()[0], worlds()[len(worlds())-1]} }

// simulatePower counts how often a true cost is distinguished from no cost.
func simulatePower(ctx context.Context, estimate estimator, o simulateOptions) (*markdown.Table, error) {
	t := &markdown.Table{
		Title:  "Simulation: power",
		Header: []string{"world", "launches × rounds × arms"},
		Notes: []string{fmt.Sprintf("Share of %d runs whose 95 %% interval lies above 0, by the true cost; "+
			"slots have a standard deviation of %.0f %%, without stalls.", o.runs, 100*o.noise)},
	}
	for _, c := range powerCosts() {
		t.Header = append(t.Header, signed(c))
	}
	type job struct{ world, shape, cost int }
	var jobs []job
	for w := range powerWorlds() {
		for s := range powerShapes() {
			for c := range powerCosts() {
				jobs = append(jobs, job{w, s, c})
			}
		}
	}
	called := make([]float64, len(jobs))
	if err := parallel(ctx, len(jobs), func(i int) {
		j := jobs[i]
		s, truth := powerShapes()[j.shape], math.Log1p(powerCosts()[j.cost])/o.noise
		seed := stream(o.seed, 1, uint64(j.world), uint64(j.shape)) // the same random numbers for every cost
		for run := range o.runs {
			rng := rand.New(rand.NewPCG(seed, uint64(run)))
			values := powerWorlds()[j.world].draw(rng, s.launches, s.rounds, s.arms)
			cost(values, s.arms-1, truth)
			if estimate(values, s.arms-1, shown, rng.Uint64()).Lo > 0 {
				called[i] += 1 / float64(o.runs)
			}
		}
	}); err != nil {
		return nil, err
	}
	for i := 0; i < len(jobs); i += len(powerCosts()) {
		row := []string{powerWorlds()[jobs[i].world].name, powerShapes()[jobs[i].shape].String()}
		for _, share := range called[i : i+len(powerCosts())] {
			row = append(row, percent(share))
		}
		t.Add(row...)
	}
	return t, nil
}
