package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/api"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/reports"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// upState is what `up` writes for `down` while it runs.
type upState struct {
	PID     int    `json:"pid"`
	Gateway string `json:"gateway"`
}

// upFile is the path of the upState, in a directory of the user's own: a user has one stack at a time.
func upFile() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tollgate")
	return filepath.Join(dir, "up.json"), os.MkdirAll(dir, 0o700)
}

// claim writes upFile; it is an error while another stack is up.
func claim(file string, state upState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if other, err := readUp(file); err == nil && other.alive() {
		return fmt.Errorf("another stack is up at %s (process %d): end it with `tollgate down`", other.Gateway, other.PID)
	}
	return os.WriteFile(file, text, 0o600)
}

func readUp(file string) (upState, error) {
	var state upState
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return state, errors.New("nothing is up")
	}
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(text, &state); err != nil || state.PID <= 1 {
		return state, fmt.Errorf("%s is not what `tollgate up` writes: remove it", file)
	}
	return state, nil
}

// alive reports whether the stack's gateway still answers. The process id alone proves nothing: another process may have it by
// now.
func (s upState) alive() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	client := api.New("")
	defer client.Close()
	return client.Get(ctx, s.Gateway+role.HealthPath, nil) == nil && syscall.Kill(s.PID, 0) == nil
}

func (a *app) upCommand() *cobra.Command {
	var level, listen, env string
	var rules []string
	var lapse float64
	var images imageFlags
	var seed int64
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
			return a.up(c.Context(), e, listen)
		},
	}
	images.register(c.Flags())
	c.Flags().StringVar(&env, "env", "process", "where the stack runs: process or containers")
	c.Flags().StringVar(&level, "level", "full", "instrumentation level (see: tollgate list levels)")
	c.Flags().StringSliceVar(&rules, "rules", nil, rulesUsage)
	c.Flags().Float64Var(&lapse, "lapse", 1, "divide the durations in rules by this (time-lapse)")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address of the gateway")
	c.Flags().Int64Var(&seed, "seed", 1, "seed of the population and the model")
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
	c.Flags().BoolVar(&all, "all", false, "also remove the containers and networks that killed runs have left")
	return c
}

// sweep ends the stack that is up, if any, and removes what killed runs have left in the container engine.
func (a *app) sweep(ctx context.Context) error {
	file, err := upFile()
	if err != nil {
		return err
	}
	if _, err := readUp(file); err == nil {
		if err := a.down(ctx); err != nil {
			return err
		}
	}
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
func (a *app) up(ctx context.Context, e *experiment.Experiment, listen string) (err error) {
	file, err := upFile()
	if err != nil {
		return err
	}
	rules, err := e.Lapse()
	if err != nil {
		return err
	}
	env, _, err := a.environment(e, listen)
	if err != nil {
		return err
	}
	if err := env.Check(ctx, 1); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "tollgate-up-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	spec := testenv.Spec{
		Arms: e.CatchArms(),
		Seed: e.Seed, Users: e.Journeys.Users, Items: e.Journeys.Items, Scratch: scratch,
		RulesFile: filepath.Join(scratch, "rules.yaml"), EvalInterval: e.Alerts.EvalInterval, Scrape: e.Telemetry.ScrapeInterval,
		Lookback: e.Lookback(rules),
	}
	if err := os.WriteFile(spec.RulesFile, rules.Text, 0o644); err != nil {
		return err
	}
	launch, err := env.Launch(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, launch.Close(context.WithoutCancel(ctx))) }()
	arm := launch.Arms()[0]
	if err := claim(file, upState{PID: os.Getpid(), Gateway: arm.Gateway()}); err != nil {
		return err
	}
	defer os.Remove(file)
	a.sayUp(e, arm, rules)
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
	fmt.Fprintln(a.stderr, "up; Ctrl-C or `tollgate down` ends it")
}

// downLimit is how long a stack may take to end.
const downLimit = 30 * time.Second

func (a *app) down(ctx context.Context) error {
	file, err := upFile()
	if err != nil {
		return err
	}
	state, err := readUp(file)
	if err != nil {
		return err
	}
	if !state.alive() {
		fmt.Fprintf(a.stderr, "the stack at %s is gone already\n", state.Gateway)
		return os.Remove(file)
	}
	if err := syscall.Kill(state.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("process %d: %w", state.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, downLimit)
	defer cancel()
	for { // the last thing that up does is to remove its file
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			fmt.Fprintf(a.stderr, "down: %s\n", state.Gateway)
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("process %d was asked to end and has not: %w", state.PID, ctx.Err())
		}
	}
}
