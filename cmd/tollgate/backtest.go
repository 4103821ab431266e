package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/backtest/resample"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/reports"
)

// backtestOptions are the flags of backtest.
type backtestOptions struct {
	rules, diff, expect, sampling []string
	format, promtool, logs        string
	history                       string
	scrape                        time.Duration
}

func (a *app) backtestCommand() *cobra.Command {
	var o backtestOptions
	var names []string
	for _, f := range reports.AllBacktest() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "backtest RUN",
		Short: "Try other alert rules, scrape intervals and sampling on a run that is over",
		Long: `Evaluates alert rules on the series that a run has recorded, at every level, with Prometheus's own engine, and judges what they
would have caught of the faults that were really there: the matrix, the times to detect, the false alarms, and which alerts were of
any use, beside those of the run. It takes seconds, and writes nothing into the run directory. Without --rules it evaluates the
run's own rules, which says how close a replay comes to the run.

Rules of your own expect alerts of their own: --expect says which of them should fire for a fault. With --diff two sets of rules are
compared with each other. With --promtool unit tests are written from the recorded series, for promtool test rules.

Rules that look back for days need series of days. --history puts synthetic ones before the run, resampled from its clean windows, and
the report says which cells rest on them.

With --scrape the rules see fewer samples, as if targets were scraped less often. With --sampling it says which faults could still have
been diagnosed if fewer of the traces were kept that the run has, and what that would cost; rules are then evaluated only if another flag
is about them: see docs/sampling.md.

Exit codes: 0 evaluated; 64 refused: the directory cannot be read, has no faults or no series, or the rules cannot be read, or do
not have an alert that is named, or the run has not what --sampling and --scrape need. What is caught is no verdict: tollgate gate judges a run.`,
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
	c.Flags().DurationVar(&o.scrape, "scrape", 0, "scrape interval, in the time of the rules: a multiple of the run's own; compared with that")
	c.Flags().StringArrayVar(&o.sampling, "sampling", nil,
		"a policy of which traces are kept, such as 'ratio 10%', 'ratio 1% app=100%' or 'tail errors,slow=400ms,share=0.1' (repeatable)")
	c.Flags().StringVar(&o.logs, "logs", logsChoices[0], "with --sampling, which log records are kept: all, or those of kept traces: one of "+strings.Join(logsChoices, ", "))
	c.Flags().StringVar(&o.format, "format", names[0], "one of "+strings.Join(names, ", "))
	c.Flags().StringVar(&o.history, "history", "", "put so much synthetic history before the run, in the rules' own time, e.g. 30d")
	c.Flags().StringVar(&o.promtool, "promtool", "", "new directory for unit tests of the rules, made from the recorded series")
	return c
}

// logsChoices are the legal values of --logs, the default first.
var logsChoices = []string{"all", "kept"}

// evaluates says that some flag is about rules, so that they are evaluated beside --sampling.
func (o backtestOptions) evaluates() bool {
	return len(o.rules)+len(o.diff)+len(o.expect) > 0 || o.promtool != "" || o.history != "" || o.scrape != 0
}

// resampling reads what --sampling and --logs ask; without policies nothing.
func (o backtestOptions) resampling() (resample.Options, error) {
	out := resample.Options{KeptLogs: o.logs == logsChoices[1]}
	if !slices.Contains(logsChoices, o.logs) {
		return out, fmt.Errorf("--logs: must be one of %s, got %q", strings.Join(logsChoices, ", "), o.logs)
	}
	for _, text := range o.sampling {
		p, err := resample.Parse(text)
		if err != nil {
			return out, fmt.Errorf("--sampling %q: %w", text, err)
		}
		out.Policies = append(out.Policies, p)
	}
	if out.KeptLogs && len(out.Policies) == 0 {
		return out, errors.New("--logs is for --sampling: name a policy")
	}
	return out, nil
}

// backtest reads a run and evaluates the rules. What the command line caused is marked as wrong usage.
func (a *app) backtest(ctx context.Context, dir string, o backtestOptions) (*backtest.Comparison, error) {
	sampling, err := o.resampling()
	if err != nil {
		return nil, usage(err)
	}
	data, err := result.Read(dir)
	if err != nil {
		return nil, usage(fmt.Errorf("backtest: %w", err))
	}
	resampled, err := resampledBy(dir, data, sampling)
	if err != nil {
		return nil, usage(err)
	}
	if resampled != nil && !o.evaluates() {
		return &backtest.Comparison{Run: data.Run, Sampling: resampled}, nil
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
	thinned, err := scraped(r, o)
	if err != nil {
		return nil, usage(err)
	}
	began := time.Now()
	of, side, err := evaluate(ctx, r, rules)
	if err != nil {
		return nil, err
	}
	first, second, err := sides(ctx, r, thinned, rules, other, side)
	if err != nil {
		return nil, err
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
	c.Notes, c.Took, c.History, c.Sampling = r.Notes, took, of.Data.Run.History, resampled
	if differ, _ := c.Differing(); differ > 0 && rules.Own() && first.Recorded && c.History == nil {
		c.Notes = append(c.Notes, "these are the run's own rules: what differs comes from the replay, which, for one, has samples that came in after an evaluation of the run")
	}
	return c, nil
}

// scraped is the recording at another scrape interval; nil where none is asked for.
func scraped(r *replay.Recording, o backtestOptions) (*replay.Recording, error) {
	switch {
	case o.scrape == 0:
		return nil, nil
	case len(o.diff) > 0 || o.promtool != "":
		return nil, errors.New("--scrape compares two scrape intervals on one set of rules: leave out --diff and --promtool")
	}
	out, err := r.Scraped(o.scrape)
	if err != nil {
		return nil, fmt.Errorf("--scrape: %w", err)
	}
	return out, nil
}

// resampledBy is what policies would have kept; nil where there are none.
func resampledBy(dir string, data *result.Data, o resample.Options) (*resample.Outcome, error) {
	if len(o.Policies) == 0 {
		return nil, nil
	}
	return resample.Of(dir, data, o)
}

// sides are the two that are compared: the rules on all samples, which are judged already, and on fewer; the rules and others; or the
// record of the run and the rules.
func sides(ctx context.Context, r, thinned *replay.Recording, rules, other *replay.Rules, judged backtest.Side) (first, second backtest.Side, err error) {
	switch {
	case thinned != nil:
		_, second, err = evaluate(ctx, thinned, rules)
		judged.Name, second.Name = "every "+model.Duration(r.Interval()).String(), "every "+model.Duration(thinned.Interval()).String()
		return judged, second, err
	case other != nil:
		_, second, err = evaluate(ctx, r, other)
		return judged, second, err
	default:
		first, err = backtest.NewSide("recorded", r.Data)
		first.Recorded = true
		return first, judged, err
	}
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
