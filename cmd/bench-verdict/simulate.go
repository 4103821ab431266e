package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// simulateOptions size the simulation.
type simulateOptions struct {
	runs      int
	resamples int     // of the bootstrap
	seed      uint64  // the same seed gives the same tables
	noise     float64 // log standard deviation of a calm slot: 0.1 is 10 %
	parts     []string
}

// simulatedCost is the true cost of the arm whose coverage is counted.
const simulatedCost = 0.05

// powerCosts are the true costs of the power curve.
func powerCosts() []float64 { return []float64{0.01, 0.02, 0.03, 0.05, 0.07, 0.1} }

func (b *bench) simulateCommand() *cobra.Command {
	var o simulateOptions
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Coverage, false alarms and power, by simulation of whole runs",
		Long: `Draws whole runs and estimates them as a run is estimated. The same seed gives the same tables. The parts are:

  slots    one value for every arm and round, in worlds with drift, autocorrelation, spikes and launch effects
  slices   request by request, on machines whose speed wanders while arms alternate: a gate with three budgets
  resolve  likewise: runs that end when their intervals are narrow enough
  equal    likewise: how equal the repeated baseline comes out in the shipped profiles`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.runs < 10 || o.runs > 1_000_000 || o.resamples < 99 || !(o.noise > 0 && o.noise <= 1) {
				return fmt.Errorf("--runs must be from 10 to 1000000, --resamples at least 99, --noise above 0 and at most 1, got %d, %d and %g",
					o.runs, o.resamples, o.noise)
			}
			if err := checkParts(o.parts); err != nil {
				return err
			}
			tables, err := b.simulate(c.Context(), o)
			if err != nil {
				return err
			}
			return writeAll(b.stdout, tables)
		},
	}
	c.Flags().IntVar(&o.runs, "runs", 400, "simulated runs of every world and size")
	c.Flags().IntVar(&o.resamples, "resamples", 199, "bootstrap resamples of every estimate")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "seed of everything that is drawn")
	c.Flags().StringSliceVar(&o.parts, "part", parts(), "what to simulate")
	c.Flags().Float64Var(&o.noise, "noise", 0.1, "standard deviation of a calm slot, as a share of its value")
	return c
}

// shape is the size of a simulated run. The first two arms are baselines, the last arm costs something, and the arms between
// cost nothing.
type shape struct{ launches, rounds, arms int }

func (s shape) String() string { return fmt.Sprintf("%d × %d × %d", s.launches, s.rounds, s.arms) }

// shapes are all sizes that are simulated.
func shapes() []shape {
	var out []shape
	for _, launches := range []int{2, 3, 4} {
		for _, rounds := range []int{6, 12, 20} {
			for _, arms := range []int{4, 6} {
				out = append(out, shape{launches, rounds, arms})
			}
		}
	}
	return out
}

// cell has the counts of one world at one size.
type cell struct {
	shape   shape
	runs    int
	covered int     // intervals that hold the truth, of the arm that costs something
	alarms  int     // intervals that exclude 0, of an arm that costs nothing
	half    float64 // sum of the half-widths of the arm that costs something, on the scale of logarithms
}

// simulate makes the tables.
func (b *bench) simulate(ctx context.Context, o simulateOptions) ([]*markdown.Table, error) {
	begin := time.Now()
	var tables []*markdown.Table
	for _, part := range parts() {
		if !slices.Contains(o.parts, part) {
			continue
		}
		made, err := b.simulatePart(ctx, part, o)
		if err != nil {
			return nil, err
		}
		tables = append(tables, made...)
		b.say("simulated: %s, after %v", part, time.Since(begin).Round(time.Second))
	}
	for _, t := range tables {
		t.Command = []string{"bench-verdict " + strings.Join(markdown.Collect(b.args, quoted), " ")}
		t.Facts = facts([]origin{here("of this checkout")})
	}
	return tables, nil
}

// simulatePart makes the tables of one of parts.
func (b *bench) simulatePart(ctx context.Context, part string, o simulateOptions) ([]*markdown.Table, error) {
	one := func(t *markdown.Table, err error) ([]*markdown.Table, error) { return []*markdown.Table{t}, err }
	switch part {
	case "slices":
		gate, widths, err := simulateSliced(ctx, o)
		return []*markdown.Table{scaleTable(o), gate, widths}, err
	case "resolve":
		return one(simulateResolve(ctx, o))
	case "equal":
		return one(simulateEqual(ctx, o))
	default:
		return b.simulateSlots(ctx, o)
	}
}

