package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Comparison is two runs, A and B, side by side. All slices are in display order.
type Comparison struct {
	A, B       Side
	Confidence float64  // of every interval: 0.95
	Warnings   []string // why the two may not be compared like with like, the gravest first
	Void       []string // those of Warnings under which no difference means anything; empty: the two can be compared

	Baseline []BaselinePair    // empty unless both runs measured a toll, or both a capacity
	Levels   []LevelDifference // likewise; the levels above the baseline that both have
	Catch    []FaultDifference // empty unless both runs injected faults; the faults that both have
	Notes    []string          // of the comparison as a whole; Difference.Note is that of a single figure
}

// Side is what a comparison says of one run by itself.
type Side struct {
	Run     result.Run
	Load    Load
	Outcome Outcome // of its controls; budgets are no part of a comparison
	Reasons []string
}

// BaselinePair is the baseline's own value of a metric in both runs. They stand there to be read, not to be compared: runs
// that are not interleaved differ by whatever else the machine did.
type BaselinePair struct {
	Metric Metric
	A, B   float64 // in Metric.Unit; NaN: not measured
}

// LevelDifference is one level in both runs.
type LevelDifference struct {
	Level   string
	Metrics []Difference
}

// Difference is one metric of one level: its change over the baseline in each run, and how the two changes differ.
type Difference struct {
	Metric Metric
	A, B   Effect // NaN in the run that does not know the metric; Note is ""

	// Ratio is (1 + B's change) / (1 + A's change) − 1: +0.1 says that the level costs 10 % more of its baseline in B than
	// it does in A. NaN where a run has no ratio; then Diff is the one to look at.
	Ratio Interval
	Diff  Interval // B's change − A's change, in Metric.Unit

	Significant bool   // the interval excludes 0; when false print "~"
	Note        string // footnote; "" if there is nothing to say
}

// FaultDifference is one pass of a fault in both runs.
type FaultDifference struct {
	Fault result.Fault // as in A
	Pass  int          // counts the passes of this fault, from 0
	Cells []CellPair
}

// Name tells the passes of one fault apart.
func (d FaultDifference) Name() string { return catch.Row{Fault: d.Fault, Pass: d.Pass}.Name() }

// CellPair is one fault at one level in both runs; Cell.Note is "". There is no interval: a run meets a fault once.
type CellPair struct {
	Level string
	A, B  catch.Cell
}

// Compare puts two runs side by side. The changes over the baseline are compared, not the plain values: each run brings its
// own baseline, interleaved with its levels, and what the machine did to one it did to both.
//
// The interval of a difference carries the uncertainty of both runs, which are independent of each other. Ratios are
// subtracted as logarithms, the scale on which they are estimated, and other changes as they are, both by stats.Subtract:
// the distances of the ends combine like the sides of a right angle, whether rounds or launches made them. As in the toll,
// every interval stands for itself: of 20 that compare equal things one excludes 0 by chance.
//
// An error means that the two cannot be compared: they have no level above the baseline in common, or the data of one
// contradict themselves. Whatever else differs between them is a warning.
func Compare(a, b *result.Data) (*Comparison, error) {
	levels, err := sharedLevels(a.Run, b.Run)
	if err != nil {
		return nil, err
	}
	x, err := Judge(a, nil)
	if err != nil {
		return nil, fmt.Errorf("run A (%s): %w", a.Run.ID, err)
	}
	y, err := Judge(b, nil)
	if err != nil {
		return nil, fmt.Errorf("run B (%s): %w", b.Run.ID, err)
	}
	c := &Comparison{A: side(x), B: side(y), Confidence: confidence}
	c.warn(x, y)
	for _, note := range a.Notes {
		c.Notes = append(c.Notes, "run A: "+note)
	}
	for _, note := range b.Notes {
		c.Notes = append(c.Notes, "run B: "+note)
	}
	if metrics := measuredByBoth(x, y); len(metrics) > 0 {
		c.Baseline = baselines(metrics, x, y)
		for _, level := range levels {
			c.Levels = append(c.Levels, levelDifference(level, metrics, x, y))
		}
	}
	if x.Catch != nil && y.Catch != nil {
		c.Catch = faultDifferences(x.Catch, y.Catch)
	}
	for _, note := range []string{
		footnote(onlyIn("levels", "A", levelNames(a.Run), levelNames(b.Run)), onlyIn("levels", "B", levelNames(b.Run), levelNames(a.Run))),
		footnote(onlyIn("faults", "A", faultNames(a.Run), faultNames(b.Run)), onlyIn("faults", "B", faultNames(b.Run), faultNames(a.Run))),
	} {
		if note != "" {
			c.Notes = append(c.Notes, note)
		}
	}
	return c, nil
}

