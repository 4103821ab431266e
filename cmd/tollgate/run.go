package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/runner"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
	"github.com/tollgate-dev/tollgate/scenarios"
)

// runFlags are the flags of run.
type runFlags struct {
	settings     []setting
	images       imageFlags
	profile, out string
	only         []string
	print        bool
}

func (a *app) runCommand() *cobra.Command {
	f := runFlags{settings: settings()}
	c := &cobra.Command{
		Use:   "run [EXPERIMENT.yaml]",
		Short: "Measure and detect; the exit code is the verdict",
		Long: `Deploys the stack once per level, measures what each level costs, injects the faults, and writes a run directory with
its reports. Without an experiment file the profile is the experiment.`,
		Example: "  tollgate run --profile quick\n  tollgate run\n  tollgate run --profile smoke --journeys clicks.tsv\n  tollgate run --only capacity --levels off,full\n  tollgate run --levels off,full --faults none,consumer-lag --budget 'full: p95 <= +20%'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.experiment(c, args)
			if err != nil {
				return usage(err)
			}
			if f.print {
				return a.printExperiment(e)
			}
			load, err := foresee(e, optionsAsWritten(c.Flags().Changed, len(args) == 1))
			if err != nil {
				return usage(err)
			}
			return a.measure(c.Context(), e, runner.Options{Load: load, Out: f.out})
		},
	}
	flags := c.Flags()
	for _, setting := range f.settings {
		setting.register(flags)
	}
	flags.StringVar(&f.profile, "profile", scenarios.DefaultProfile, "size of the run: "+strings.Join(scenarios.Profiles(), ", "))
	a.verboseFlag(c)
	flags.StringVar(&f.out, "out", "", "run directory (default runs/TIME-PROFILE)")
	flags.StringSliceVar(&f.only, "only", nil, "measure these parts and leave the others out: "+strings.Join(experiment.Parts, ", "))
	f.images.register(flags)
	flags.BoolVar(&f.print, "print-experiment", false, "print the effective experiment file and end")
	return c
}

// experiment returns the experiment file, or the profile, with the values of the flags in place of its own.
func (f *runFlags) experiment(c *cobra.Command, args []string) (*experiment.Experiment, error) {
	given := c.Flags().Changed
	e, err := f.laid(c, args)
	if err != nil {
		return nil, err
	}
	if given("fault") && given("faults") {
		return nil, errors.New("--fault and --faults both name the faults: give one of them")
	}
	if given("only") {
		asked := *e
		if err := e.Only(f.only); err != nil {
			return nil, fmt.Errorf("--only: %w", err)
		}
		if given("budget") {
			e.Budgets = asked.Budgets // a budget given as a flag is never left out silently
		}
		for _, other := range []struct {
			flag string
			left bool
		}{
			{"faults", e.Faults == nil && len(asked.Faults) > 0},
			{"fault", e.Faults == nil && len(asked.Faults) > 0},
			{"launches", e.Toll.Launches == 0 && asked.Toll.Launches > 0},
			{"rounds", e.Toll.Launches == 0},
		} {
			if given(other.flag) && other.left {
				return nil, fmt.Errorf("--%s is about what --only %s leaves out: take one of them back", other.flag, strings.Join(f.only, ","))
			}
		}
	}
	if err := fitting(e, given); err != nil {
		return nil, err
	}
	return e, e.Validate()
}

// printExperiment prints the effective experiment file, and what can be said of it before it runs.
func (a *app) printExperiment(e *experiment.Experiment) error {
	text, err := e.Text()
	fmt.Fprint(a.stdout, text)
	warnings, badRules := e.Warnings()
	for _, w := range warnings {
		fmt.Fprintln(a.stderr, "warning: "+w)
	}
	return errors.Join(err, badRules)
}

