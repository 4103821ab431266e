package since

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// lines makes a line for every level and metric that a run knows, levels in the order of the newest run.
func (h *History) lines() {
	for _, r := range slices.Backward(h.Runs) {
		for _, t := range r.Tolls {
			for _, e := range t.Effects {
				if known(e.Diff.Mid) && h.Line(t.Level, e.Metric.ID) == nil {
					h.Lines = append(h.Lines, Line{Level: t.Level, Metric: e.Metric})
				}
			}
		}
	}
	for i := range h.Lines {
		h.fill(&h.Lines[i])
	}
	h.Lines = slices.DeleteFunc(h.Lines, func(l Line) bool { return len(l.Stretches) == 0 })
}

// Line finds a line; nil if there is none.
func (h *History) Line(level, metric string) *Line {
	at := slices.IndexFunc(h.Lines, func(l Line) bool { return l.Level == level && l.Metric.ID == metric })
	if at < 0 {
		return nil
	}
	return &h.Lines[at]
}

// Now is the stretch of the newest run that has a value.
func (l *Line) Now() Stretch { return newestOf(l.Stretches) }

// Told is the newest stretch that begins with a change; where there is none, the newest of a setting with enough runs to tell; else Now.
func (l *Line) Told() Stretch {
	for _, counts := range []func(Stretch) bool{func(s Stretch) bool { return s.Changed }, func(s Stretch) bool { return !s.Few }} {
		if of := slices.DeleteFunc(slices.Clone(l.Stretches), func(s Stretch) bool { return !counts(s) }); len(of) > 0 {
			return newestOf(of)
		}
	}
	return l.Now()
}

// newestOf is the stretch with the newest run.
func newestOf(stretches []Stretch) Stretch {
	return slices.MaxFunc(stretches, func(a, b Stretch) int { return a.Runs[len(a.Runs)-1] - b.Runs[len(b.Runs)-1] })
}

// Before is the stretch before a change; zero if there is none.
func (l *Line) Before(s Stretch) Stretch {
	for i, other := range l.Stretches {
		if s.Changed && other.Runs[0] == s.Runs[0] {
			return l.Stretches[i-1]
		}
	}
	return Stretch{}
}

// Changed are the lines that have a change: those of the newest first, and of one run those of metrics that are read at a glance.
func (h *History) Changed() []*Line {
	var out []*Line
	for i := range h.Lines {
		if h.Lines[i].Told().Changed {
			out = append(out, &h.Lines[i])
		}
	}
	place := func(l *Line) int { return cmp.Or(l.Metric.Few, math.MaxInt) }
	slices.SortStableFunc(out, func(a, b *Line) int {
		return cmp.Or(cmp.Compare(b.Told().Runs[0], a.Told().Runs[0]), cmp.Compare(place(a), place(b)))
	})
	return out
}

// Told counts the lines that have enough runs in some setting to be told anything.
func (h *History) Told() int {
	n := 0
	for _, l := range h.Lines {
		if slices.ContainsFunc(l.Stretches, func(s Stretch) bool { return !s.Few }) {
			n++
		}
	}
	return n
}

// fill reads the values of a line and divides it into stretches.
func (h *History) fill(l *Line) {
	effects := make([]verdict.Effect, len(h.Runs))
	for i, r := range h.Runs {
		effects[i] = r.effect(l.Level, l.Metric.ID)
		l.Ratio = l.Ratio || known(effects[i].Ratio.Mid) && !l.Metric.InUnit
	}
	for _, e := range effects {
		iv := e.Diff
		if l.Ratio {
			iv = e.Ratio
		}
		l.Values = append(l.Values, iv)
	}
	for s, setting := range h.Settings {
		l.Stretches = append(l.Stretches, h.stretches(l, s, setting)...)
	}
}

// effect is that of a level on a metric; one of NaN where the run has none, or is left out.
func (r Run) effect(level, metric string) verdict.Effect {
	for _, t := range r.Tolls {
		for _, e := range t.Effects {
			if t.Level == level && e.Metric.ID == metric && r.Left == "" {
				return e
			}
		}
	}
	nan := verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	return verdict.Effect{Diff: nan, Ratio: nan}
}

// stretches divides the values of one setting at their changes.
func (h *History) stretches(l *Line, setting int, s Setting) []Stretch {
	var runs []int
	var values []float64
	for _, i := range s.Runs {
		if x := l.scaled(l.Values[i].Mid); known(x) {
			runs, values = append(runs, i), append(values, x)
		}
	}
	if len(runs) == 0 {
		return nil
	}
	bounds := append([]int{0}, stats.Changes(values, stats.ChangeOptions{FalseAlarms: h.FalseAlarms, Seed: 1})...)
	bounds = append(bounds, len(runs))
	var out []Stretch
	for i := range len(bounds) - 1 {
		from, to := bounds[i], bounds[i+1]
		next := Stretch{Setting: setting, Runs: runs[from:to], Few: len(runs) < h.Least, Change: verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}}
		mean := meanOf(values[from:to])
		next.Level = l.plain(mean)
		if i > 0 {
			next.Changed = true
			next.Change = l.plain(stats.Subtract(mean, meanOf(values[bounds[i-1]:from])))
		}
		out = append(out, next)
	}
	return out
}

// scaled is a value on the scale on which it is averaged: of a ratio the logarithm.
func (l *Line) scaled(x float64) float64 {
	if l.Ratio {
		return math.Log1p(x)
	}
	return x
}

func (l *Line) plain(iv stats.Interval) verdict.Interval {
	if l.Ratio {
		return verdict.Interval{Lo: math.Expm1(iv.Lo), Mid: math.Expm1(iv.Mid), Hi: math.Expm1(iv.Hi)}
	}
	return verdict.Interval(iv)
}

// fewForMean is how many runs the interval of a mean needs.
const fewForMean = 3

// meanOf is the mean of runs with Student's interval over them, which has all in it by which runs differ.
func meanOf(values []float64) stats.Interval {
	mean := stat.Mean(values, nil)
	if len(values) < fewForMean {
		return stats.Interval{Lo: math.NaN(), Mid: mean, Hi: math.NaN()}
	}
	half := stats.StudentT((1-Confidence)/2, float64(len(values)-1)) * stat.StdErr(stat.StdDev(values, nil), float64(len(values)))
	return stats.Interval{Lo: mean - half, Mid: mean, Hi: mean + half}
}

func known(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