// Differing are the differences whose interval excludes 0, those first whose interval is farthest from it, and how many were compared:
// of equal things one in 20 differs by chance.
func (c *Comparison) Differing() (differ []LevelDifference, of int) {
	for _, l := range c.Levels {
		for _, d := range l.Metrics {
			if math.IsNaN(d.Diff.Mid) {
				continue
			}
			if of++; d.Significant {
				differ = append(differ, LevelDifference{l.Level, []Difference{d}})
			}
		}
	}
	slices.SortStableFunc(differ, func(a, b LevelDifference) int { return cmp.Compare(b.Metrics[0].clear(), a.Metrics[0].clear()) })
	return differ, of
}

// clear is how far from 0 a difference is, in half-widths of its interval.
func (d Difference) clear() float64 {
	iv := d.Ratio
	if math.IsNaN(iv.Mid) {
		iv = d.Diff
	}
	if iv.Hi == iv.Lo {
		return math.Inf(1)
	}
	return math.Abs(iv.Mid) / ((iv.Hi - iv.Lo) / 2)
}

// Changed says that what became of a fault at a level is not the same in both runs: its state, or whether its cause was named.
func (p CellPair) Changed() bool { return p.A.State != p.B.State || p.A.Diagnosed != p.B.Diagnosed }

func side(a *Analysis) Side { return Side{a.Run, a.Load, a.Outcome, a.Reasons} }

// sharedLevels are the levels above the baseline of both runs.
func sharedLevels(a, b result.Run) ([]string, error) {
	above := func(r result.Run) []string { return levelNames(r)[min(1, len(r.Levels)):] }
	shared := slices.DeleteFunc(above(a), func(l string) bool { return !slices.Contains(above(b), l) })
	if len(shared) == 0 {
		return nil, fmt.Errorf("verdict: runs %s and %s have no level above the baseline in common: A has %s, B has %s", a.ID, b.ID,
			orNone(strings.Join(above(a), ", ")), orNone(strings.Join(above(b), ", ")))
	}
	return shared, nil
}

func levelNames(r result.Run) []string {
	var names []string
	for _, l := range r.Levels {
		names = append(names, l.Name)
	}
	return names
}

func faultNames(r result.Run) []string {
	var names []string
	for _, f := range r.Faults {
		names = append(names, f.ID)
	}
	return names
}

// onlyIn says what one run has and the other has not; "" if there is nothing.
func onlyIn(what, run string, has, other []string) string {
	only := slices.DeleteFunc(slices.Clone(has), func(name string) bool { return slices.Contains(other, name) })
	if len(only) == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s only: %s", what, run, strings.Join(only, ", "))
}

// measuredByBoth are the metrics of the phases that both runs have.
func measuredByBoth(a, b *Analysis) []Metric {
	var out []Metric
	for _, m := range metricsOf(a.Run) {
		if a.measured(m.Phase) && b.measured(m.Phase) {
			out = append(out, m.Metric)
		}
	}
	return out
}

// measured says that the run has something of a phase.
func (a *Analysis) measured(phase string) bool {
	return map[string]bool{slot.Toll: len(a.Toll) > 0, slot.Capacity: a.Capacity != nil}[phase]
}

func baselines(metrics []Metric, a, b *Analysis) []BaselinePair {
	var out []BaselinePair
	for _, m := range metrics {
		p := BaselinePair{m, a.baselineValue(m), b.baselineValue(m)}
		if !math.IsNaN(p.A) || !math.IsNaN(p.B) {
			out = append(out, p)
		}
	}
	return out
}

