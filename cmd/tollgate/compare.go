package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
)

func (a *app) compareCommand() *cobra.Command {
	var format string
	var strict bool
	var names []string
	for _, f := range reports.AllCompare() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "compare RUN RUN | LOG LOG | SUMMARY SUMMARY",
		Short: "Two runs side by side, with the uncertainty of both",
		Long: `Shows for every level that both runs have what it costs over the baseline of its own run, and how the two costs
differ, B (the second run) against A (the first), with an interval that carries the uncertainty of both; and the catch of
both beside each other.

Whatever makes the runs unlike (machine, environment, plan, journeys, levels, versions, alert rules) and whatever is wrong
with one of them (partial, invalid) is a warning above everything else. As with benchstat, which shows what it can and
notes what it doubts, a warning does not fail the command unless --strict is set.

` + filesHelp + `

Exit codes: 0 compared; 1 compared, with warnings, under --strict; 64 refused: a directory cannot be read or is of a newer
schema, or the runs have no level above the baseline in common. A difference is no verdict: tollgate gate judges a run.`,
		Example: "  tollgate compare runs/20260102-150405-pr runs/20260103-150405-pr",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if done, err := a.compareFiles(args[0], args[1], format, strict); done {
				return err
			}
			f, err := reports.LookupCompare(format)
			if err != nil {
				return usage(err)
			}
			comparison, err := compareRuns(args[0], args[1])
			if err != nil {
				return usage(err)
			}
			if err := f.Render(a.screen(), comparison); err != nil {
				return err
			}
			if strict && len(comparison.Warnings) > 0 {
				return fmt.Errorf("compare: the runs are not alike in all that matters (%d under warnings), and --strict is set",
					len(comparison.Warnings))
			}
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", names[0], "one of "+strings.Join(names, ", "))
	c.Flags().BoolVar(&strict, "strict", false, "end with exit code 1 when there is a warning")
	return c
}

// compareRuns reads two run directories. Any error is a reason not to compare them.
func compareRuns(first, second string) (*verdict.Comparison, error) {
	x, err := result.Read(first)
	if err != nil {
		return nil, fmt.Errorf("compare: run A: %w", err)
	}
	y, err := result.Read(second)
	if err != nil {
		return nil, fmt.Errorf("compare: run B: %w", err)
	}
	return verdict.Compare(x, y)
}
