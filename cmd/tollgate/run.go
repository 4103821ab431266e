package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/journey"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/runner"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
	"github.com/tollgate-dev/tollgate/scenarios"
)

// runFlags are the flags of run that change an experiment; one that is not given changes nothing.
type runFlags struct {
	env                           string
	profile, out, journeys, rules string
	levels, faults, budgets, only []string
	seed                          int64
	rate, speed                   float64
	rounds, launches, most        int
	print                         bool
	images                        imageFlags
	backends                      []string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [EXPERIMENT.yaml]",
		Short: "Measure and detect; the exit code is the verdict",
		Long: `Deploys the stack once per level, measures what each level costs, injects the faults, and writes a run directory with
its reports. Without an experiment file the profile is the experiment.`,
		Example: "  tollgate run\n  tollgate run --profile smoke --journeys clicks.tsv\n  tollgate run --only capacity --levels off,full\n  tollgate run --levels off,full --faults none,consumer-lag --budget 'full: p95 <= +20%'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.experiment(c, args)
			if err != nil {
				return usage(err)
			}
			if f.print {
				text, err := e.Text()
				fmt.Fprint(a.stdout, text)
				return err
			}
			journeys, err := describeJourneys(e.Journeys)
			if err != nil {
				return usage(err)
			}
			vus, err := slot.UserVUs(os.LookupEnv)
			if err != nil {
				return usage(err)
			}
			return a.measure(c.Context(), e, runner.Options{Journeys: journeys, VUs: vus, Out: f.out})
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.env, "env", "", "where the stack runs: "+strings.Join(experiment.Environments, ", ")+" (default process)")
	flags.StringVar(&f.profile, "profile", scenarios.DefaultProfile, "size of the run: "+strings.Join(scenarios.Profiles(), ", "))
	flags.StringSliceVar(&f.levels, "levels", nil, "levels to compare, the baseline first, or all (see: tollgate list levels)")
	flags.StringSliceVar(&f.faults, "faults", nil, "faults to inject, in this order, or all; empty for none at all (see: tollgate list faults)")
	flags.Int64Var(&f.seed, "seed", 0, "seed of everything that is drawn")
	flags.StringVar(&f.out, "out", "", "run directory (default runs/TIME-PROFILE)")
	flags.StringVar(&f.journeys, "journeys", "", "replay recorded sessions from a CSV, TSV or JSON lines file")
	flags.Float64Var(&f.speed, "speed", 0, "divide recorded think times by this")
	flags.Float64Var(&f.rate, "rate", 0, "requests per second in a toll slot")
	flags.IntVar(&f.rounds, "rounds", 0, "toll rounds per launch")
	flags.IntVar(&f.launches, "launches", 0, "toll launches; 0 measures no toll")
	flags.IntVar(&f.most, "max-launches", 0, "toll launches at most, while a budget is open")
	flags.StringSliceVar(&f.only, "only", nil, "measure these parts and leave the others out: "+strings.Join(experiment.Parts, ", "))
	flags.StringVar(&f.rules, "rules", "", "Prometheus rule file to evaluate instead of the shipped pack")
	flags.StringArrayVar(&f.budgets, "budget", nil, "budget to judge, e.g. 'full: p95 <= +5%' (repeatable)")
	flags.StringSliceVar(&f.backends, "backend", nil, "with --env containers: where traces and more go besides Jaeger, NAME or NAME=ADDRESS (see docs/backends.md)")
	f.images.register(flags)
	flags.BoolVar(&f.print, "print-experiment", false, "print the effective experiment file and end")
	return c
}

