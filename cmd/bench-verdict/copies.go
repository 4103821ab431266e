package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Copies of a level in a run: with three, one launch tells two differences.
const (
	defaultCopies = 3
	mostCopies    = 8
)

// copiesPrefix begins the names of the runs of copies.
const copiesPrefix = "copies-"

func (b *bench) copiesCommand() *cobra.Command {
	var binary, out, level, environment string
	var copies int
	size, sizeErr := defaultSize()
	c := &cobra.Command{
		Use:   "copies",
		Short: "How much counts of identical copies of a level differ from launch to launch",
		Long: `Makes a real run of several copies of one level, under names of their own, and says how much what is counted of them (spans, bytes,
allocations …) differs within a launch. A run that is complete is kept.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := copiesExperiment(level, environment, copies, size)
			if err != nil {
				return err
			}
			return b.measureAndShow(binary, out, copiesTables, func(binary string) error {
				if err := b.recordCommand(out, "copies"); err != nil {
					return err
				}
				return b.measure(c.Context(), binary, out, copiesPrefix+level, e)
			})
		},
	}
	binaryFlag(c.Flags(), &binary)
	outFlag(c.Flags(), &out)
	environmentFlag(c.Flags(), &environment)
	c.Flags().StringVar(&level, "level", "full", "the level that is copied")
	c.Flags().IntVar(&copies, "copies", defaultCopies, fmt.Sprintf("number of copies, from 2 to %d", mostCopies))
	size.register(c.Flags())
	c.PreRunE = func(*cobra.Command, []string) error { return sizeErr }
	return c
}

// copiesExperiment has a level so many times.
func copiesExperiment(level, environment string, copies int, s size) (*experiment.Experiment, error) {
	if copies < 2 || copies > mostCopies {
		return nil, fmt.Errorf("--copies must be from 2 to %d, got %d", mostCopies, copies)
	}
	if err := checkEnvironment(environment); err != nil {
		return nil, err
	}
	of, err := testenv.Level(level)
	if err != nil {
		return nil, fmt.Errorf("--level: %w", err)
	}
	var levels []experiment.Level
	for n := range copies {
		copied := of
		copied.Env = maps.Clone(of.Env)
		if n > 0 || level == "off" {
			copied.Name = fmt.Sprintf("%s-copy-%d", level, n+1)
		}
		levels = append(levels, experiment.Level{Level: copied})
	}
	e, err := tollOnly(levels...)
	if err != nil {
		return nil, err
	}
	e.Environment = environment
	e.Toll.Launches, e.Toll.Rounds, e.Toll.Slot, e.Toll.Rate = s.launches, s.rounds, s.slot, s.rate
	return e, e.Validate()
}

// copiesTables returns the table of the runs of copies in dir; none if there is no run.
func copiesTables(dir string) ([]*markdown.Table, error) {
	names, err := completeRuns(dir, copiesPrefix)
	if err != nil {
		return nil, err
	}
	var runs []*verdict.Analysis
	for _, name := range names {
		data, err := result.Read(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		a, err := verdict.Analyze(data)
		if err != nil {
			return nil, err
		}
		runs = append(runs, a)
	}
	if len(runs) == 0 {
		return nil, nil
	}
	command, err := commands(dir, "copies")
	if err != nil {
		return nil, err
	}
	tables := countsOfCopies(runs)
	for _, t := range tables {
		t.Command, t.Facts = command, facts(markdown.Collect(runs, func(a *verdict.Analysis) origin { return originOf(a.Run) }))
	}
	return tables, nil
}

// counted are the values of one count of the copies of a level: of every launch, by copy.
type counted struct {
	level  string
	metric verdict.Metric
	values [][]float64
}

// countsOfCopies is the table of how much counts of identical copies differ within a launch; none if nothing was counted.
func countsOfCopies(runs []*verdict.Analysis) []*markdown.Table {
	all := countedCopies(runs)
	if len(all) == 0 {
		return nil
	}
	t := &markdown.Table{
		Title:  "Counts of identical copies",
		Header: []string{"copies of", "count", "mean of a launch", "standard deviation among copies", "largest difference of two", "launches", "copies"},
		Notes: []string{
			"Copies are arms whose levels have the same configuration. A value is that of one copy in one launch; standard deviations are of its " +
				"logarithm, within launches. Counts that are 0 are left out.",
		},
	}
	for _, c := range all {
		squares, df, most, sum, n, copies := 0.0, 0.0, 0.0, 0.0, 0.0, 0
		for _, launch := range c.values {
			logs := markdown.Collect(launch, math.Log)
			squares += stat.Variance(logs, nil) * float64(len(logs)-1)
			df += float64(len(logs) - 1)
			most = max(most, slices.Max(logs)-slices.Min(logs))
			for _, x := range launch {
				sum, n = sum+x, n+1
			}
			copies = max(copies, len(launch))
		}
		t.Add(c.level, c.metric.ID, markdown.Number("%.4g", sum/n), markdown.Number("%.2f %%", 100*math.Sqrt(squares/df)),
			markdown.Number("%.2f %%", 100*math.Expm1(most)), fmt.Sprint(len(c.values)), fmt.Sprint(copies))
	}
	return []*markdown.Table{t}
}

// countedCopies are the counts of all levels that a run has more than one arm of, by level and in the order of the metrics.
func countedCopies(runs []*verdict.Analysis) []counted {
	type place struct {
		level       string
		metric      int // of all
		run, launch int
	}
	all := verdict.Metrics("")
	values := map[place][]float64{}
	for n, a := range runs {
		of := copiesIn(a.Run)
		for _, l := range a.Launches {
			level := of[l.Arm.Name]
			if level == "" || l.Capacity {
				continue
			}
			for _, v := range l.Values {
				if v.Metric.Counted && v.Value > 0 {
					i := slices.IndexFunc(all, func(m verdict.Metric) bool { return m.ID == v.Metric.ID })
					p := place{level, i, n, l.Launch}
					values[p] = append(values[p], v.Value)
				}
			}
		}
	}
	var out []counted
	for _, p := range slices.SortedFunc(maps.Keys(values), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.metric, b.metric), cmp.Compare(a.run, b.run), cmp.Compare(a.launch, b.launch))
	}) {
		if len(values[p]) < 2 {
			continue
		}
		if last := len(out) - 1; last < 0 || out[last].level != p.level || out[last].metric.ID != all[p.metric].ID {
			out = append(out, counted{level: p.level, metric: all[p.metric]})
		}
		last := &out[len(out)-1]
		last.values = append(last.values, values[p])
	}
	return out
}

// copiesIn names, for every arm, the first of the levels with the configuration that the arm has.
func copiesIn(r result.Run) map[string]string {
	first := map[string]string{} // level → the first that is like it
	for i, l := range r.Levels {
		first[l.Name] = l.Name
		for _, before := range r.Levels[:i] {
			if maps.Equal(before.Env, l.Env) {
				first[l.Name] = first[before.Name]
				break
			}
		}
	}
	of := map[string]string{}
	for _, a := range r.Arms {
		if a.Role == result.RoleKnownDelay && !a.Held {
			continue // whoever spins counts that too
		}
		of[a.Name] = first[a.Level]
	}
	return of
}
