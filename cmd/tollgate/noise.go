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
	return a.noiseTable(blocks, e.Toll.Rate, e.Toll.Slice)
}

// noiseTable prints what blocks of response times say, for runs with slices of a length.
func (a *app) noiseTable(blocks [][]float64, rate float64, slice time.Duration) error {
	n := 0
	for _, b := range blocks {
		n += len(b)
	}
	// Half of the blocks were one arm's. Widths fall with the square root of the load.
	scale := math.Sqrt(float64(len(blocks)) / 2 * runner.NoiseBlock.Seconds() / noisePerArm.Seconds())
	width := func(blocks [][]float64, inARow int, q float64) float64 {
		return scale * stats.AlternationNoise(rand.New(rand.NewPCG(1, 1)), blocks, inARow, q)
	}
	shuffled := stats.ShuffledBlocks(rand.New(rand.NewPCG(2, 2)), blocks)
	luck, tailLuck := width(shuffled, 1, 0.5), width(shuffled, 1, 0.95)
	if math.IsNaN(luck) || math.IsNaN(tailLuck) {
		return errors.New("too few requests were answered to say anything")
	}
	rows := [][]string{{"arms alternate every", "at p50", "of luck alone", "at p95", "of luck alone"}}
	longest, lossless := time.Duration(0), true
	var at time.Duration // of the alternations, the longest that is no longer than a slice
	var atMid, atTail float64
	for _, inARow := range alternations() {
		every := time.Duration(inARow) * runner.NoiseBlock
		mid, tail := width(blocks, inARow, 0.5), width(blocks, inARow, 0.95)
		if math.IsNaN(mid) || math.IsNaN(tail) {
			continue
		}
		if lossless = lossless && mid <= noLoss*luck; lossless {
			longest = every
		}
		if at == 0 || every <= slice {
			at, atMid, atTail = every, mid, tail
		}
		rows = append(rows, []string{
			every.String(), fmt.Sprintf("±%.1f %%", 100*mid), fmt.Sprintf("%.1f times", mid/luck),
			fmt.Sprintf("±%.1f %%", 100*tail), fmt.Sprintf("%.1f times", tail/tailLuck),
		})
	}
	fmt.Fprintf(a.stdout, "Two identical arms that alternate on this machine: the half-width of the 95 %% interval of their difference,\n"+
		"for %v of load for each, estimated from %d requests of one arm under steady load of %.0f/s.\n\n", noisePerArm, n, rate)
	if err := a.table(rows); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nThe luck of the requests alone, which no machine can take away, is ±%.1f %% at p50 and ±%.1f %% at p95.\n", 100*luck, 100*tailLuck)
	if longest == 0 {
		fmt.Fprintf(a.stdout, "Even at %v this machine adds to it. Keep other work off it, or plan longer runs.\n", runner.NoiseBlock)
	} else {
		fmt.Fprintf(a.stdout, "Up to %v this machine adds next to nothing to it at p50: a good toll.slice.\n", longest)
	}
	fmt.Fprintf(a.stdout, "A run of two minutes of load over four arms that alternate every %v: about nine of ten with identical code would pass\n"+
		"a budget of %+.1f %% at p50, or of %+.1f %% at p95. A smaller one mostly stays open.\n", at, 100*decides(atMid), 100*decides(atTail))
	return nil
}

// decides is the budget that identical code passes in nine of ten runs with 30 s of load for each of four arms, given the half-width for
// two arms of noisePerArm. Such a run has three times as much load, and compares with the mean of two baselines in place of one. A
// budget is passed if the upper end of the interval is below it: 1.96 standard errors above the estimate, which itself is
// below 1.28 of them in nine of ten.
func decides(half float64) float64 {
	const load, references = 3.0, 2.0
	half *= math.Sqrt((1 + 1/references) / 2 / load)
	return half * (1.96 + 1.28) / 1.96
}
