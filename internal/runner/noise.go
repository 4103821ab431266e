package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
)

// NoiseBlock is the length of the blocks that Noise returns.
const NoiseBlock = 50 * time.Millisecond

// Noise puts steady load on one arm of the baseline, at the rate of the toll, and returns the response times of the main step in s, in
// consecutive blocks of NoiseBlock. Options.Out is a directory for what it needs meanwhile, which must not exist or be empty.
func Noise(ctx context.Context, e *experiment.Experiment, o Options, length time.Duration) (blocks [][]float64, err error) {
	_, err = begin(ctx, e, o, func(r *run, ctx context.Context) error {
		arms := r.Specs(r.TollArms()[:1], r.Telemetry.MetricInterval)
		return r.deployWarm(ctx, warm{varied: arms, specs: arms, why: "one arm, to measure the noise of the machine", rate: r.Toll.Rate},
			func(ctx context.Context, launch int, arms []testenv.Arm) error {
				return r.steadyLoad(ctx, launch, arms[0], int(length/NoiseBlock))
			})
	})
	if err != nil {
		return nil, err
	}
	lines, err := result.ReadLatency(filepath.Join(o.Out, result.LatencyFile))
	if err != nil {
		return nil, err
	}
	blocks = make([][]float64, int(length/NoiseBlock))
	main := (result.Plan{}).MainStep() // of our journeys
	for _, l := range lines {
		if l.Phase != slot.Toll || l.Kind != result.Response || l.Step != main || l.Round >= len(blocks) {
			continue
		}
		h, err := l.Histogram()
		if err != nil {
			return nil, fmt.Errorf("runner: %w", err)
		}
		for _, bar := range h.Distribution() {
			for range bar.Count {
				blocks[l.Round] = append(blocks[l.Round], (time.Duration(bar.From+bar.To) / 2).Seconds())
			}
		}
	}
	return blocks, nil
}

// steadyLoad loads one arm in so many blocks, each of which begins when the one before is over, whether or not its answers are in.
func (r *run) steadyLoad(ctx context.Context, launch int, arm testenv.Arm, blocks int) error {
	if err := arm.Unpark(); err != nil {
		return err
	}
	r.Progress.Begin("noise", time.Duration(blocks)*NoiseBlock, fmt.Sprintf("steady load of %.0f requests/s", r.Toll.Rate))
	var outstanding []<-chan slot.Report
	for n := range blocks {
		report, err := r.conductor.send(ctx, func() slot.Order {
			return slot.Order{
				Phase: slot.Toll, Launch: launch, Round: n, Targets: targets([]testenv.Arm{arm}), Duration: NoiseBlock, Rate: r.Toll.Rate, Overlap: true,
			}
		})
		if err != nil {
			return err
		}
		outstanding = append(outstanding, report)
		r.Progress.Advance(time.Duration(n+1) * NoiseBlock)
	}
	failed := int64(0)
	for _, report := range outstanding {
		select {
		case got := <-report:
			for _, a := range got.Arms {
				failed += a.Failed + a.Dropped
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if failed > 0 {
		return errors.New("runner: requests failed or were dropped under steady load: the machine is too busy to say anything of its noise")
	}
	r.Progress.End("")
	return nil
}
