package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
)

func (a *app) gateCommand() *cobra.Command {
	var texts []string
	var baseline string
	c := &cobra.Command{
		Use:     "gate RUN",
		Short:   "Judge a saved run against budgets; the exit code is the verdict",
		Long:    "Judges a run directory against the budgets given, or against its own if none are.",
		Example: "  tollgate gate runs/20260102-150405-pr --budget 'full: p95 <= +20%' --budget 'cpu <= +50%'",
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
			if err := verdict.CheckBudgets(budgets, above(data.Run)); err != nil {
				return usage(err)
			}
			analysis, err := verdict.Judge(data, budgets)
			if err != nil {
				return err
			}
			a.code = exitCode(analysis.Outcome)
			return reports.Verdict(a.screen(), analysis)
		},
	}
	c.Flags().StringArrayVar(&texts, "budget", nil, "budget to judge, e.g. 'full: p95 <= +5%' (repeatable)")
	c.Flags().StringVar(&baseline, "baseline", "", "of a sweep: a file of detection limits to judge by, instead of its own")
	return c
}

// above returns the names of a run's levels other than the baseline.
func above(r result.Run) []string {
	var names []string
	for _, a := range r.Arms {
		if a.Role == result.RoleLevel {
			names = append(names, a.Name)
		}
	}
	return names
}
