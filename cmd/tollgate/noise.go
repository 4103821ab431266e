package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/runner"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

const (
	defaultNoise = time.Minute
	leastNoise   = 20 * time.Second
	mostNoise    = 10 * time.Minute

	noisePerArm = 10 * time.Second // of load, to which the half-widths are scaled
	noLoss      = 1.25             // a half-width so many times that of luck alone has lost next to nothing to the machine
)

// alternations are how many blocks an arm has in a row: 50 ms to 2 s.
func alternations() []int { return []int{1, 2, 4, 10, 20, 40} }

// noise measures and prints how far apart two identical arms would seem to be on this machine.
func (a *app) noise(ctx context.Context, length time.Duration) error {
	if length < leastNoise || length > mostNoise {
		return usage(fmt.Errorf("--for must be from %v to %v, got %v", leastNoise, mostNoise, length))
	}
	e, err := experiment.Profile("")
	if err != nil {
		return err
	}
	e.Faults, e.Budgets = []string{}, []string{}
	if err := e.Validate(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tollgate-noise-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o := runner.Options{Out: filepath.Join(dir, "run"), Version: version()}
	if o.Env, o.Binary, err = a.environment(e, ""); err != nil {
		return err
	}
	progress := newProgress(a.stderr)
	o.Progress = progress
	blocks, err := runner.Noise(ctx, e, o, length)
	progress.close()
	if err != nil {
		return err
	}
	return a.noiseTable(blocks, e.Toll.Rate)
}

// noiseTable prints what blocks of response times say.
func (a *app) noiseTable(blocks [][]float64, rate float64) error {
	n := 0
	for _, b := range blocks {
		n += len(b)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	// Half of the blocks were one arm's. Widths fall with the square root of the load.
	scale := math.Sqrt(float64(len(blocks)) / 2 * runner.NoiseBlock.Seconds() / noisePerArm.Seconds())
	luck := scale * stats.AlternationNoise(rng, stats.ShuffledBlocks(rng, blocks), 1)
	if math.IsNaN(luck) {
		return errors.New("too few requests were answered to say anything")
	}
	rows := [][]string{{"arms alternate every", "half-width at p50", "of luck alone"}}
	longest, lossless := time.Duration(0), true
	for _, inARow := range alternations() {
		every := time.Duration(inARow) * runner.NoiseBlock
		width := scale * stats.AlternationNoise(rng, blocks, inARow)
		if math.IsNaN(width) {
			continue
		}
		if lossless = lossless && width <= noLoss*luck; lossless {
			longest = every
		}
		rows = append(rows, []string{every.String(), fmt.Sprintf("±%.1f %%", 100*width), fmt.Sprintf("%.1f times", width/luck)})
	}
	fmt.Fprintf(a.stdout, "Two identical arms that alternate on this machine: the half-width of the 95 %% interval of their difference at p50,\n"+
		"for %v of load for each, estimated from %d requests of one arm under steady load of %.0f/s.\n\n", noisePerArm, n, rate)
	if err := a.table(rows); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nThe luck of the requests alone, which no machine can take away, is ±%.1f %%.\n", 100*luck)
	if longest == 0 {
		fmt.Fprintf(a.stdout, "Even at %v this machine adds to it. Keep other work off it, or plan longer runs.\n", runner.NoiseBlock)
		return nil
	}
	fmt.Fprintf(a.stdout, "Up to %v this machine adds next to nothing to it: a good toll.slice.\n", longest)
	return nil
}
