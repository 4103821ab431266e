package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactLimit is the most values for which the null distribution of the signed-rank statistic is computed exactly: up
// to here its counts, at most 2^50, are whole numbers in a float64.
const exactLimit = 50

// SignedRankInterval is the confidence interval of the pseudo-median that Wilcoxon's signed-rank test leaves: from the
// k-th smallest to the k-th largest Walsh average, k from the exact null distribution for up to 50 values and from its
// normal approximation above. Achieved is its true confidence, at least the one asked for (exact case), since ranks
// come in steps. The values must be independent and symmetric about their centre; ties only widen the interval.
//
// Too few values for the confidence (fewer than 6 at 0.95, 7 at 0.98) give infinite ends and an achieved confidence of
// 1; no values give NaN. Confidence is in (0, 1). M. Hollander, D. A. Wolfe: Nonparametric Statistical Methods, section
// 3.3.
func SignedRankInterval(xs []float64, confidence float64) (lo, mid, hi, achieved float64) {
	n := len(xs)
	if n == 0 {
		return math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	mid = HodgesLehmann(xs)
	k, tail := signedRankCut(n, (1-confidence)/2)
	if k == 0 {
		return math.Inf(-1), mid, math.Inf(1), 1
	}
	w := walshAverages(xs)
	return w[k-1], mid, w[len(w)-k], 1 - 2*tail
}

// SignedRankLeast is the fewest values of which SignedRankInterval makes an interval with two finite ends.
func SignedRankLeast(confidence float64) int {
	n := 1
	for math.Pow(2, -float64(n)) > (1-confidence)/2 { // the chance that all values are on one side of their centre
		n++
	}
	return n
}

// signedRankCut is the largest k with P(W ≤ k−1) ≤ tail for the signed-rank statistic W of n values, and that
// probability; 0, 0 if not even P(W = 0) is that small.
func signedRankCut(n int, tail float64) (k int, p float64) {
	if n > exactLimit {
		return approximateCut(n, tail)
	}
	return exactCut(n, tail)
}

func exactCut(n int, tail float64) (k int, p float64) {
	total := math.Pow(2, float64(n))
	cumulated := 0.0
	for w, count := range signedRankCounts(n) {
		if (cumulated+count)/total > tail {
			return w, cumulated / total
		}
		cumulated += count
	}
	return 0, 0 // not reached: the probabilities add up to 1
}

// approximateCut takes W as normal; P(W ≤ k−1) with a correction for continuity is the normal probability of k − 1/2.
func approximateCut(n int, tail float64) (k int, p float64) {
	pairs := float64(n) * float64(n+1)
	normal := distuv.Normal{Mu: pairs / 4, Sigma: math.Sqrt(pairs * float64(2*n+1) / 24)}
	k = max(0, int(math.Floor(normal.Quantile(tail)+0.5)))
	return k, normal.CDF(float64(k) - 0.5)
}

// signedRankCounts is the null distribution of the signed-rank statistic: element w is the number of subsets of
// {1 … n} whose sum is w.
func signedRankCounts(n int) []float64 {
	counts := make([]float64, n*(n+1)/2+1)
	counts[0] = 1
	for rank := 1; rank <= n; rank++ {
		for w := len(counts) - 1; w >= rank; w-- {
			counts[w] += counts[w-rank]
		}
	}
	return counts
}
