package main

import (
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/scriptrun"
	"github.com/tollgate-dev/tollgate/reports"
)

// filesHelp is what the help of compare says of files.
const filesHelp = `Given two files in place of directories, it compares two runs of any k6 script: interval logs of k6 run --out perso=FILE, with
intervals of how each run varied in itself, or k6 summaries as JSON (--summary-export, or what handleSummary gets), of which no
interval is possible. It says which interval holds what.`

// compareFiles compares two files that k6 wrote; false: neither argument is a file.
func (a *app) compareFiles(first, second, format string, strict bool) (done bool, err error) {
	if !isFile(first) && !isFile(second) {
		return false, nil
	}
	for _, path := range []string{first, second} {
		if !isFile(path) {
			return true, usage(fmt.Errorf("compare: %s is no file: compare two directories of runs, or two files that k6 wrote", path))
		}
	}
	f, err := reports.LookupScript(format)
	if err != nil {
		return true, usage(err)
	}
	c, err := scriptrun.Files(first, second)
	if err != nil {
		return true, usage(err)
	}
	if err := f.Render(a.screen(), c); err != nil {
		return true, err
	}
	if strict && len(c.Warnings) > 0 {
		return true, fmt.Errorf("compare: the runs are not alike in all that matters (%d warnings), and --strict is set", len(c.Warnings))
	}
	return true, nil
}
