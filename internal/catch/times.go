package catch

import (
	"cmp"
	"math"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// times are response times, each with how often it came, rising.
type times []counted

type counted struct {
	ns int64
	n  int64
}

func timesOf(h *hdr.Histogram) times {
	var out times
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			out = append(out, counted{bar.To, bar.Count})
		}
	}
	return out
}

// with are both together.
func (t times) with(other times) times {
	if len(t) == 0 {
		return other
	}
	out := slices.Concat(t, other)
	slices.SortFunc(out, func(a, b counted) int { return cmp.Compare(a.ns, b.ns) })
	return out
}

func (t times) total() int64 {
	sum := int64(0)
	for _, c := range t {
		sum += c.n
	}
	return sum
}

// above counts the times that are longer.
func (t times) above(ns int64) int64 {
	sum := int64(0)
	for _, c := range t {
		if c.ns > ns {
			sum += c.n
		}
	}
	return sum
}

// rank is the time of that rank, from 1; −∞ and +∞ beyond the ends.
func (t times) rank(rank int64) float64 {
	if rank < 1 {
		return math.Inf(-1)
	}
	for _, c := range t {
		if rank -= c.n; rank <= 0 {
			return time.Duration(c.ns).Seconds()
		}
	}
	return math.Inf(1)
}

const percentile = 0.95

// percentiles are those of two windows with their intervals.
func percentiles(clean, fault window) (before, under stats.Interval) {
	a, b := clean.all(), fault.all()
	effect := stats.DesignEffect(clean.slow(a), fault.slow(b))
	return a.interval(effect), b.interval(effect)
}

func (w window) all() times {
	var out times
	for _, s := range w {
		out = append(out, s.times...)
	}
	return out.sorted()
}

func (t times) sorted() times {
	slices.SortFunc(t, func(a, b counted) int { return cmp.Compare(a.ns, b.ns) })
	return t
}

// slow are the requests of every second that took longer than the percentile of all.
func (w window) slow(all times) []stats.Cluster {
	limit := int64(math.MaxInt64)
	if n := all.total(); n > 0 {
		limit = int64(all.rank(rankOf(n)) * float64(time.Second))
	}
	var out []stats.Cluster
	for _, s := range w {
		if n := s.times.total(); n > 0 {
			out = append(out, stats.Cluster{Yes: float64(s.times.above(limit)), N: float64(n)})
		}
	}
	return out
}

func rankOf(n int64) int64 { return int64(math.Ceil(percentile * float64(n))) }

// interval is the percentile with the interval between two ranks, as if there were fewer by the design effect.
func (t times) interval(effect float64) stats.Interval {
	n := t.total()
	if n == 0 {
		return noInterval()
	}
	worth := max(1, int64(float64(n)/effect))
	lo, hi := stats.QuantileRanks(percentile, int(worth), FeltConfidence)
	scaled := func(rank int) int64 { // among all
		switch {
		case rank < 1:
			return 0
		case int64(rank) > worth:
			return n + 1
		}
		return min(n, int64(math.Ceil(float64(rank)/float64(worth)*float64(n))))
	}
	return stats.Interval{Lo: max(0, t.rank(scaled(lo))), Mid: t.rank(rankOf(n)), Hi: t.rank(scaled(hi))}
}
