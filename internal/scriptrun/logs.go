package scriptrun

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

const (
	mostBlocks  = 30 // of time, of one run
	leastBlocks = 8  // with values, for an interval
	leastBeyond = 10 // values above a quantile, for it to be shown
)

// quantiles are the statistics of a series.
var quantiles = []float64{0.5, 0.95, 0.99, 0.999}

// logs compares two interval logs.
func logs(pathA, pathB string) (*Comparison, error) {
	a, err := hlog.Read(pathA)
	if err != nil {
		return nil, err
	}
	b, err := hlog.Read(pathB)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Of: "interval logs of k6 scripts", A: sideOf(a), B: sideOf(b), Warnings: append(a.Doubts(), b.Doubts()...),
		Interval: fmt.Sprintf("Each run is cut into at most %d blocks of time, and the intervals (%.0f %%) come from drawing blocks again: they say how "+
			"much a run varied in itself. They do not hold what changes from one run to the next, such as placement, caches and neighbours: two runs "+
			"cannot show that. So a difference that is marked is one between these two runs, and not yet one between what was tested. "+
			"Repeat both sides in turn, or have `tollgate run` interleave them.", mostBlocks, 100*Confidence),
	}
	c.Warnings = append(c.Warnings, unlike(a, b)...)
	names, alone := common(a.Series(), b.Series())
	c.Warnings = append(c.Warnings, alone...)
	if len(names) == 0 {
		return nil, fmt.Errorf("compare: %s and %s have no series in common: %s", pathA, pathB, strings.Join(alone, ", "))
	}
	blocksA, blocksB := newBlocks(a), newBlocks(b)
	for _, name := range names {
		s, err := seriesOf(name, blocksA, blocksB)
		if err != nil {
			return nil, err
		}
		c.Series = append(c.Series, s)
	}
	return c, nil
}

// sideOf says what a log says of itself.
func sideOf(l *hlog.Log) Side {
	from, to := l.Span()
	t := l.Totals
	text := fmt.Sprintf("from %s for %s, %d series", time.UnixMilli(from).UTC().Format("2006-01-02 15:04:05"),
		time.Duration(to-from)*time.Millisecond, len(l.Series()))
	if t.Requests > 0 {
		text += fmt.Sprintf("; %d HTTP requests, %d failed", t.Requests, t.Failed)
	}
	text += fmt.Sprintf("; %d iterations dropped", t.Dropped)
	if l.Head.Segment != hlog.Whole {
		text += "; share of the plan " + l.Head.Segment
	}
	return Side{Path: l.Path, Text: text}
}

// unlike is what makes the runs of two logs unlike, and what is wrong with the load of one.
func unlike(a, b *hlog.Log) (warnings []string) {
	if a.Head.Segment != b.Head.Segment {
		warnings = append(warnings, fmt.Sprintf("A has the share %s of its plan, and B %s", a.Head.Segment, b.Head.Segment))
	}
	fromA, toA := a.Span()
	fromB, toB := b.Span()
	lengthA, lengthB := float64(toA-fromA)/1000, float64(toB-fromB)/1000
	if ratio := lengthB / lengthA; ratio < 0.9 || ratio > 1.1 {
		warnings = append(warnings, fmt.Sprintf("A lasts %.0f s and B %.0f s", lengthA, lengthB))
	}
	rateA, rateB := rateOf(a), rateOf(b)
	if ratio := rateB / rateA; ratio < 0.95 || ratio > 1.05 {
		warnings = append(warnings, fmt.Sprintf("A has %.1f values a second, and B %.1f: latencies at another load are not alike", rateA, rateB))
	}
	for _, side := range []struct {
		name string
		hlog.Totals
	}{{"A", a.Totals}, {"B", b.Totals}} {
		if side.Dropped > 0 {
			warnings = append(warnings, fmt.Sprintf("%s dropped %d iterations, since no VU was free when they were due: its latencies lack those that "+
				"would have been the longest", side.name, side.Dropped))
		}
		if side.Failed > 0 {
			warnings = append(warnings, fmt.Sprintf("in %s %d of %d HTTP requests failed, and their times are among the others; record with "+
				"tags=expected_response to keep them apart", side.name, side.Failed, side.Requests))
		}
	}
	return warnings
}

