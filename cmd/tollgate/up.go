package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/injection"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/scratch"
	"github.com/tollgate-dev/tollgate/reports"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

func (a *app) upCommand() *cobra.Command {
	var level, listen, env string
	var rules []string
	var lapse float64
	var images imageFlags
	var seed int64
	var breakable bool
	c := &cobra.Command{
		Use:   "up",
		Short: "Just the stack, at one level, for k6 scripts",
		Long: "Deploys the stack at one level and keeps it until Ctrl-C, or until `tollgate down`. Its Prometheus evaluates the alert\n" +
			"rules, as they are written unless --lapse says otherwise.",
		Example: "  tollgate up --level full &\n  tollgate k6 run scenarios/journeys.js\n  tollgate down\n" +
			"  tollgate up --rules 'rules/*.yaml' --lapse 60",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := testenv.Level(level)
			if err != nil {
				return usage(fmt.Errorf("--level: %w", err))
			}
			e, err := experiment.Profile("")
			if err != nil {
				return err
			}
			e.Environment, e.Levels, e.Seed = env, []experiment.Level{{Level: l}}, seed
			e.Alerts.Rules, e.Alerts.Lapse = rules, lapse
			if err := errors.Join(images.lay(&e.Containers), e.Validate()); err != nil {
				return usage(err)
			}
			return a.up(c.Context(), e, listen, breakable)
		},
	}
	images.register(c.Flags())
	c.Flags().StringVar(&env, "env", "process", "where the stack runs: process or containers")
	c.Flags().StringVar(&level, "level", "full", "instrumentation level (see: tollgate list levels)")
	c.Flags().StringSliceVar(&rules, "rules", nil, rulesUsage)
	c.Flags().Float64Var(&lapse, "lapse", 1, "divide the durations in rules by this (time-lapse)")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address of the gateway")
	c.Flags().Int64Var(&seed, "seed", 1, "seed of the population and the model")
	c.Flags().BoolVar(&breakable, "faults", false, "let k6 scripts inject faults (perso.inject), and put the links between the services that some of them need")
	return c
}

func (a *app) downCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:   "down",
		Short: "End the stack that `tollgate up` keeps",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if all {
				return a.sweep(c.Context())
			}
			return a.down(c.Context())
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also remove the containers, networks and temporary directories that killed runs have left")
	return c
}

// sweep ends the stack that is up, if any, and removes what killed runs have left in the container engine.
func (a *app) sweep(ctx context.Context) error {
	if err := a.down(ctx); err != nil && !errors.Is(err, errNothingUp) {
		return err
	}
	a.sweepScratch(os.TempDir())
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	swept, err := e.Sweep(ctx)
	fmt.Fprintf(a.stderr, "removed of %d sessions: %d containers, %d networks, %d volumes", swept.Sessions, swept.Containers, swept.Networks, swept.Volumes)
	if swept.Alive > 0 {
		fmt.Fprintf(a.stderr, "; left alone %d that are running", swept.Alive)
	}
	fmt.Fprintln(a.stderr)
	return errors.Join(err, e.Close())
}

// up deploys the single level of an experiment; its gateway is at listen, and its Prometheus evaluates the rules.
// With breakable, k6 scripts can inject faults.
func (a *app) up(ctx context.Context, e *experiment.Experiment, listen string, breakable bool) (err error) {
	rules, err := e.Lapse()
	if err != nil {
		return err
	}
	env, _, err := a.environment(e, listen)
	if err != nil {
		return err
	}
	path, err := upPath()
	if err != nil {
		return err
	}
	state, err := claim(path)
	if err != nil {
		return err
	}
	defer state.release()
	if err := env.Check(ctx, 1); err != nil {
		return err
	}
	a.sweepScratch(os.TempDir())
	dir, err := scratch.Make("", "up")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	spec := testenv.Spec{
		Arms: e.CatchArms(),
		Seed: e.Seed, Users: e.Journeys.Users, Items: e.Journeys.Items, Scratch: dir.Path,
		RulesFile: filepath.Join(dir.Path, "rules.yaml"), EvalInterval: e.Alerts.EvalInterval, Scrape: e.Telemetry.ScrapeInterval,
		Lookback: e.Lookback(rules), Links: breakable,
	}
	if err := os.WriteFile(spec.RulesFile, rules.Text, 0o600); err != nil {
		return err
	}
	launch, err := env.Launch(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, launch.Close(context.WithoutCancel(ctx))) }()
	arm := launch.Arms()[0]
	if err := state.write(upState{PID: os.Getpid(), Gateway: arm.Gateway()}); err != nil {
		return err
	}
	a.sayUp(e, arm, rules)
	if breakable {
		control, err := openControl(ctx, arm, env)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, control.close(context.WithoutCancel(ctx))) }()
		fmt.Fprintf(a.stdout, "faults      export %s=%s\n", injection.EnvControl, control.address)
	}
	fmt.Fprintln(a.stderr, "up; Ctrl-C or `tollgate down` ends it")
	select {
	case err := <-launch.Lost():
		return err
	case <-ctx.Done():
		return nil
	}
}

// sayUp prints the addresses of a stack that is up, and what has to be said of its rules.
func (a *app) sayUp(e *experiment.Experiment, arm testenv.Arm, rules *alerts.Lapsed) {
	level, pace := e.Levels[0], "as written"
	if rules.Factor != 1 {
		pace = fmt.Sprintf("their durations divided by %g", rules.Factor)
	}
	fmt.Fprintf(a.stdout, "gateway     %s\nprometheus  %s\nalerts      %s/alerts: %d rules, %s\nlevel       %s: %s\n",
		arm.Gateway(), arm.Prometheus(), arm.Prometheus(), len(rules.Alerts), pace, level.Name, level.Title)
	for _, note := range rules.Read {
		fmt.Fprintln(a.stderr, note)
	}
	for _, note := range rules.Notes {
		fmt.Fprintln(a.stderr, "time-lapse: "+note.First(reports.FewRules))
	}
}

// downLimit is how long a stack may take to end.
const downLimit = 30 * time.Second

// down asks the process that is up to end, and returns when it has. It signals no other process, whatever the file says.
func (a *app) down(ctx context.Context) error {
	path, err := upPath()
	if err != nil {
		return err
	}
	file, err := openUp(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithTimeout(ctx, downLimit)
	defer cancel()
	owner, state, err := file.find(ctx)
	if err != nil {
		return err
	}
	if owner == nil {
		fmt.Fprintf(a.stderr, "the stack%s is gone already: removed what it left, %s; no process was asked to end\n", state.at(), path)
		return file.removeStale()
	}
	if err := owner.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process %d: %w", state.PID, err)
	}
	if err := file.awaitRelease(ctx); err != nil {
		return fmt.Errorf("process %d was asked to end and has not: %w", state.PID, err)
	}
	fmt.Fprintf(a.stderr, "down%s\n", state.at())
	return nil
}
