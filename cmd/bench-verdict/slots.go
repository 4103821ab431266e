package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
)

// slotsPrefix begins the names of the runs with slots of several lengths.
const slotsPrefix = "slots-"

// slotLevels are the levels whose toll must not depend on the length of a slot.
func slotLevels() []string { return []string{"metrics", "full"} }

func (b *bench) slotsCommand() *cobra.Command {
	var binary, out, environment string
	var lengths []time.Duration
	var load time.Duration
	var launches int
	var rate float64
	size, sizeErr := defaultSize()
	c := &cobra.Command{
		Use:   "slots",
		Short: "The toll of metrics and full, measured with slots of several lengths",
		Long: `Makes one real run for every length of a slot, with the levels off, metrics and full and the same load for every arm, and
compares the tolls. A run that is complete is kept.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			experiments, err := slotExperiments(environment, lengths, load, launches, rate)
			if err != nil {
				return err
			}
			return b.measureAndShow(binary, out, slotTables, func(binary string) error {
				return b.slotRuns(c.Context(), binary, out, lengths, experiments)
			})
		},
	}
	binaryFlag(c.Flags(), &binary)
	outFlag(c.Flags(), &out)
	environmentFlag(c.Flags(), &environment)
	c.Flags().DurationSliceVar(&lengths, "lengths", []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 10 * time.Second}, "lengths of a slot; one that is shorter than a slot of the default profile: slices of such a slot")
	c.Flags().DurationVar(&load, "load", 2*time.Minute, "load of every arm, at every length")
	c.Flags().IntVar(&launches, "launches", size.launches, "launches of a run")
	c.Flags().Float64Var(&rate, "rate", size.rate, "requests per second in a slot")
	c.PreRunE = func(*cobra.Command, []string) error { return sizeErr }
	return c
}

// slotExperiments returns the experiments by length; it refuses one that cannot be run.
func slotExperiments(environment string, lengths []time.Duration, load time.Duration, launches int, rate float64) ([]*experiment.Experiment, error) {
	if err := checkEnvironment(environment); err != nil {
		return nil, err
	}
	var out []*experiment.Experiment
	for i, length := range lengths {
		if slices.Contains(lengths[:i], length) {
			return nil, fmt.Errorf("--lengths: %v is listed twice", length)
		}
		slot, slice := length, time.Duration(0)
		if shipped, err := tollOnly(); err != nil {
			return nil, err
		} else if length < shipped.Toll.Slot {
			slot, slice = shipped.Toll.Slot, length
		}
		parts := time.Duration(launches) * slot
		if parts <= 0 || load < parts || load%parts != 0 {
			return nil, fmt.Errorf("--load %v is no multiple of %d launches of slots of %v: "+
				"every arm must get the same load at every length", load, launches, slot)
		}
		var levels []experiment.Level
		for _, name := range slotLevels() {
			level, err := testenv.Level(name)
			if err != nil {
				return nil, err
			}
			levels = append(levels, experiment.Level{Level: level})
		}
		e, err := tollOnly(levels...)
		if err != nil {
			return nil, err
		}
		e.Seed, e.Environment = int64(i+1), environment
		e.Toll.Launches, e.Toll.Rounds, e.Toll.Slot, e.Toll.Slice, e.Toll.Rate = launches, int(load/parts), slot, slice, rate
		if err := e.Validate(); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (b *bench) slotRuns(ctx context.Context, binary, dir string, lengths []time.Duration, experiments []*experiment.Experiment) error {
	if err := b.recordCommand(dir, "slots"); err != nil {
		return err
	}
	for i, e := range experiments {
		if err := b.measure(ctx, binary, dir, slotsPrefix+lengths[i].String(), e); err != nil {
			return err
		}
	}
	return nil
}

// slotRun is the run with one length of a slot.
type slotRun struct {
	length time.Duration
	data   *result.Data
	*verdict.Analysis
}

// readSlotRuns reads and judges the complete runs in dir, the shortest slot first.
func readSlotRuns(dir string) ([]slotRun, error) {
	names, err := completeRuns(dir, slotsPrefix)
	if err != nil {
		return nil, err
	}
	var out []slotRun
	for _, name := range names {
		length, err := time.ParseDuration(strings.TrimPrefix(name, slotsPrefix))
		if err != nil {
			continue
		}
		r := slotRun{length: length}
		if r.data, err = result.Read(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		if r.Analysis, err = verdict.Analyze(r.data); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b slotRun) int { return int(a.length - b.length) })
	return out, nil
}

// slotTables returns the tables of the runs with slots of several lengths; none if there is no run.
func slotTables(dir string) ([]*markdown.Table, error) {
	runs, err := readSlotRuns(dir)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	command, err := commands(dir, "slots")
	agree, agreeErr := slotAgreement(runs)
	if err := errors.Join(err, agreeErr); err != nil {
		return nil, err
	}
	tables := []*markdown.Table{slotTolls(runs), agree}
	from := facts(markdown.Collect(runs, func(r slotRun) origin { return originOf(r.Run) }))
	for _, t := range tables {
		t.Command, t.Facts = command, from
	}
	return tables, nil
}

// slotTolls is the table of the toll by level, metric and length.
func slotTolls(runs []slotRun) *markdown.Table {
	t := &markdown.Table{Title: "The toll by length of a slot", Header: []string{"level", "metric"}}
	for _, r := range runs {
		t.Header = append(t.Header, fmt.Sprintf("slots of %v", r.length))
		t.Notes = append(t.Notes, fmt.Sprintf("Slots of %v: %d launches of %d rounds, %v of load per arm, %.0f requests per second; verdict %s: %s",
			r.length, r.Run.Plan.Launches, r.Run.Plan.Rounds, time.Duration(r.Run.Plan.Launches*r.Run.Plan.Rounds)*r.Run.Plan.Slot, r.Run.Plan.Rate,
			r.Outcome, r.Reasons[0]))
	}
	for _, level := range slotLevels() {
		for _, metric := range judgedMetrics() {
			row := []string{level, metric}
			for _, r := range runs {
				row = append(row, tollOf(r.Analysis, level, metric))
			}
			t.Add(row...)
		}
		row := []string{level, volumeMetric}
		for _, r := range runs {
			row = append(row, volumeOf(r.Analysis, level))
		}
		t.Add(row...)
	}
	t.Notes = append(t.Notes, "Bytes: of telemetry, per 1,000 requests, more than the baseline, which has none.")
	return t
}

// volumeMetric has no share of the baseline, which sends no telemetry.
const volumeMetric = "bytes"

// tollOf returns the toll of a level at a metric over the baseline, with its 95 % interval.
func tollOf(a *verdict.Analysis, level, metric string) string {
	if e, ok := effectOf(a, level, metric); ok {
		return interval(e.Ratio, signed)
	}
	return markdown.None
}

// volumeOf returns how much telemetry a level sends more than the baseline, with its 95 % interval.
func volumeOf(a *verdict.Analysis, level string) string {
	if e, ok := effectOf(a, level, volumeMetric); ok {
		return interval(e.Diff, func(bytes float64) string { return markdown.Number("%.2f MB", bytes/1e6) })
	}
	return markdown.None
}

// effectOf is what a level does to a metric.
func effectOf(a *verdict.Analysis, level, metric string) (verdict.Effect, bool) {
	for _, l := range a.Toll {
		if l.Arm.Role != result.RoleLevel || l.Arm.Level != level {
			continue
		}
		for _, e := range l.Effects {
			if e.Metric.ID == metric {
				return e, true
			}
		}
	}
	return verdict.Effect{}, false
}

// slotAgreement compares the tolls of every pair of lengths.
func slotAgreement(runs []slotRun) (*markdown.Table, error) {
	t := &markdown.Table{
		Title:  "Do the lengths of a slot agree?",
		Header: []string{"level", "metric", "lengths", "difference of the tolls", "agree"},
	}
	cells, apart := 0, 0
	for i, a := range runs {
		for _, b := range runs[i+1:] {
			c, err := verdict.Compare(a.data, b.data)
			if err != nil {
				return nil, err
			}
			for _, level := range c.Levels {
				if !slices.Contains(slotLevels(), level.Level) {
					continue
				}
				for _, d := range level.Metrics {
					if !slices.Contains(judgedMetrics(), d.Metric.ID) || math.IsNaN(d.Ratio.Mid) {
						continue
					}
					agree := "yes"
					cells++
					if d.Significant {
						agree = "no"
						apart++
					}
					t.Add(level.Level, d.Metric.ID, fmt.Sprintf("%v, %v", a.length, b.length), interval(d.Ratio, signed), agree)
				}
			}
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Difference: (1 + toll with the longer slots) / (1 + toll with the shorter) − 1, with its 95 %% interval; "+
		"they agree when it holds 0. "+
		"%d of %d do not; by chance about %.1f would not.", apart, cells, 0.05*float64(cells)))
	return t, nil
}
