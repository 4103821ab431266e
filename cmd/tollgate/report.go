package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/reports"
)

func (a *app) reportCommand() *cobra.Command {
	var format string
	var write bool
	var names, earlier []string
	for _, f := range reports.All() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a saved run again",
		Long:  "Renders a run directory to stdout: the text on one screen, or in full with --verbose. The same directory always gives the same bytes.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := reports.Lookup(format)
			if err != nil {
				return usage(err)
			}
			analysis, err := analyze(args[0])
			if err != nil {
				return err
			}
			if len(earlier) > 0 {
				if err := a.explain(args[0], analysis, earlier); err != nil {
					return usage(err)
				}
			}
			if write {
				return writeReports(args[0], analysis)
			}
			if f.File == "" {
				return f.Render(a.reader(args[0]), analysis)
			}
			return f.Render(a.stdout, analysis)
		},
	}
	c.Flags().StringVar(&format, "format", names[0], "one of "+strings.Join(names, ", "))
	a.verboseFlag(c)
	c.Flags().BoolVar(&write, "write", false, "write the report files into the run directory instead")
	c.Flags().StringArrayVar(&earlier, "earlier", nil, "run, report.json or directory of these: say since when the run fails its budgets (repeatable; see docs/since.md)")
	return c
}
