// Package since looks at a series of runs in order of time: what each level cost in every run, since when it costs what it costs now, and
// since when a fault is detected or missed.
//
// Runs whose values are not of one series (another machine, kernel, environment, plan, journeys or baseline) are of different settings,
// and each setting is looked at by itself. A setting that comes back goes on where it was left.
package since

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// FalseAlarms is how often a series without a change is said to have one, where nobody asks for another rate.
const FalseAlarms = 0.01

// Confidence of every interval.
const Confidence = 0.95

// Run is what the series needs of one run.
type Run struct {
	From  string // where it was read
	Run   result.Run
	Left  string // why its numbers are left out: it is invalid, or not complete; "": they are not
	Tolls []Toll // of the levels above the baseline
	Cells []Cell

	Summary bool // it was read from a report, which has no prices

	Setting int      // index of History.Settings
	Other   []string // what is not as in the run before it of the same setting, and may be the cause of a change
}

// Toll is what a level costs over the baseline of its own run.
type Toll struct {
	Level   string
	Effects []verdict.Effect
}

// Cell is one pass of a fault at a level.
type Cell struct {
	ID    string // of the fault
	Fault string // the name of the pass: see catch.Row
	Level string
	Fate
}

// Fate is what became of it; the zero value: it is not known.
type Fate struct {
	State     catch.State
	Diagnosed bool // the evidence named the cause
}

// Of is what the series needs of an analysed run.
func Of(from string, a *verdict.Analysis) Run {
	out := Run{From: from, Run: a.Run, Left: left(a)}
	for _, t := range a.Toll {
		if t.Arm.Role == result.RoleLevel {
			out.Tolls = append(out.Tolls, Toll{t.Arm.Level, t.Effects})
		}
	}
	if a.Catch != nil {
		for _, row := range a.Catch.Faults {
			for _, c := range row.Cells {
				out.Cells = append(out.Cells, Cell{row.Fault.ID, row.Name(), c.Level, Fate{c.State, c.Diagnosed}})
			}
		}
	}
	return out
}

// left says why the numbers of a run may not be believed; "" if they may.
func left(a *verdict.Analysis) string {
	if a.Run.Status != result.Complete {
		return "not complete"
	}
	var failed []string
	for _, c := range a.Controls {
		if !c.OK && !c.Undecided {
			failed = append(failed, c.Name)
		}
	}
	if len(failed) > 0 {
		return "invalid: " + strings.Join(failed, ", ")
	}
	return ""
}

// History is a series of runs. All indices of runs are of Runs.
type History struct {
	Runs        []Run     // in the order in which they began
	Settings    []Setting // in the order of their first runs
	FalseAlarms float64   // how often a line without a change is said to have one
	Least       int       // runs of one setting that a line must have to be told anything
	Lines       []Line    // by level and metric, in display order
	Cells       []CellLine
}

// Setting is how and where runs were made.
type Setting struct {
	Runs  []int
	Other []string // how it differs from that of the run before its first one; none of the first setting
}

// Line is one metric of one level over all runs.
type Line struct {
	Level     string
	Metric    verdict.Metric
	Ratio     bool               // values are shares of the baseline; else in the metric's unit
	Values    []verdict.Interval // by run; NaN: it has none, or its numbers are left out
	Stretches []Stretch          // by setting, then in order of time
}

// Stretch are successive runs of one setting between which nothing has changed beyond chance.
type Stretch struct {
	Setting int
	Runs    []int            // that have a value
	Level   verdict.Interval // the mean over the runs, and how sure that is; its ends are NaN of fewer than three runs
	Change  verdict.Interval // over the stretch before: (1 + Level) / (1 + before) − 1, or the difference where Line.Ratio is not set
	Changed bool             // it begins with a change; else it is the first of its setting
	Few     bool             // its setting has too few runs to be told anything
}

// New puts runs in order and finds their changes. falseAlarms is in (0, 1). An error says which run is there twice.
func New(runs []Run, falseAlarms float64) (*History, error) {
	h := &History{Runs: slices.Clone(runs), FalseAlarms: falseAlarms, Least: stats.LeastValues(falseAlarms)}
	slices.SortStableFunc(h.Runs, func(a, b Run) int {
		return cmp.Or(a.Run.Started.Compare(b.Run.Started), cmp.Compare(a.Run.ID, b.Run.ID))
	})
	for i := 1; i < len(h.Runs); i++ {
		if a, b := h.Runs[i-1], h.Runs[i]; a.Run.ID == b.Run.ID && a.Run.Started.Equal(b.Run.Started) {
			return nil, fmt.Errorf("since: run %s is there twice: %s and %s", a.Run.ID, a.From, b.From)
		}
	}
	h.settle()
	h.lines()
	h.cells()
	return h, nil
}

// settle finds the settings, and what else changed from run to run.
func (h *History) settle() {
	for i := range h.Runs {
		r := &h.Runs[i]
		r.Setting = slices.IndexFunc(h.Settings, func(s Setting) bool { return len(verdict.Apart(h.Runs[s.Runs[0]].Run, r.Run)) == 0 })
		if r.Setting < 0 {
			r.Setting = len(h.Settings)
			s := Setting{}
			if i > 0 {
				s.Other = verdict.Apart(h.Runs[i-1].Run, r.Run)
			}
			h.Settings = append(h.Settings, s)
		}
		s := &h.Settings[r.Setting]
		if len(s.Runs) > 0 {
			r.Other = causes(h.Runs[s.Runs[len(s.Runs)-1]], *r)
		}
		s.Runs = append(s.Runs, i)
	}
}

// causes are what differs between two runs and may be the cause of a change.
func causes(a, b Run) []string {
	if a.Summary || b.Summary {
		a.Run.Prices, b.Run.Prices = nil, nil
	}
	return verdict.Causes(a.Run, b.Run)
}