// experiment returns the experiment file, or the profile, with the values of the flags in place of its own.
func (f *runFlags) experiment(c *cobra.Command, args []string) (*experiment.Experiment, error) {
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
	if given("levels") {
		if e.Levels, err = experiment.NamedLevels(f.levels...); err != nil {
			return nil, fmt.Errorf("--levels: %w", err)
		}
	}
	if given("faults") {
		e.Faults = experiment.NamedFaults(f.faults...)
	}
	lay(given("env"), &e.Environment, f.env)
	lay(given("seed"), &e.Seed, f.seed)
	lay(given("journeys"), &e.Journeys.File, f.journeys)
	lay(given("speed"), &e.Journeys.Speed, f.speed)
	lay(given("rate"), &e.Toll.Rate, f.rate)
	lay(given("rounds"), &e.Toll.Rounds, f.rounds)
	lay(given("launches"), &e.Toll.Launches, f.launches)
	lay(given("max-launches"), &e.Toll.Most, f.most)
	lay(given("rules"), &e.Alerts.Rules, f.rules)
	lay(given("budget"), &e.Budgets, f.budgets)
	lay(given("backend"), &e.Containers.Backends, f.backends)
	if err := f.images.lay(&e.Containers); err != nil {
		return nil, err
	}
	if given("only") {
		if err := e.Only(f.only); err != nil {
			return nil, fmt.Errorf("--only: %w", err)
		}
		lay(given("budget"), &e.Budgets, f.budgets) // a budget that was asked for by name is not left out silently
		for _, other := range []struct {
			flag string
			left bool
		}{{"faults", e.Faults == nil && len(f.faults) > 0}, {"launches", e.Toll.Launches == 0 && f.launches > 0}, {"rounds", e.Toll.Launches == 0}} {
			if given(other.flag) && other.left {
				return nil, fmt.Errorf("--%s is about what --only %s leaves out: take one of them back", other.flag, strings.Join(f.only, ","))
			}
		}
	}
	return e, e.Validate()
}

// lay puts a flag's value over an experiment's if the flag was given.
func lay[T any](given bool, target *T, value T) {
	if given {
		*target = value
	}
}

// measure runs the experiment, then renders and judges what was measured. It uses Journeys, VUs and Out from the options; an
// empty Out is a new directory under runs.
func (a *app) measure(ctx context.Context, e *experiment.Experiment, o runner.Options) error {
	var err error
	if o.Env, o.Binary, err = a.environment(e, ""); err != nil {
		return err
	}
	if o.Out == "" {
		o.Out = filepath.Join("runs", time.Now().Format("20060102-150405")+"-"+e.Profile)
	}
	progress := newProgress(a.stderr)
	o.Version, o.Progress = version(), progress
	begun, runErr := runner.Run(ctx, e, o)
	progress.close()
	if !begun {
		return runErr
	}
	analysis, err := a.conclude(o.Out)
	if err != nil {
		return errors.Join(runErr, err)
	}
	if runErr != nil && !errors.Is(runErr, runner.ErrInterrupted) {
		return runErr
	}
	a.code = exitCode(analysis.Outcome)
	return nil
}

// describeJourneys says in a clause where the journeys come from. It reads a file of recorded sessions to its end, so that its
// mistakes are reported before anything starts.
func describeJourneys(j experiment.Journeys) (string, error) {
	if j.Script != "" {
		return "the script " + filepath.Base(j.Script), nil
	}
	if j.File == "" {
		return fmt.Sprintf("population of %d users and %d items", j.Users, j.Items), nil
	}
	sessions, err := journey.ReadSessions(j.File)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d recorded sessions with %d events (%s), think times divided by %g",
		len(sessions), sessions.Events(), filepath.Base(j.File), j.Speed), nil
}

// conclude writes every report into the run directory and prints the text report to stdout.
func (a *app) conclude(dir string) (*verdict.Analysis, error) {
	analysis, err := analyze(dir)
	if err != nil {
		return nil, err
	}
	if err := writeReports(dir, analysis); err != nil {
		return nil, err
	}
	text, err := reports.Lookup("text")
	if err != nil {
		return nil, err
	}
	if err := text.Render(a.stdout, analysis); err != nil {
		return nil, err
	}
	fmt.Fprintf(a.stderr, "reports are in %s: open %s\n", dir, filepath.Join(dir, "report.html"))
	return analysis, nil
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
		f, err := os.Create(filepath.Join(dir, format.File))
		if err != nil {
			return err
		}
		if err := errors.Join(format.Render(f, analysis), f.Close()); err != nil {
			return fmt.Errorf("report %s: %w", format.Name, err)
		}
	}
	return nil
}
