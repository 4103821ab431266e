package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/reports"
)

// backtestOptions are the flags of backtest.
type backtestOptions struct {
	rules, diff, expect []string
	format, promtool    string
	history             string
}

func (a *app) backtestCommand() *cobra.Command {
	var o backtestOptions
	var names []string
	for _, f := range reports.AllBacktest() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "backtest RUN",
		Short: "Evaluate other alert rules on the recorded series of a run",
		Long: `Evaluates alert rules on the series that a run has recorded, at every level, with Prometheus's own engine, and judges what they
would have caught of the faults that were really there: the matrix, the times to detect, the false alarms, and which alerts were of
any use, beside those of the run. It takes seconds, and writes nothing into the run directory. Without --rules it evaluates the
run's own rules, which says how close a replay comes to the run.

Rules of your own expect alerts of their own: --expect says which of them should fire for a fault. With --diff two sets of rules are
compared with each other. With --promtool unit tests are written from the recorded series, for promtool test rules.

Rules that look back for days need series of days. --history puts synthetic ones before the run, resampled from its clean windows, and
the report says which cells rest on them.

Exit codes: 0 evaluated; 64 refused: the directory cannot be read, has no faults or no series, or the rules cannot be read, or do
not have an alert that is named. What is caught is no verdict: tollgate gate judges a run.`,
		Example: "  tollgate backtest runs/20260102-150405-pr --rules rules.yaml --expect consumer-lag=LagHigh",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := reports.LookupBacktest(o.format)
			if err != nil {
				return usage(err)
			}
			comparison, err := a.backtest(c.Context(), args[0], o)
			if err != nil {
				return err
			}
			return f.Render(a.screen(), comparison)
		},
	}
	c.Flags().StringSliceVar(&o.rules, "rules", nil, "rule files to evaluate instead of the run's own rules: paths or patterns, such as 'rules/*.yaml'")
	c.Flags().StringSliceVar(&o.diff, "diff", nil, "rule files to compare with those of --rules, instead of the run's record")
	c.Flags().StringArrayVar(&o.expect, "expect", nil, "which alerts should fire for a fault, FAULT=ALERT,… (repeatable)")
	c.Flags().StringVar(&o.format, "format", names[0], "one of "+strings.Join(names, ", "))
	c.Flags().StringVar(&o.history, "history", "", "put so much synthetic history before the run, in the rules' own time, e.g. 30d")
	c.Flags().StringVar(&o.promtool, "promtool", "", "new directory for unit tests of the rules, made from the recorded series")
	return c
}

// backtest reads a run and evaluates the rules. What the command line caused is marked as wrong usage.
func (a *app) backtest(ctx context.Context, dir string, o backtestOptions) (*backtest.Comparison, error) {
	data, err := result.Read(dir)
	if err != nil {
		return nil, usage(fmt.Errorf("backtest: %w", err))
	}
	r, err := replay.Open(dir, data)
	if err != nil {
		return nil, usage(err)
	}
	if r.History, err = alerts.ParseHistory(o.history); err != nil {
		return nil, usage(fmt.Errorf("--history: %w", err))
	}
	rules, other, err := rulesOf(r, o)
	if err != nil {
		return nil, usage(err)
	}
	if o.promtool != "" {
		if err := r.CheckTarget(o.promtool); err != nil {
			return nil, usage(fmt.Errorf("--promtool: %w", err))
		}
	}
	began := time.Now()
	of, side, err := evaluate(ctx, r, rules)
	if err != nil {
		return nil, err
	}
	first, second := side, side
	if other != nil {
		if _, second, err = evaluate(ctx, r, other); err != nil {
			return nil, err
		}
	} else {
		if first, err = backtest.NewSide("recorded", r.Data); err != nil {
			return nil, err
		}
		first.Recorded = true
	}
	took := time.Since(began)
	if o.promtool != "" {
		if err := a.unitTests(ctx, r, rules, of, side, o.promtool); err != nil {
			return nil, err
		}
	}
	c, err := backtest.Compare(r.Data.Run, first, second)
	if err != nil {
		return nil, err
	}
	c.Notes, c.Took, c.History = r.Notes, took, of.Data.Run.History
	if differ, _ := c.Differing(); differ > 0 && rules.Own() && other == nil && c.History == nil {
		c.Notes = append(c.Notes, "these are the run's own rules: what differs comes from the replay, which, for one, has samples that came in after an evaluation of the run")
	}
	return c, nil
}

// rulesOf are the rules that the flags name, with what is expected of them; other is nil without --diff.
func rulesOf(r *replay.Recording, o backtestOptions) (rules, other *replay.Rules, err error) {
	if len(o.rules) == 0 {
		rules, err = r.Own()
	} else {
		rules, err = r.Load(o.rules)
	}
	if err != nil {
		return nil, nil, err
	}
	sides := []*replay.Rules{rules}
	if len(o.diff) > 0 {
		if other, err = r.Load(o.diff); err != nil {
			return nil, nil, err
		}
		sides = append(sides, other)
	}
	for _, text := range o.expect {
		e, err := replay.ParseExpectation(text)
		if err == nil {
			err = r.Expect(e, sides...)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("--expect: %w", err)
		}
	}
	if rules.Own() && other == nil && len(o.expect) > 0 {
		return nil, nil, errors.New("--expect is for rules of your own: name them with --rules")
	}
	return rules, other, nil
}

// evaluate replays rules and judges them.
func evaluate(ctx context.Context, r *replay.Recording, rules *replay.Rules) (*replay.Replay, backtest.Side, error) {
	of, err := r.Replay(ctx, rules)
	if err != nil {
		return nil, backtest.Side{}, err
	}
	side, err := backtest.NewSide(rules.Name, of.Data)
	side.Notes = of.Notes
	return of, side, err
}

// unitTests writes the unit tests, and says on stderr what they are.
func (a *app) unitTests(ctx context.Context, r *replay.Recording, rules *replay.Rules, of *replay.Replay, side backtest.Side, dir string) error {
	written, err := r.WriteUnitTests(ctx, rules, of, side.Matrix, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s: unit tests; alerts that fire in one: %d; silence: %s\n", dir, len(written.Alerts), orNone(written.Silence))
	for _, left := range written.LeftOut {
		fmt.Fprintf(a.stderr, "left out: %s\n", reports.Printable(left))
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
