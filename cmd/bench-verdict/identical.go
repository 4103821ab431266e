package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
)

// same is a level with the baseline's configuration under another name.
const same = "same"

// defaultRounds makes a run of identical code about a minute of load over its four arms, in whole squares of orders.
const defaultRounds = 12

// size says how much one run measures.
type size struct {
	launches, rounds int
	most             int // launches, while a budget is open; 0: as many as launches says, without looks
	slot             time.Duration
	rate             float64
}

// identicalArms are off, its repetition, the known delay and same.
const identicalArms = 4

// load returns how long one arm takes load in a run.
func (s size) load() time.Duration { return time.Duration(s.launches*s.rounds) * s.slot }

// defaultSize is the size of the pr profile, with more rounds.
func defaultSize() (size, error) {
	e, err := experiment.Profile("")
	if err != nil {
		return size{}, err
	}
	return size{launches: e.Toll.Launches, rounds: defaultRounds, slot: e.Toll.Slot, rate: e.Toll.Rate}, nil
}

// register adds the flags that change a size; their defaults are the values that it has now.
func (s *size) register(flags *pflag.FlagSet) {
	flags.IntVar(&s.launches, "launches", s.launches, "launches of a run")
	flags.IntVar(&s.rounds, "rounds", s.rounds, "rounds per launch")
	flags.DurationVar(&s.slot, "slot", s.slot, "length of a slot")
	flags.Float64Var(&s.rate, "rate", s.rate, "requests per second in a slot")
}

func (b *bench) identicalCommand() *cobra.Command {
	var binary, out, delays, environment string
	var runs int
	size, sizeErr := defaultSize()
	c := &cobra.Command{
		Use:   "identical",
		Short: "Real runs of identical code, each with another known delay",
		Long: `Makes real runs of four arms: the baseline (off), its repetition, a known delay, and a level "same" that is the baseline
under another name. Whatever is found of "same" and of the repetition is a false alarm; the known delay cycles through a
list. A run that is complete is kept, so that the same command goes on with a series that was interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cycle, err := parseDelays(delays)
			if err != nil {
				return err
			}
			if err := errors.Join(checkRuns(runs), checkEnvironment(environment)); err != nil {
				return err
			}
			return b.measureAndShow(binary, out, identicalTables, func(binary string) error {
				return b.identicalRuns(c.Context(), binary, out, runs, cycle, size, environment)
			})
		},
	}
	binaryFlag(c.Flags(), &binary)
	outFlag(c.Flags(), &out)
	environmentFlag(c.Flags(), &environment)
	c.Flags().IntVar(&runs, "runs", 20, "number of runs")
	c.Flags().StringVar(&delays, "delays", defaultDelays, "known delays, in turn: microseconds, or per cent of the baseline's p50 in the run before")
	size.register(c.Flags())
	c.Flags().IntVar(&size.most, "max-launches", size.most, "launches of a run while one of the budgets by which it is judged is open, as tollgate run has it; 0: no more than --launches")
	c.PreRunE = func(*cobra.Command, []string) error { return sizeErr }
	return c
}

func outFlag(flags *pflag.FlagSet, out *string) {
	flags.StringVar(out, "out", "runs/bench-verdict", "directory of everything that is measured")
}

func environmentFlag(flags *pflag.FlagSet, environment *string) {
	flags.StringVar(environment, "environment", "process", "where the stack runs: process or containers")
}

// checkEnvironment refuses what is none, and systems of the user's own, which have no levels of ours.
func checkEnvironment(name string) error {
	if name != "process" && name != "containers" {
		return fmt.Errorf("--environment must be process or containers, got %q", name)
	}
	return nil
}

// checkRuns refuses a number of runs below 1, or with more digits than the names of directories have for it.
func checkRuns(runs int) error {
	if runs < 1 || runs > 999 {
		return fmt.Errorf("--runs must be from 1 to 999, got %d", runs)
	}
	return nil
}

// identicalRuns makes the runs that are missing in dir.
func (b *bench) identicalRuns(ctx context.Context, binary, dir string, runs int, cycle []delay, s size, environment string) error {
	first, err := identicalExperiment(1, cycle[0].fixed, s, environment)
	if err != nil {
		return err
	}
	if err := first.Validate(); err != nil { // before anything is written
		return err
	}
	if err := b.recordCommand(dir, "identical"); err != nil {
		return err
	}
	for i := 1; i <= runs; i++ {
		d := cycle[(i-1)%len(cycle)]
		name, err := identicalName(dir, i, d)
		if err != nil {
			return err
		}
		p50 := 0.0
		if d.share > 0 {
			if p50, err = latestP50(dir, i); err != nil {
				return err
			}
		}
		spin, err := d.of(p50)
		if err != nil {
			return err
		}
		e, err := identicalExperiment(int64(i), spin, s, environment)
		if err != nil {
			return err
		}
		b.say("run %d of %d", i, runs)
		if err := b.measure(ctx, binary, dir, name, e); err != nil {
			return err
		}
	}
	return nil
}

// identicalExperiment compares off with itself under another name: the same variables, so the same code and configuration.
func identicalExperiment(seed int64, spin time.Duration, s size, environment string) (*experiment.Experiment, error) {
	off, err := testenv.Level("off")
	if err != nil {
		return nil, err
	}
	e, err := tollOnly(experiment.Level{Level: result.Level{Name: same, Title: "the baseline under another name", Env: maps.Clone(off.Env)}})
	if err != nil {
		return nil, err
	}
	e.Seed, e.Environment, e.Toll.KnownDelay = seed, environment, spin
	e.Toll.Launches, e.Toll.Most, e.Toll.Rounds, e.Toll.Slot, e.Toll.Rate = s.launches, s.most, s.rounds, s.slot, s.rate
	if s.most > s.launches {
		e.Budgets = gateBudgets()
	}
	return e, nil
}

// identicalName returns the directory of run i: the complete one if there is one, with any delay, else a new one.
func identicalName(dir string, i int, d delay) (string, error) {
	found, err := identicalRunsIn(dir)
	if err != nil {
		return "", err
	}
	for _, r := range found {
		if r.index == i {
			return r.name, nil
		}
	}
	return fmt.Sprintf("identical-%03d-%s", i, d.slug()), nil
}

// latestP50 returns the baseline's p50, in seconds, in the last complete run before run i.
func latestP50(dir string, i int) (float64, error) {
	found, err := identicalRunsIn(dir)
	if err != nil {
		return 0, err
	}
	for n := len(found) - 1; n >= 0; n-- {
		if found[n].index < i {
			return baselineP50(filepath.Join(dir, found[n].name))
		}
	}
	return 0, fmt.Errorf("run %d: %s holds no complete run before it to take the p50 of", i, dir)
}

// baselineP50 returns the baseline's p50 in a run, in seconds.
func baselineP50(dir string) (float64, error) {
	data, err := result.Read(dir)
	if err != nil {
		return 0, err
	}
	a, err := verdict.Analyze(data)
	if err != nil {
		return 0, err
	}
	return (&judgedRun{Analysis: a}).baseline("p50"), nil
}
