package stats

import (
	"cmp"
	"slices"
	"sort"
)

// resampler computes the Hodges–Lehmann estimate of many resamples of the same values. A resample only changes how
// often each value counts, so the pairs of values are sorted once, and the estimate of every resample is their weighted
// median.
type resampler struct {
	values []float64 // rising
	order  []int     // of values: where each stood in the sample
	pairs  []pair    // rising
}

// pair is one Walsh average with the indices of its two values among the rising ones.
type pair struct {
	average float64
	i, j    int32
}

func newResampler(xs []float64) resampler {
	r := resampler{order: make([]int, len(xs)), pairs: make([]pair, 0, len(xs)*(len(xs)+1)/2)}
	for i := range xs {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	for _, i := range r.order {
		r.values = append(r.values, xs[i])
	}
	for i, x := range r.values {
		for j := i; j < len(xs); j++ {
			r.pairs = append(r.pairs, pair{x/2 + r.values[j]/2, int32(i), int32(j)})
		}
	}
	slices.SortFunc(r.pairs, func(a, b pair) int { return cmp.Compare(a.average, b.average) })
	return r
}

// estimate is the Hodges–Lehmann estimate of the sample that holds the i-th value drawn[i] times; n, at least 1, is
// their sum. It looks for the middle by bisection over the pairs, with one count in linear time at every step.
func (r resampler) estimate(drawn []int, n int) float64 {
	times := make([]int, len(drawn)) // by rising value
	before := make([]int, len(drawn)+1)
	for i, o := range r.order {
		times[i] = drawn[o]
		before[i+1] = before[i] + times[i]
	}
	m := n * (n + 1) / 2
	atMost := 0
	low := sort.Search(len(r.pairs), func(k int) bool {
		c := r.atMost(r.pairs[k].average, times, before)
		if c > (m-1)/2 {
			atMost = c // of the last k that was high enough, which is the one that is found
			return true
		}
		return false
	})
	high := low
	if atMost <= m/2 { // the upper middle is the next pair that is in the sample
		average := r.pairs[low].average
		for high++; r.pairs[high].average == average || times[r.pairs[high].i]*times[r.pairs[high].j] == 0; {
			high++
		}
	}
	return (r.pairs[low].average + r.pairs[high].average) / 2
}

// atMost counts the pairs of the sample whose average is at most t.
func (r resampler) atMost(t float64, times, before []int) int {
	total := 0
	j := len(r.values) - 1
	for i, x := range r.values {
		for j >= i && x/2+r.values[j]/2 > t {
			j--
		}
		if j < i {
			break
		}
		total += times[i]*(before[j+1]-before[i+1]) + times[i]*(times[i]+1)/2
	}
	return total
}