// simulateSlots makes the tables of the worlds.
func (b *bench) simulateSlots(ctx context.Context, o simulateOptions) ([]*markdown.Table, error) {
	estimate := tollEstimator(o.resamples)
	all := make([][]cell, len(worlds()))
	for w, world := range worlds() {
		all[w] = make([]cell, len(shapes()))
		if err := parallel(ctx, len(shapes()), func(s int) {
			all[w][s] = simulateCell(world, shapes()[s], estimate, o, stream(o.seed, 0, uint64(w), uint64(s)))
		}); err != nil {
			return nil, err
		}
		b.say("simulated: %s", world.name)
	}
	power, err := simulatePower(ctx, estimate, o)
	if err != nil {
		return nil, err
	}
	gate, err := simulateGate(ctx, estimate, o)
	if err != nil {
		return nil, err
	}
	return []*markdown.Table{coverageTable(all, o), gate, power, sizeTable(all)}, nil
}

// simulate makes the runs of every job of a part, on all cores, each with random numbers that depend only on the part, the job and the run.
func (o simulateOptions) simulate(ctx context.Context, part uint64, jobs int, run func(job int, rng *rand.Rand)) error {
	return parallel(ctx, jobs, func(i int) {
		seed := stream(o.seed, part, uint64(i))
		for n := range o.runs {
			run(i, rand.New(rand.NewPCG(seed, uint64(n))))
		}
	})
}

// stream returns a seed for one part of a simulation. It depends only on the numbers of the part.
func stream(seed uint64, parts ...uint64) uint64 {
	for _, p := range parts {
		seed = rand.New(rand.NewPCG(seed, p)).Uint64()
	}
	return seed
}

func simulateCell(w world, s shape, estimate estimator, o simulateOptions, seed uint64) cell {
	c := cell{shape: s, runs: o.runs}
	truth := math.Log1p(simulatedCost) / o.noise
	for run := range o.runs {
		rng := rand.New(rand.NewPCG(seed, uint64(run)))
		values := w.draw(rng, s.launches, s.rounds, s.arms)
		cost(values, s.arms-1, truth)
		costly, free := estimate(values, s.arms-1, shown, rng.Uint64()), estimate(values, s.arms-2, shown, rng.Uint64())
		if !costly.Excludes(truth) {
			c.covered++
		}
		if free.Excludes(0) {
			c.alarms++
		}
		c.half += (costly.Hi - costly.Lo) / 2 * o.noise
	}
	return c
}

// rates are the rates of one cell, or of several cells together.
func rates(cells []cell) (coverage, alarms, half float64) {
	runs := 0
	for _, c := range cells {
		runs += c.runs
		coverage, alarms, half = coverage+float64(c.covered), alarms+float64(c.alarms), half+c.half
	}
	n := float64(runs)
	return coverage / n, alarms / n, half / n
}

// coverageTable has a row for every world, over all sizes.
func coverageTable(all [][]cell, o simulateOptions) *markdown.Table {
	n := float64(o.runs)
	t := &markdown.Table{
		Title:  "Simulation: coverage and false alarms by world",
		Header: []string{"world", "runs", "coverage", "lowest of a size", "highest of a size", "false alarms", "highest of a size", "mean half-width"},
		Notes: []string{
			fmt.Sprintf("Coverage: the 95 %% interval of an arm that costs %+.0f %% holds the truth. "+
				"False alarms: the interval of an arm that costs nothing excludes 0.", 100*simulatedCost),
			fmt.Sprintf("Half-widths are for slots with a standard deviation of %.0f %%, without stalls.", 100*o.noise),
			fmt.Sprintf("There are %d runs of each size: a true 95 %% comes out with a standard error of %.1f points.", o.runs, 100*math.Sqrt(0.95*0.05/n)),
		},
	}
	for w, world := range worlds() {
		coverage, alarms, half := rates(all[w])
		byCoverage := func(a, b cell) int { return cmp.Compare(a.covered, b.covered) }
		low, high := slices.MinFunc(all[w], byCoverage), slices.MaxFunc(all[w], byCoverage)
		worst := slices.MaxFunc(all[w], func(a, b cell) int { return cmp.Compare(a.alarms, b.alarms) })
		at := func(k int, s shape) string { return fmt.Sprintf("%s (%v)", percent(float64(k)/n), s) }
		t.Add(world.name, fmt.Sprint(o.runs*len(all[w])), percent(coverage), at(low.covered, low.shape), at(high.covered, high.shape),
			percent(alarms), at(worst.alarms, worst.shape), percent(math.Expm1(half)))
	}
	return t
}

// sizeTable has a row for every world and number of launches and rounds, over the numbers of arms.
func sizeTable(all [][]cell) *markdown.Table {
	t := &markdown.Table{
		Title:  "Simulation: coverage and false alarms by size",
		Header: []string{"world", "launches × rounds × arms", "coverage", "false alarms", "mean half-width"},
	}
	for w, world := range worlds() {
		for _, c := range all[w] {
			coverage, alarms, half := rates([]cell{c})
			t.Add(world.name, c.shape.String(), percent(coverage), percent(alarms), percent(math.Expm1(half)))
		}
	}
	return t
}
