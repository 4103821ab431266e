package stats

import (
	"cmp"
	"math"
	"slices"
)

// resampler computes the Hodges–Lehmann estimate of many resamples of the same values. A resample only changes how often each value
// counts, so that its estimate is a weighted median of the averages of all pairs of values. The averages are cut into stretches of about
// as many pairs as there are values. How many pairs of a resample are up to a cut is counted in time linear in the values; a
// stretch is sorted when a median first lies in it, and those far from the middle never are.
type resampler struct {
	values []float64 // rising
	order  []int     // of values: where each stood in the sample
	cuts   []cut     // rising; the last is behind all pairs
	times  []int     // of one resample: how often each value counts, by rising value
	before []int     // and how many values are before it
}

// cut ends a stretch of the averages.
type cut struct {
	at    float64 // the stretch has the averages from the cut before, exclusive, to here, inclusive
	edge  []int32 // edge[i] is the index behind the last j with an average of i and j up to the cut; rows without one are left out; nil: not known yet
	pairs []pair  // of the stretch, rising; nil: not known yet
}

// pair is one Walsh average with the indices of its two values among the rising ones.
type pair struct {
	average float64
	i, j    int32
}

// Sizes of stretches.
const (
	stretchLeast = 16 // pairs, on average
	stretchTaken = 4  // of the pairs of a stretch are looked at to place the cuts
)

func newResampler(xs []float64) *resampler {
	n := len(xs)
	r := &resampler{order: make([]int, n), values: make([]float64, n), times: make([]int, n), before: make([]int, n+1)}
	for i := range xs {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	for i, o := range r.order {
		r.values[i] = xs[o]
	}
	every := max(stretchLeast, n) / stretchTaken
	var some []float64
	for i, next := 0, every-1; i < n; i++ { // next: the column of the next pair that is looked at
		for ; next < n-i; next += every {
			some = append(some, r.average(i, i+next))
		}
		next -= n - i
	}
	slices.Sort(some)
	for k := stretchTaken - 1; k < len(some); k += stretchTaken {
		if last := len(r.cuts) - 1; last < 0 || r.cuts[last].at < some[k] {
			r.cuts = append(r.cuts, cut{at: some[k]})
		}
	}
	r.cuts = append(r.cuts, cut{at: math.Inf(1)})
	return r
}

func (r *resampler) average(i, j int) float64 { return r.values[i]/2 + r.values[j]/2 }

// estimate is the Hodges–Lehmann estimate of the sample that holds the i-th value drawn[i] times; n, at least 1, is their sum.
func (r *resampler) estimate(drawn []int, n int) float64 {
	for i, o := range r.order {
		r.times[i] = drawn[o]
		r.before[i+1] = r.before[i] + r.times[i]
	}
	m := n * (n + 1) / 2
	c, upTo := r.stretch((m-1)/2, m)
	pairs, k := r.pairs(c), -1
	for upTo <= (m-1)/2 {
		k++
		upTo += r.count(pairs[k])
	}
	low := pairs[k].average
	for upTo <= m/2 { // the upper middle is the next pair that is in the resample
		for k++; k == len(pairs); k = 0 {
			c++
			pairs = r.pairs(c)
		}
		upTo += r.count(pairs[k])
	}
	return (low + pairs[k].average) / 2
}

// stretch finds the stretch that holds the pair of a rank among the m of the resample, counted from 0, and how many are before the stretch.
// It guesses as if all stretches held as many.
func (r *resampler) stretch(rank, m int) (at, before int) {
	low, high := -1, len(r.cuts)-1 // the pair is behind the cut low and up to the cut high
	each := max(1, m/len(r.cuts))
	for c := high / 2; low+1 < high; {
		n := r.atMost(c)
		if n > rank {
			high = c
		} else {
			low, before = c, n
		}
		c = min(max(c+(rank-n)/each, low+1), high-1)
	}
	return high, before
}

// count is how often a pair is in the resample.
func (r *resampler) count(p pair) int {
	if p.i == p.j {
		return r.times[p.i] * (r.times[p.i] + 1) / 2
	}
	return r.times[p.i] * r.times[p.j]
}

// atMost counts the pairs of the resample up to a cut.
func (r *resampler) atMost(c int) int {
	total := 0
	for i, edge := range r.edge(c) {
		t := r.times[i]
		total += t*(r.before[edge]-r.before[i+1]) + t*(t+1)/2
	}
	return total
}

// edge is that of a cut; nil before the first.
func (r *resampler) edge(c int) []int32 {
	if c < 0 {
		return nil
	}
	if r.cuts[c].edge == nil {
		edge := make([]int32, 0, len(r.values))
		j := len(r.values) - 1
		for i := range r.values {
			for j >= i && r.average(i, j) > r.cuts[c].at {
				j--
			}
			if j < i {
				break
			}
			edge = append(edge, int32(j+1))
		}
		r.cuts[c].edge = edge
	}
	return r.cuts[c].edge
}

// pairs are those of a stretch.
func (r *resampler) pairs(c int) []pair {
	if r.cuts[c].pairs == nil {
		pairs, before := []pair{}, r.edge(c-1)
		for i, edge := range r.edge(c) {
			from := i
			if i < len(before) {
				from = int(before[i])
			}
			for j := from; j < int(edge); j++ {
				pairs = append(pairs, pair{r.average(i, j), int32(i), int32(j)})
			}
		}
		slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.average, b.average) })
		r.cuts[c].pairs = pairs
	}
	return r.cuts[c].pairs
}
