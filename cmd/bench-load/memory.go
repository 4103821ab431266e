package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// keeper is a peer whose memory is watched, and what is kept of its samples.
type keeper struct {
	peer
	how    string
	flags  []string
	record bool
}

// keepers are those of the memory table.
func keepers() []keeper {
	nothing := []string{"--summary-mode=disabled", "--no-thresholds"}
	return []keeper{
		{drive, "recorder alone: --out perso, --summary-mode=disabled, --no-thresholds", nothing, true},
		{drive, "k6's summary, as k6 does by default", nil, false},
		{stock, "k6's summary, as k6 does by default", nil, false},
	}
}

func (b *bench) memoryCommand() *cobra.Command {
	var length, every time.Duration
	var rate float64
	var samples string
	c := &cobra.Command{
		Use:   "memory",
		Short: "Memory over time at a steady rate: drive(), and stock k6, whose trends keep every value",
		Long: `Runs the peers side by side, each against a target of its own, and samples the anonymous resident memory of each. The slope is that
of the medians of twenty blocks of time, without the first fifth, with a 95 % interval by Student's distribution.`,
		Args: noWords,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case length < time.Minute || length > 24*time.Hour:
				return usage("--for must be from 1m to 24h, got %v", length)
			case every < 100*time.Millisecond || every > length/50:
				return usage("--every must be from 100ms to a fiftieth of --for, which is %v, got %v", length/50, every)
			case !(rate >= 1 && rate <= 20_000):
				return usage("--rate must be from 1 to 20000 requests per second, got %v", rate)
			}
			return b.memory(c.Context(), load{rate: rate, length: length, vus: vusFor(rate), think: 0.1}, every, samples)
		},
	}
	c.Flags().DurationVar(&length, "for", time.Hour, "how long")
	c.Flags().DurationVar(&every, "every", 10*time.Second, "time between two samples")
	c.Flags().Float64Var(&rate, "rate", 1000, "requests per second of each peer")
	c.Flags().StringVar(&samples, "samples", "", "directory for the samples, a file for each peer; they are not kept without it")
	return c
}

// sample is the anonymous resident memory of a peer, bytes, so long after its load began.
type sample struct {
	after time.Duration
	bytes int64
	made  int64 // requests so far
}

// memory watches all keepers at the same time.
func (b *bench) memory(ctx context.Context, l load, every time.Duration, directory string) error {
	all := keepers()
	series, ends := make([][]sample, len(all)), make([]error, len(all))
	group, watched := errgroup.WithContext(ctx)
	for i, k := range all {
		group.Go(func() error {
			var err error
			series[i], err = b.watch(watched, k, l, every, directory)
			if err != nil && len(series[i]) >= 50 { // what there is is shown
				ends[i], err = err, nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	t := &markdown.Table{
		Title: fmt.Sprintf("Memory at %.0f requests a second for %v", l.rate, l.length),
		Header: []string{"peer", "kept", "requests", "after a minute", "after a quarter", "half", "three quarters", "at the end",
			"growth, MB an hour [95 %]", "bytes a request"},
		Notes: []string{"Anonymous resident memory of the generator's process in MB (10⁶ bytes): medians of a twentieth of the time around each moment. " +
			"All ran at the same time, each against a target of its own. Growth leaves out the first fifth."},
	}
	for i, k := range all {
		t.Add(row(k, series[i], l.length)...)
		if ends[i] != nil {
			t.Notes = append(t.Notes, fmt.Sprintf("%s (%s) ended early: %v", k.name, k.how, ends[i]))
		}
	}
	return b.show(t)
}

// watch samples one keeper until its load is over.
func (b *bench) watch(ctx context.Context, k keeper, l load, every time.Duration, directory string) (out []sample, err error) {
	dir, remove, err := scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	until := l.length
	l.flags, l.record, l.length = k.flags, k.record, until+10*time.Second // it is watched to its end, and not beyond
	on, err := launch(ctx, k.peer, l, "", dir)
	if err != nil {
		return nil, err
	}
	defer on.Close()
	if err := on.started(ctx); err != nil {
		return nil, err
	}
	file, err := samplesFile(directory, k)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for begin := time.Now(); time.Since(begin) < until; {
		if err := on.wait(ctx, every); err != nil {
			return out, err
		}
		now, _, err := on.memory()
		if err != nil {
			return out, err
		}
		made, err := on.served(ctx)
		if err != nil {
			return out, err
		}
		s := sample{time.Since(begin), now, made}
		out = append(out, s)
		if _, err := fmt.Fprintf(file, "%.1f\t%d\t%d\n", s.after.Seconds(), s.bytes, s.made); err != nil {
			return out, err
		}
	}
	return out, nil
}

// samplesFile is where the samples of a keeper go, tab separated: seconds, bytes, requests. Without a directory they go nowhere.
func samplesFile(directory string, k keeper) (*os.File, error) {
	if directory == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	if err := os.MkdirAll(directory, 0o750); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(directory, fileName(k.name, k.how)+".tsv"))
}

// blocks is into how many blocks of time samples are cut.
const blocks = 20

// row is the row of a keeper.
func row(k keeper, all []sample, length time.Duration) []string {
	last := all[len(all)-1]
	cells := []string{k.name, k.how, fmt.Sprint(last.made)}
	for _, at := range []time.Duration{time.Minute, length / 4, length / 2, length * 3 / 4, length} {
		cells = append(cells, markdown.Number("%.0f", around(all, at, length/blocks)/1e6))
	}
	perHour, half := slope(all)
	perRequest := math.NaN()
	if rate := float64(last.made) / last.after.Hours(); rate > 0 {
		perRequest = perHour / rate
	}
	return append(cells, fmt.Sprintf("%+.1f [%+.1f, %+.1f]", perHour/1e6, (perHour-half)/1e6, (perHour+half)/1e6), markdown.Number("%+.1f", perRequest))
}

// around is the median memory in a stretch of time around a moment, bytes; NaN if there is no sample.
func around(all []sample, at, stretch time.Duration) float64 {
	var in []float64
	for _, s := range all {
		if d := s.after - at; d >= -stretch/2 && d <= stretch/2 {
			in = append(in, float64(s.bytes))
		}
	}
	return stats.Median(in)
}

// slope is how much memory grows, in bytes an hour, and the half-width of its 95 % interval. The samples behind the first fifth are
// cut into blocks, of whose medians it is the least squares: a heap rises and falls with every collection, so that single samples
// are not independent.
func slope(all []sample) (perHour, half float64) {
	all = all[len(all)/5:]
	var x, y []float64
	for b := range blocks {
		var hours, bytes []float64
		for _, s := range all[b*len(all)/blocks : (b+1)*len(all)/blocks] {
			hours, bytes = append(hours, s.after.Hours()), append(bytes, float64(s.bytes))
		}
		if len(bytes) > 0 {
			x, y = append(x, stat.Mean(hours, nil)), append(y, stats.Median(bytes))
		}
	}
	n := float64(len(x))
	if n < 3 {
		return math.NaN(), math.NaN()
	}
	at, per := stat.LinearRegression(x, y, nil, false)
	rest, span := 0.0, 0.0
	mean := stat.Mean(x, nil)
	for i := range x {
		d := y[i] - at - per*x[i]
		rest, span = rest+d*d, span+(x[i]-mean)*(x[i]-mean)
	}
	return per, stats.StudentT(0.025, n-2) * math.Sqrt(rest/(n-2)/span)
}
