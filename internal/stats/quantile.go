package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Weighted is a value that came N times.
type Weighted struct {
	Value float64
	N     int64
}

// clusterResamples puts the ends at 99 % at the fifth value from outside.
const clusterResamples = 999

// ClusterQuantile is the q quantile of the values of all clusters with its bootstrap interval: whole clusters are drawn with
// replacement, since what is in one (the requests of a second) is alike. It is stretched as every interval of few is here: see
// bootstrap. Of one cluster the interval is open, of none all is NaN. A. C. Davison, D. V. Hinkley: Bootstrap Methods and their
// Application, section 3.8.
func ClusterQuantile(clusters [][]Weighted, q, confidence float64, seed uint64) Interval {
	type placed struct {
		Weighted
		cluster int
	}
	var values []placed
	clusters = slices.DeleteFunc(slices.Clone(clusters), func(c []Weighted) bool { return len(c) == 0 })
	for i, c := range clusters {
		for _, v := range c {
			values = append(values, placed{v, i})
		}
	}
	slices.SortFunc(values, func(a, b placed) int { return cmp.Compare(a.Value, b.Value) })
	sizes := make([]int64, len(clusters))
	for _, v := range values {
		sizes[v.cluster] += v.N
	}
	quantile := func(times []int64) float64 {
		left := int64(0) // how many are not above the value
		for i, n := range times {
			left += n * sizes[i]
		}
		if left == 0 {
			return math.NaN()
		}
		rank := max(1, int64(math.Ceil(q*float64(left))))
		for i := len(values) - 1; i >= 0; i-- { // from above, since it is high quantiles that are asked for
			v := &values[i]
			if left -= times[v.cluster] * v.N; left < rank { // it came at least once, or the one before would have been it
				return v.Value
			}
		}
		return math.NaN()
	}
	m := len(clusters)
	times := make([]int64, m)
	for i := range times {
		times[i] = 1
	}
	mid := quantile(times)
	if m < 2 {
		return Interval{Lo: mid + math.Inf(-1), Mid: mid, Hi: mid + math.Inf(1)}
	}
	rng := rand.New(rand.NewPCG(seed, 0x7175616e74)) // #nosec G404 -- a bootstrap, which has to be the same again
	drawn := make([]float64, clusterResamples)
	for i := range drawn {
		clear(times)
		for range m {
			times[rng.IntN(m)]++
		}
		drawn[i] = quantile(times)
	}
	slices.Sort(drawn)
	tail := (1 - confidence) / 2
	stretch := smallSample(m, m-1, tail)
	return Interval{
		Lo:  mid - max(0, mid-percentile(drawn, tail))*stretch,
		Mid: mid,
		Hi:  mid + max(0, percentile(drawn, 1-tail)-mid)*stretch,
	}
}
