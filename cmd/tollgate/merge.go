package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/hlog"
)

func (a *app) mergeCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "merge LOG LOG...",
		Short: "Makes one interval log of those of several k6 processes",
		Long: `Writes the interval log that one k6 process would have written in place of several, each of which took a share of the
same test (--execution-segment, or the k6-operator) and recorded with --out perso=run-{segment}.hlog.

It says what is missing: a log of a process that was killed, a share of the plan that no log has.

Exit codes: 0 merged; 1 the result cannot be written; 64 refused: a log cannot be read, or the logs are not of one test (the same
share twice, other interval lengths, times that do not meet).`,
		Example: "  tollgate merge run-0-1of3.hlog run-1of3-2of3.hlog run-2of3-1.hlog -o run.hlog",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usage(errors.New("merge: -o FILE is missing: the log that is written"))
			}
			return a.merge(args, out)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "the log that is written; a file of that name is replaced")
	return c
}

// merge writes the log of several.
func (a *app) merge(paths []string, out string) error {
	var logs []*hlog.Log
	for _, path := range paths {
		if sameFile(path, out) {
			return usage(fmt.Errorf("merge: %s is read and cannot be written, too: give -o another name", path))
		}
		l, err := hlog.Read(path)
		if err != nil {
			return usage(err)
		}
		logs = append(logs, l)
	}
	var text bytes.Buffer
	warnings, err := hlog.Merge(&text, logs)
	if err != nil {
		return usage(err)
	}
	if err := files.Write(out, text.Bytes()); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	for _, w := range warnings {
		fmt.Fprintln(a.stderr, "! "+w)
	}
	merged, err := hlog.Read(out)
	if err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	fmt.Fprintf(a.stdout, "%s: %d logs, share of the plan %s, %d values in %d series, %d interval histograms\n",
		out, len(logs), merged.Head.Segment, merged.Totals.Values, len(merged.Series()), len(merged.Lines))
	return nil
}

// sameFile says whether two paths name one file that exists.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
