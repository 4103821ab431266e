package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/runner"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/scenarios"
)

// sweepSettings are the flags of sweep that change the experiment: its own, and those of run that are about the catch.
func sweepSettings() []setting {
	type e = experiment.Experiment
	own := []setting{
		sets("vary", "what takes several sizes, e.g. share=0.01..0.5: a parameter of the fault (see: tollgate list faults FAULT), catch.rate or catch.hold",
			(*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Sweep.Vary }),
		sets("sizes", "how many sizes, each larger by the same factor", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Sweep.Sizes }),
		sets("repeats", "passes of every size", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Sweep.Repeats }),
		sets("baseline", "file of detection limits; the sweep fails where a level has become blind to faults of that size",
			(*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Sweep.Baseline }),
		sets("hold", "how long the fault is held once its effect is confirmed, e.g. 10s", (*pflag.FlagSet).DurationVar, func(e *e) *time.Duration { return &e.Catch.Hold }),
	}
	return append(own, catchSettings()...)
}

func (a *app) sweepCommand() *cobra.Command {
	f := runFlags{settings: sweepSettings()}
	var write string
	c := &cobra.Command{
		Use:   "sweep [EXPERIMENT.yaml]",
		Short: "Find the least size of a fault that each level detects",
		Long: `Injects one fault again and again, with one parameter at several sizes, and finds for each level the least size that its
alerts notice in 80 % of the passes, with an interval. It measures no toll and no capacity. With a baseline, the exit code is
the verdict: 0 if every limit is as good as its baseline, 5 if one is worse, 3 if the sweep cannot tell.`,
		Example: "  tollgate sweep --fault profile-attribute-missing --vary share=0.01..0.5\n" +
			"  tollgate sweep --fault dependency-slow --vary latency=20ms..2s --sizes 5 --repeats 4 --levels off,metrics\n" +
			"  tollgate sweep --fault consumer-lag --vary catch.hold=4s..30s --baseline limits.yaml",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.sweep(c, args)
			if err != nil {
				return usage(err)
			}
			if f.print {
				return a.printExperiment(e)
			}
			if write != "" {
				if err := experiment.CheckBaselineFile(write); err != nil {
					return usage(fmt.Errorf("--write-baseline: %w", err))
				}
			}
			load, err := foresee(e, optionsAsWritten(c.Flags().Changed, len(args) == 1))
			if err != nil {
				return usage(err)
			}
			if f.out == "" {
				f.out = newRunDir("sweep")
			}
			fmt.Fprintf(a.stderr, "tollgate: %s\n", e.SweepPlan())
			if err := a.measure(c.Context(), e, runner.Options{Load: load, Out: f.out}); err != nil || write == "" {
				return err
			}
			return a.writeBaseline(f.out, write)
		},
	}
	flags := c.Flags()
	for _, setting := range f.settings {
		setting.register(flags)
	}
	flags.StringVar(&f.profile, "profile", scenarios.DefaultProfile, "size of the passes: "+strings.Join(scenarios.Profiles(), ", "))
	a.verboseFlag(c)
	flags.StringVar(&f.out, "out", "", "run directory (default runs/TIME-sweep)")
	flags.StringVar(&write, "write-baseline", "", "write the limits that were found into this file, in place of earlier ones of the same parameter")
	f.images.register(flags)
	flags.BoolVar(&f.print, "print-experiment", false, "print the effective experiment file and end")
	return c
}

// sweep returns the experiment with nothing but its catch, which must be a sweep.
func (f *runFlags) sweep(c *cobra.Command, args []string) (*experiment.Experiment, error) {
	f.only = []string{"catch"}
	e, err := f.laid(c, args)
	if err != nil {
		return nil, err
	}
	if e.Sweep.Vary == "" {
		return nil, errors.New("nothing is varied: name a parameter and its range with --vary, e.g. --vary share=0.01..0.5, or in sweep.vary")
	}
	if err := e.Only(f.only); err != nil {
		return nil, err
	}
	if len(e.Faults) > 1 && len(args) == 0 && !c.Flags().Changed("fault") {
		return nil, errors.New("no fault is named: name the one to sweep with --fault, e.g. --fault profile-attribute-missing")
	}
	return e, e.Validate()
}

// writeBaseline writes the limits of a sweep into a file, and says what is not in it.
func (a *app) writeBaseline(dir, path string) error {
	analysis, err := analyze(dir)
	if err != nil {
		return err
	}
	if analysis.Outcome != verdict.Pass { // also of an old baseline, which a worse one must not replace without a word
		return fmt.Errorf("the limits are not written to %s, since the verdict is %s", path, analysis.Outcome)
	}
	left, err := experiment.WriteBaseline(path, analysis.Run.Sweep, analysis.Limits)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "tollgate: the detection limits are in %s\n", path)
	if len(left) > 0 {
		fmt.Fprintf(a.stderr, "tollgate: warning: not of %s, whose interval has no end among the sizes: sweep larger faults, or more repeats\n",
			strings.Join(left, ", "))
	}
	return nil
}

// judgeBy gives a run another baseline of its sweep, from a file; "" leaves it as it is.
func judgeBy(r *result.Run, path string) error {
	if path == "" {
		return nil
	}
	if r.Sweep == nil {
		return errors.New("--baseline: the run is no sweep, so that it has no detection limits")
	}
	b, err := experiment.ReadBaseline(path)
	if err != nil {
		return err
	}
	var levels []string
	for _, l := range r.Levels {
		levels = append(levels, l.Name)
	}
	if r.Sweep.Baseline, err = b.Of(r.Sweep, levels); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// hasBaseline says that a run has limits to judge.
func hasBaseline(r result.Run) bool { return r.Sweep != nil && len(r.Sweep.Baseline) > 0 }