// rateOf is how many values a log took per second; NaN where it does not say.
func rateOf(l *hlog.Log) float64 {
	return float64(l.Totals.Values) / (float64(l.Totals.AtMS-l.Head.StartMS) / 1000)
}

// blocks is a log cut into blocks of time.
type blocks struct {
	lines  map[string][]hlog.Line // by series
	from   int64                  // ms
	length int64                  // of a block, ms
}

func newBlocks(l *hlog.Log) *blocks {
	from, to := l.Span()
	perBlock := (max((to-from)/l.Head.IntervalMS, 1) + mostBlocks - 1) / mostBlocks
	b := &blocks{lines: map[string][]hlog.Line{}, from: from, length: perBlock * l.Head.IntervalMS}
	for _, line := range l.Lines {
		b.lines[line.Series] = append(b.lines[line.Series], line)
	}
	return b
}

// of are the values of a series by block, those blocks only that have some.
func (b *blocks) of(series string) (clusters [][]stats.Weighted, unit hlog.Unit, err error) {
	byBlock := map[int64]map[float64]int64{}
	for i, line := range b.lines[series] {
		h, u, err := line.Histogram()
		if err != nil {
			return nil, unit, err
		}
		if i > 0 && u != unit {
			return nil, unit, fmt.Errorf("compare: series %s holds both times and other values", series)
		}
		unit = u
		k := (line.StartMS - b.from) / b.length
		if byBlock[k] == nil {
			byBlock[k] = map[float64]int64{}
		}
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				byBlock[k][(u.Value(bar.From)+u.Value(bar.To))/2] += bar.Count // the middle of a bucket
			}
		}
	}
	for k := range int64(mostBlocks + 1) {
		var cluster []stats.Weighted
		for value, n := range byBlock[k] {
			cluster = append(cluster, stats.Weighted{Value: value, N: n})
		}
		if len(cluster) > 0 {
			clusters = append(clusters, cluster)
		}
	}
	return clusters, unit, nil
}

// seriesOf compares a series of two logs.
func seriesOf(name string, a, b *blocks) (Series, error) {
	inA, unitA, err := a.of(name)
	if err != nil {
		return Series{}, err
	}
	inB, unitB, err := b.of(name)
	switch {
	case err != nil:
		return Series{}, err
	case unitA != unitB:
		return Series{}, fmt.Errorf("compare: series %s holds times in one log and other values in the other", name)
	}
	s := Series{Name: name, Title: hlog.Title(name), Unit: unitA.Name, NA: count(inA), NB: count(inB)}
	var left []string
	for _, q := range quantiles {
		name := fmt.Sprintf("p%.4g", 100*q)
		if beyond := float64(min(s.NA, s.NB)) * (1 - q); beyond < leastBeyond {
			left = append(left, name)
			continue
		}
		s.Stats = append(s.Stats, statOf(name, q, inA, inB))
	}
	if len(left) > 0 {
		s.Note = fmt.Sprintf("too few values for %s: %d of them must lie above", strings.Join(left, ", "), leastBeyond)
	}
	if blocks := min(len(inA), len(inB)); blocks < leastBlocks && len(s.Stats) > 0 {
		s.Note = strings.TrimPrefix(s.Note+fmt.Sprintf("; no interval, which takes values in %d blocks of time of both runs, and not in %d", leastBlocks, blocks), "; ")
	}
	return s, nil
}

// statOf is a quantile of both runs with what interval there can be.
func statOf(name string, q float64, a, b [][]stats.Weighted) Stat {
	const seed = 1 // the same logs give the same intervals
	one := func(clusters [][]stats.Weighted) stats.Interval {
		iv := stats.ClusterQuantile(clusters, q, Confidence, seed)
		if len(clusters) < leastBlocks {
			return point(iv.Mid)
		}
		return iv
	}
	s := Stat{Name: name, A: one(a), B: one(b)}
	if s.A.Finite() && s.B.Finite() {
		s.Difference = stats.Subtract(s.B, s.A)
	} else {
		s.Difference = point(s.B.Mid - s.A.Mid)
	}
	return s
}

// point is a number without an interval.
func point(x float64) stats.Interval { return stats.Interval{Lo: math.NaN(), Mid: x, Hi: math.NaN()} }

func count(clusters [][]stats.Weighted) (n int64) {
	for _, c := range clusters {
		for _, v := range c {
			n += v.N
		}
	}
	return n
}
