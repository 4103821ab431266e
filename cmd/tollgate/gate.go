package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
)

func (a *app) gateCommand() *cobra.Command {
	var texts []string
	var waivers, baseline string
	c := &cobra.Command{
		Use:     "gate RUN",
		Short:   "Judge a saved run against budgets; the exit code is the verdict",
		Long:    "Judges a run directory against the budgets given, or against its own if none are.",
		Example: "  tollgate gate runs/20260102-150405-pr --budget 'full: p95 <= +20%' --budget 'cpu <= +50%'\n  tollgate gate runs/20260102-150405-nightly --budget 'full: all detected' --waivers waivers.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := result.Read(args[0])
			if err != nil {
				return err
			}
			if err := judgeBy(&data.Run, baseline); err != nil {
				return usage(err)
			}
			if len(texts) == 0 {
				texts = data.Run.Budgets
			}
			if len(texts) == 0 && !hasBaseline(data.Run) {
				return usage(errors.New("the run has no budgets of its own: name some with --budget 'METRIC <= LIMIT'"))
			}
			budgets, err := verdict.ParseBudgets(texts)
			if err != nil {
				return usage(err)
			}
			if err := verdict.CheckBudgets(budgets, verdict.ScopeOf(data.Run)); err != nil {
				return usage(err)
			}
			if waivers != "" {
				if data.Run.Waivers, err = waiversFor(data.Run, waivers); err != nil {
					return usage(err)
				}
			}
			analysis, err := verdict.Judge(data, budgets)
			if err != nil {
				return err
			}
			a.code = exitCode(analysis.Outcome)
			return reports.Verdict(a.reader(args[0]), analysis)
		},
	}
	c.Flags().StringArrayVar(&texts, "budget", nil, "budget to judge, e.g. 'full: p95 <= +5%' or 'full: all detected' (repeatable)")
	a.verboseFlag(c)
	c.Flags().StringVar(&waivers, "waivers", "", "file of what is known and accepted until a day, in place of the run's own (see docs/verdict.md)")
	c.Flags().StringVar(&baseline, "baseline", "", "of a sweep: a file of detection limits to judge by, instead of its own")
	return c
}

// waiversFor reads a file of waivers for a run.
func waiversFor(r result.Run, path string) ([]result.Waiver, error) {
	waivers, err := experiment.ReadWaivers(path)
	if err != nil {
		return nil, err
	}
	var levels []string
	for _, l := range r.Levels {
		levels = append(levels, l.Name)
	}
	return waivers, waivers.Check(levels, r.Alerts)
}
