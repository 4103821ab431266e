// Package backtest compares what two sets of alert rules catch of the same recorded faults: those of the run and others, or two
// others. It judges and counts; package replay finds out what the rules do.
package backtest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/backtest/resample"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Side is one set of rules, judged.
type Side struct {
	Name     string         // what it is called in a comparison: recorded, or its files
	Recorded bool           // the run itself evaluated the rules
	Alerts   []result.Alert // time-lapsed
	Matrix   *catch.Matrix
	Coverage Coverage
	Notes    []string // what a reader must know of the side
}

// Comparison is two sides on the same faults. Where only other sampling was asked for there are no sides.
type Comparison struct {
	Run    result.Run
	First  Side
	Second Side
	Rows   []Row
	Counts []Count       // by level
	Notes  []string      // of the run's series
	Took   time.Duration // to evaluate the rules

	History  *result.History   // before the series, where rules were evaluated again; nil: none
	Sampling *resample.Outcome // of other sampling of traces and logs; nil: not asked for
}

// Row is one pass of a fault.
type Row struct {
	Name  string // tells the passes of a fault apart: see catch.Row
	Fault string
	Pass  int // counts the passes of this fault, from 0
	Cells []Pair
}

// Pair is one fault at one level.
type Pair struct {
	Level         string
	First, Second catch.Cell
	Differs       bool     // in state, first alert, time to detect (by more than an evaluation) or false alarms
	Gone, New     []string // false alarms of First only, and of Second only; without those of alerts that always fire
}

// Count is what one level comes to.
type Count struct {
	Level  string
	Passes int // with a confirmed fault
	First  Tally
	Second Tally
}

// Tally is what a side has at one level.
type Tally struct {
	Detected int // passes
	False    int // false alarms: alerts, counted once in each pass; without those that always fire
}

// NewSide judges a run whose alerts are those of the side.
func NewSide(name string, d *result.Data) (Side, error) {
	judged := *d
	judged.Latency = nil // what users felt is the same on both sides
	m, err := catch.Analyze(&judged)
	if err != nil {
		return Side{}, err
	}
	if m == nil {
		return Side{}, errors.New("backtest: the run has no faults")
	}
	return Side{Name: name, Alerts: d.Run.Alerts, Matrix: m, Coverage: cover(d.Run.Alerts, m.Coverage)}, nil
}

// Compare puts two sides of one run beside each other.
func Compare(run result.Run, first, second Side) (*Comparison, error) {
	c := &Comparison{Run: run, First: first, Second: second}
	if a, b := first.Matrix, second.Matrix; !slices.Equal(a.Levels, b.Levels) || len(a.Faults) != len(b.Faults) {
		return nil, fmt.Errorf("backtest: the sides are of different runs: %d passes at %v, %d passes at %v", len(a.Faults), a.Levels, len(b.Faults), b.Levels)
	}
	for _, level := range first.Matrix.Levels {
		c.Counts = append(c.Counts, Count{Level: level})
	}
	for i, f := range first.Matrix.Faults {
		row := Row{Name: f.Name(), Fault: f.Fault.ID, Pass: f.Pass}
		for l, level := range first.Matrix.Levels {
			p := c.pair(level, f.Cells[l], second.Matrix.Faults[i].Cells[l])
			row.Cells = append(row.Cells, p)
			c.Counts[l].add(p, first.Matrix.Always(level), second.Matrix.Always(level))
		}
		c.Rows = append(c.Rows, row)
	}
	return c, nil
}

// pair compares two cells.
func (c *Comparison) pair(level string, a, b catch.Cell) Pair {
	p := Pair{Level: level, First: a, Second: b}
	before, now := without(a.False, c.First.Matrix.Always(level)), without(b.False, c.Second.Matrix.Always(level))
	p.Gone, p.New = without(before, now), without(now, before)
	apart := (a.Detect - b.Detect).Abs()
	p.Differs = a.State != b.State || a.Alert != b.Alert || len(p.Gone)+len(p.New) > 0 ||
		a.Alert != "" && apart > max(interval(c.First.Alerts, a.Alert), interval(c.Second.Alerts, b.Alert))
	return p
}

// Differing is how many cells differ, and of how many.
func (c *Comparison) Differing() (n, of int) {
	for _, r := range c.Rows {
		for _, p := range r.Cells {
			of++
			if p.Differs {
				n++
			}
		}
	}
	return n, of
}

// interval is the longest evaluation interval of the rules of an ID.
func interval(rules result.Rules, id string) time.Duration {
	var out time.Duration
	for i, of := range rules.IDs() {
		if of == id {
			out = max(out, rules[i].Interval)
		}
	}
	return out
}

func (n *Count) add(p Pair, before, now []string) {
	if p.First.State.Judged() {
		n.Passes++
	}
	n.First.add(p.First, before)
	n.Second.add(p.Second, now)
}

func (t *Tally) add(c catch.Cell, standing []string) {
	if c.State == catch.Detected {
		t.Detected++
	}
	t.False += len(without(c.False, standing))
}

// without are the entries of a list that another does not have.
func without(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}