// laid is the experiment file, or the profile, under the values of the flags. It is not validated.
func (f *runFlags) laid(c *cobra.Command, args []string) (*experiment.Experiment, error) {
	given := c.Flags().Changed
	var e *experiment.Experiment
	var err error
	if len(args) == 1 {
		if given("profile") {
			return nil, errors.New("--profile and an experiment file exclude each other: name the profile in the file")
		}
		e, err = experiment.Load(args[0])
	} else {
		e, err = experiment.Profile(f.profile)
	}
	if err != nil {
		return nil, err
	}
	if vus, err := slot.UserVUs(os.LookupEnv); err != nil {
		return nil, err
	} else if vus != 0 {
		e.Journeys.VUs = vus
	}
	if err := f.lay(e, given); err != nil {
		return nil, err
	}
	if err := f.images.lay(&e.Containers); err != nil {
		return nil, err
	}
	return e, nil
}

// lay replaces values of the experiment by the values of the flags that were given.
func (f *runFlags) lay(e *experiment.Experiment, given func(name string) bool) error {
	for _, setting := range f.settings {
		if given(setting.name) {
			if err := setting.lay(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure runs the experiment, then renders and judges what was measured. It uses Load and Out from the options; an
// empty Out is a new directory under runs.
func (a *app) measure(ctx context.Context, e *experiment.Experiment, o runner.Options) error {
	var err error
	if o.Env, o.Binary, err = a.environment(e, ""); err != nil {
		return err
	}
	if o.Out == "" {
		o.Out = newRunDir(e.Profile)
	}
	a.sweepScratch(placesOfRuns(o.Out)...)
	for _, warning := range append(e.Notes(), warningsOf(o.Load)...) {
		fmt.Fprintf(a.stderr, "tollgate: warning: %s\n", warning)
	}
	if passes := e.PlannedPasses(o.Env.Supports); passes > 0 {
		about, most := e.CatchTime(passes)
		in := ""
		if launches := len(e.CatchLaunches()); launches > 1 {
			in = fmt.Sprintf(", in each of %d launches", launches)
		}
		fmt.Fprintf(a.stderr, "tollgate: the catch will take about %v: %d passes at %d levels%s "+
			"(at most %v, if no effect and no quiet comes in time)\n", about.Round(time.Second), passes, len(e.Levels), in, most.Round(time.Second))
	}
	progress := newProgress(a.stderr)
	o.Version, o.Progress = version(), progress
	begun, runErr := runner.Run(ctx, e, o)
	progress.close()
	if !begun {
		return runErr
	}
	analysis, err := conclude(o.Out)
	if err != nil {
		return files.Explain(o.Out, errors.Join(runErr, err))
	}
	if err := a.show(analysis, o.Out); err != nil {
		return errors.Join(runErr, err) // of stdout, which may be on another disk, or a terminal that is lost
	}
	if runErr != nil && !errors.Is(runErr, runner.ErrInterrupted) {
		return runErr
	}
	a.code = exitCode(analysis.Outcome)
	return nil
}

// newRunDir is the directory of a run that begins now.
func newRunDir(name string) string {
	return filepath.Join("runs", time.Now().Format("20060102-150405")+"-"+name)
}

// conclude judges a run and writes every report into its directory.
func conclude(dir string) (*verdict.Analysis, error) {
	analysis, err := analyze(dir)
	if err != nil {
		return nil, err
	}
	return analysis, writeReports(dir, analysis)
}

// show prints the text report to stdout, and where it does not say so itself, where the others are.
func (a *app) show(analysis *verdict.Analysis, dir string) error {
	text, err := reports.Lookup("text")
	if err != nil {
		return err
	}
	if err := text.Render(a.reader(dir), analysis); err != nil {
		return err
	}
	if a.verbose {
		fmt.Fprintf(a.stderr, "reports are in %s: open %s\n", dir, filepath.Join(dir, "report.html"))
	}
	return nil
}

// analyze reads and analyses a run directory.
func analyze(dir string) (*verdict.Analysis, error) {
	data, err := result.Read(dir)
	if err != nil {
		return nil, err
	}
	return verdict.Analyze(data)
}

// writeReports writes the reports of all formats that have a file.
func writeReports(dir string, analysis *verdict.Analysis) error {
	for _, format := range reports.All() {
		if format.File == "" {
			continue
		}
		var text bytes.Buffer
		err := format.Render(&text, analysis)
		if err == nil {
			err = files.Write(filepath.Join(dir, format.File), text.Bytes())
		}
		if err != nil {
			return files.Explain(dir, fmt.Errorf("report %s: %w", format.Name, err))
		}
	}
	return nil
}