// baselineValue is the baseline's own value of a metric, whichever phase measured it; NaN if none did.
func (a *Analysis) baselineValue(m Metric) float64 {
	values := a.Baseline
	if a.Capacity != nil {
		base := a.Capacity.Arms[0]
		values = append(slices.Clone(values), Absolute{base.Effect.Metric, base.Rate.Mid})
	}
	for _, v := range values {
		if v.Metric.ID == m.ID {
			return v.Value
		}
	}
	return math.NaN()
}

// levelDifference compares one level metric by metric, without those that neither run knows anything of.
func levelDifference(level string, metrics []Metric, a, b *Analysis) LevelDifference {
	out := LevelDifference{Level: level}
	for _, m := range metrics {
		d := Difference{Metric: m, A: a.at(level, m), B: b.at(level, m)}
		noteA, noteB := d.A.Note, d.B.Note
		d.A.Note, d.B.Note = "", ""
		if math.IsNaN(d.A.Diff.Mid) && math.IsNaN(d.B.Diff.Mid) && noteA+noteB == "" {
			continue
		}
		d.subtract()
		if d.Note = noteA; noteA != noteB {
			d.Note = footnote(said("A", noteA), said("B", noteB))
		}
		out.Metrics = append(out.Metrics, d)
	}
	return out
}

// NoDifference is a metric that neither run knows anything of.
func NoDifference(m Metric) Difference {
	d := Difference{Metric: m, A: noEffect(m), B: noEffect(m)}
	d.subtract()
	return d
}

func said(run, text string) string {
	if text == "" {
		return ""
	}
	return run + ": " + text
}

// subtract fills in how B's change differs from A's.
func (d *Difference) subtract() {
	d.Diff = Interval(stats.Subtract(stats.Interval(d.B.Diff), stats.Interval(d.A.Diff)))
	logs := stats.Subtract(logarithm(d.B.Ratio), logarithm(d.A.Ratio))
	d.Ratio = Interval{math.Expm1(logs.Lo), math.Expm1(logs.Mid), math.Expm1(logs.Hi)}
	if d.Significant = logs.Excludes(0); math.IsNaN(logs.Mid) {
		d.Significant = stats.Interval(d.Diff).Excludes(0)
	}
	if math.IsInf(logs.Lo, -1) {
		d.Ratio.Lo = math.Inf(-1) // as open ends are shown everywhere else
	}
}

// logarithm is the interval of a change on the scale on which it was estimated; ends that are open stay so.
func logarithm(ratio Interval) stats.Interval {
	if !stats.Interval(ratio).Finite() && !math.IsNaN(ratio.Mid) {
		return stats.Interval{Lo: math.Inf(-1), Mid: math.Log1p(ratio.Mid), Hi: math.Inf(1)}
	}
	return stats.Interval{Lo: math.Log1p(ratio.Lo), Mid: math.Log1p(ratio.Mid), Hi: math.Log1p(ratio.Hi)}
}

// at is the effect of a level on a metric, whichever phase measured it; one of NaN if none did.
func (a *Analysis) at(level string, m Metric) Effect {
	tolls := a.Toll
	if a.Capacity != nil {
		tolls = slices.Clone(tolls)
		for _, c := range a.Capacity.Arms {
			tolls = append(tolls, LevelToll{c.Arm, []Effect{c.Effect}})
		}
	}
	for _, l := range tolls {
		if l.Arm.Role != result.RoleLevel || l.Arm.Level != level {
			continue
		}
		for _, e := range l.Effects {
			if e.Metric.ID == m.ID {
				return e
			}
		}
	}
	return noEffect(m)
}

// faultDifferences puts the cells of the faults and levels that both catches have beside each other.
func faultDifferences(a, b *catch.Matrix) []FaultDifference {
	var out []FaultDifference
	for _, f := range a.Faults {
		i := slices.IndexFunc(b.Faults, func(g catch.Row) bool { return g.Fault.ID == f.Fault.ID && g.Pass == f.Pass && g.Size == f.Size })
		if i < 0 {
			continue
		}
		d := FaultDifference{Fault: f.Fault, Pass: f.Pass}
		for l, level := range a.Levels {
			if j := slices.Index(b.Levels, level); j >= 0 {
				p := CellPair{level, f.Cells[l], b.Faults[i].Cells[j]}
				p.A.Note, p.B.Note = "", ""
				d.Cells = append(d.Cells, p)
			}
		}
		out = append(out, d)
	}
	return out
}
