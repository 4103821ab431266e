package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/since"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/reports"
)

// Bounds of the rate of false alarms: below, no series is long enough, and above, nearly every one has a change.
const (
	leastAlarms = 0.0001
	mostAlarms  = 0.2
)

func (a *app) sinceCommand() *cobra.Command {
	var format string
	var falseAlarms float64
	var names []string
	for _, f := range reports.AllSince() {
		names = append(names, f.Name)
	}
	c := &cobra.Command{
		Use:   "since RUN...",
		Short: "Many runs in order of time: since when a level costs what it costs",
		Long: `Puts runs in order of time and finds, for every level and metric, the runs in which what it costs over the baseline of its own
run changed beyond chance; and since when a fault is detected or missed. RUN is a run directory, a report.json, or a directory
that holds some of these. Runs of another machine, kernel, environment, plan, journeys or baseline are looked at by themselves;
runs that are invalid or not complete are shown and left out.

Exit codes: 0 shown; 64 refused: a RUN that is named cannot be read, or fewer than two can. A change is no verdict: tollgate gate
judges a run, and tollgate report RUN --earlier RUNS says since when it fails.`,
		Example: "  tollgate since runs\n  tollgate since runs --format html > since.html\n  tollgate since reports/*.json --false-alarms 0.05",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := reports.LookupSince(format)
			if err != nil {
				return usage(err)
			}
			if !(falseAlarms >= leastAlarms && falseAlarms <= mostAlarms) {
				return usage(fmt.Errorf("--false-alarms: want a rate from %g to %g, got %g", leastAlarms, mostAlarms, falseAlarms))
			}
			runs, err := a.readSeries(args)
			if err != nil {
				return usage(err)
			}
			if len(runs) < 2 {
				return usage(fmt.Errorf("since: %d run in %s: want two or more", len(runs), strings.Join(args, ", ")))
			}
			h, err := since.New(runs, falseAlarms)
			if err != nil {
				return usage(err)
			}
			return f.Render(a.screen(), h)
		},
	}
	c.Flags().StringVar(&format, "format", names[0], "one of "+strings.Join(names, ", "))
	c.Flags().Float64Var(&falseAlarms, "false-alarms", since.FalseAlarms, "how often a line without a change may be said to have one")
	return c
}

// readSeries reads runs. What cannot be read is an error where it was named, and is told on stderr where it lies in a directory
// that was.
func (a *app) readSeries(names []string) ([]since.Run, error) {
	var out []since.Run
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("since: %w", err)
		}
		if !info.IsDir() || isFile(filepath.Join(name, "run.json")) {
			run, err := readOne(name)
			if err != nil {
				return nil, fmt.Errorf("since: %w", err)
			}
			out = append(out, run)
			continue
		}
		inside, err := runsIn(name)
		if err != nil {
			return nil, fmt.Errorf("since: %w", err)
		}
		if len(inside) == 0 {
			return nil, fmt.Errorf("since: %s holds no run: want a directory with run.json, a report.json, or a directory that holds some of these", name)
		}
		for _, path := range inside {
			run, err := readOne(path)
			if err != nil {
				fmt.Fprintf(a.stderr, "tollgate: left out: %s\n", reports.Printable(err.Error()))
				continue
			}
			out = append(out, run)
		}
	}
	return out, nil
}

// runsIn are the runs that lie in a directory: directories with run.json, or else with report.json, and reports.
func runsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch report := filepath.Join(path, "report.json"); {
		case isFile(filepath.Join(path, "run.json")):
			out = append(out, path)
		case isFile(report):
			out = append(out, report)
		case e.Type()&fs.ModeType == 0 && filepath.Ext(path) == ".json":
			out = append(out, path)
		}
	}
	return out, nil
}

// largestReport is how many bytes a report.json may have; that of a nightly run has about 2 MB.
const largestReport = 64 << 20

// readOne reads a run directory or a report.json.
func readOne(path string) (since.Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return since.Run{}, err
	}
	if !info.IsDir() {
		if info.Size() > largestReport {
			return since.Run{}, fmt.Errorf("%s: %d bytes are no report.json", path, info.Size())
		}
		text, err := os.ReadFile(path) // #nosec G304 -- the user names it
		if err != nil {
			return since.Run{}, err
		}
		return reports.ReadSince(path, text)
	}
	data, err := result.Read(path)
	if err != nil {
		return since.Run{}, fmt.Errorf("%s: %w", path, err)
	}
	analysis, err := verdict.Judge(data, nil)
	if err != nil {
		return since.Run{}, fmt.Errorf("%s: %w", path, err)
	}
	return since.Of(path, analysis), nil
}

// explain says of a run that is analysed what earlier runs say of it. Runs that began later than it are passed over, and so is the
// run itself.
func (a *app) explain(dir string, analysis *verdict.Analysis, names []string) error {
	runs, err := a.readSeries(names)
	if err != nil {
		return err
	}
	var earlier []since.Run
	for _, r := range runs {
		if r.Run.Started.Before(analysis.Run.Started) {
			earlier = append(earlier, r)
		}
	}
	if len(earlier) == 0 {
		return errors.New("--earlier: none of these runs began before the one that is reported: " + strings.Join(names, ", "))
	}
	h, err := since.New(append(earlier, since.Of(dir, analysis)), since.FalseAlarms)
	if err != nil {
		return err
	}
	h.Explain(analysis)
	return nil
}
