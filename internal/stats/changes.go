package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// ChangeOptions of Changes; the zero value is usable.
type ChangeOptions struct {
	FalseAlarms  float64 // how often a series without a change may be said to have one, in (0, 1); 0: 0.01
	Least        int     // values between two changes; 0: 3
	Permutations int     // 0: 9 / FalseAlarms, at least 999
	Seed         uint64  // the same seed finds the same
}

func (o ChangeOptions) filled() ChangeOptions {
	if o.FalseAlarms == 0 {
		o.FalseAlarms = 0.01
	}
	if o.Least == 0 {
		o.Least = 3
	}
	if o.Permutations == 0 {
		o.Permutations = max(999, int(math.Ceil(9/o.FalseAlarms)))
	}
	return o
}

// Changes finds where a series of independent values changes its distribution: the index of the first value of each new stretch, rising.
// Nothing is assumed about the distribution but that it is one, and so none about the noise.
//
// It is E-divisive: the split is taken that makes the energy distance between the values before and behind it largest. Then a
// permutation test asks whether shuffled values, with the changes that are known already kept where they are, would be split as well as
// that. It ends with the first split that does not pass. So a series without a change has one or more with a chance of FalseAlarms,
// whatever its length. The trailing part may end before its stretch does, so that a change which is taken back is found, too.
//
// Values that follow each other must not be alike beyond their common centre: with a lag-1 correlation of 0.3 the rate is several
// times as large (see TestChangesFalseAlarms). Values that are no numbers must have been left out.
//
// Sources: D. S. Matteson, N. A. James: A nonparametric approach for multiple change point analysis of multivariate data, Journal of the
// American Statistical Association 109 (2014); for performance tests in continuous integration, D. Daly et al.: The use of change
// point detection to identify software performance regressions in a continuous integration system, ICPE 2020; the early end of a
// permutation test that cannot pass any more: J. Besag, P. Clifford: Sequential Monte Carlo p-values, Biometrika 78 (1991).
func Changes(values []float64, o ChangeOptions) []int {
	o = o.filled()
	rng := rand.New(rand.NewPCG(o.Seed, 0x5eed)) // #nosec G404 -- statistics, not secrets
	bounds := []int{0, len(values)}
	for {
		best := bestSplit(values, bounds, o.Least)
		if best.at == 0 || !significant(values, bounds, best.q, o, rng) {
			return slices.Clone(bounds[1 : len(bounds)-1])
		}
		bounds = append(bounds, best.at)
		slices.Sort(bounds)
	}
}

// LeastValues is how many values a series must have for Changes to find anything in it: with fewer, even values that are all
// lower before the middle than behind it are split as well by chance, too often for falseAlarms.
func LeastValues(falseAlarms float64) int {
	o := ChangeOptions{FalseAlarms: falseAlarms}.filled()
	for n := 2 * o.Least; ; n++ {
		arrangements, half := 1., n/2
		for i := range half {
			arrangements *= float64(n-i) / float64(i+1)
		}
		if 2/arrangements <= o.FalseAlarms { // those of two groups, either one first
			return n
		}
	}
}

// significant tests a split by shuffling the values within their stretches.
func significant(values []float64, bounds []int, q float64, o ChangeOptions, rng *rand.Rand) bool {
	allowed := int(o.FalseAlarms*float64(o.Permutations+1)) - 1 // of shuffled series that may be split as well
	shuffled := slices.Clone(values)
	as := q * (1 - 1e-12) // sums in another order
	for range o.Permutations {
		for i := range len(bounds) - 1 {
			part := shuffled[bounds[i]:bounds[i+1]]
			rng.Shuffle(len(part), func(a, b int) { part[a], part[b] = part[b], part[a] })
		}
		if bestSplit(shuffled, bounds, o.Least).q >= as {
			if allowed--; allowed < 0 {
				return false
			}
		}
	}
	return true
}

// split is a place at which a stretch may be divided; at is 0 if there is none.
type split struct {
	at int
	q  float64 // energy distance between both sides, weighed by their sizes
}

// bestSplit is that of all stretches.
func bestSplit(values []float64, bounds []int, least int) split {
	var best split
	for i := range len(bounds) - 1 {
		from := bounds[i]
		if s := splitOf(values[from:bounds[i+1]], least); s.at > 0 && s.q > best.q {
			best = split{from + s.at, s.q}
		}
	}
	return best
}

// splitOf is the best split of one stretch.
func splitOf(x []float64, least int) split {
	n := len(x)
	sums := distanceSums(x)
	// between is the sum of the distances from each of [a, b) to each of [c, d).
	between := func(a, b, c, d int) float64 {
		return sums[b*(n+1)+d] - sums[a*(n+1)+d] - sums[b*(n+1)+c] + sums[a*(n+1)+c]
	}
	var best split
	for at := least; at+least <= n; at++ {
		within := between(0, at, 0, at) / pairs(at)
		for end := at + least; end <= n; end++ {
			m, k := float64(at), float64(end-at)
			energy := 2*between(0, at, at, end)/(m*k) - within - between(at, end, at, end)/pairs(end-at)
			if q := energy * m * k / (m + k); q > best.q {
				best = split{at, q}
			}
		}
	}
	return best
}

// pairs is the number of ordered pairs of n things.
func pairs(n int) float64 { return float64(n) * float64(n-1) }

// distanceSums are the sums of |x[i] − x[j]| over all i < r and j < c, in row r and column c of a square of len(x)+1.
func distanceSums(x []float64) []float64 {
	wide := len(x) + 1
	out := make([]float64, wide*wide)
	for r := range x {
		row := 0.
		for c := range x {
			row += math.Abs(x[r] - x[c])
			out[(r+1)*wide+c+1] = out[r*wide+c+1] + row
		}
	}
	return out
}
