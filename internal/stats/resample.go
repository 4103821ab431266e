package stats

import (
	"cmp"
	"slices"
)

// resampler computes the Hodges–Lehmann estimate of many resamples of the same values. A resample only changes how
// often each value counts, so the pairs of values are sorted once, and the estimate of every resample is their weighted
// median.
type resampler struct {
	values []float64 // rising
	order  []int     // of values: where each stood in the sample
	pairs  []pair    // rising
	middle int       // of pairs: the last that is equal to the median
	times  []int     // of one resample: how often each value counts, by rising value
	before []int     // and how many values are before it
}

// pair is one Walsh average with the indices of its two values among the rising ones.
type pair struct {
	average float64
	i, j    int32
}

func newResampler(xs []float64) *resampler {
	r := &resampler{order: make([]int, len(xs)), pairs: make([]pair, 0, len(xs)*(len(xs)+1)/2),
		times: make([]int, len(xs)), before: make([]int, len(xs)+1)}
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
	r.middle = len(r.pairs) / 2
	for r.middle+1 < len(r.pairs) && r.pairs[r.middle+1].average == r.pairs[r.middle].average {
		r.middle++
	}
	return r
}

// estimate is the Hodges–Lehmann estimate of the sample that holds the i-th value drawn[i] times; n, at least 1, is
// their sum. The median of a resample is near that of the sample: it counts the pairs up to there, in time linear in the values, and
// walks from there.
func (r *resampler) estimate(drawn []int, n int) float64 {
	for i, o := range r.order {
		r.times[i] = drawn[o]
		r.before[i+1] = r.before[i] + r.times[i]
	}
	m := n * (n + 1) / 2
	k := r.middle
	upTo := r.atMost(r.pairs[k].average) // how many pairs of the resample are not behind the k-th
	for upTo > (m-1)/2 {
		upTo -= r.count(k)
		k--
	}
	for upTo <= (m-1)/2 {
		k++
		upTo += r.count(k)
	}
	low := r.pairs[k].average
	for upTo <= m/2 { // the upper middle is the next pair that is in the resample
		k++
		upTo += r.count(k)
	}
	return (low + r.pairs[k].average) / 2
}

// count is how often the k-th pair is in the resample.
func (r *resampler) count(k int) int {
	p := r.pairs[k]
	if p.i == p.j {
		return r.times[p.i] * (r.times[p.i] + 1) / 2
	}
	return r.times[p.i] * r.times[p.j]
}

// atMost counts the pairs of the resample whose average is at most t.
func (r *resampler) atMost(t float64) int {
	total := 0
	j := len(r.values) - 1
	for i, x := range r.values {
		for j >= i && x/2+r.values[j]/2 > t {
			j--
		}
		if j < i {
			break
		}
		total += r.times[i]*(r.before[j+1]-r.before[i+1]) + r.times[i]*(r.times[i]+1)/2
	}
	return total
}
