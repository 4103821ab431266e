package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// ExactShare is the share of yes among n independent answers with its exact interval: C. J. Clopper, E. S. Pearson, The use of
// confidence or fiducial limits illustrated in the case of the binomial, Biometrika 26 (1934). Where all answers are alike, the
// other end is one-sided: of 5 times yes at 95 %, the share is at least 55 %. NaN without an answer.
func ExactShare(yes, n int, confidence float64) Interval {
	if n <= 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	k, m, tail := float64(yes), float64(n), (1-confidence)/2
	out := Interval{Lo: 0, Mid: k / m, Hi: 1}
	if yes == 0 || yes == n {
		tail = 1 - confidence
	}
	if yes > 0 {
		out.Lo = distuv.Beta{Alpha: k, Beta: m - k + 1}.Quantile(tail)
	}
	if yes < n {
		out.Hi = distuv.Beta{Alpha: k + 1, Beta: m - k}.Quantile(1 - tail)
	}
	return out
}
