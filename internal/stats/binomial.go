package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// ClopperPearson is the share of yes among n, with its exact interval: C. J. Clopper, E. S. Pearson, The use of confidence or
// fiducial limits illustrated in the case of the binomial, Biometrika 26 (1934). It contains the true share at least as often as
// the confidence says, however few answers there are. Yes and n need not be whole, as after division by a design effect: the ends
// are quantiles of beta distributions, which lie between those of the whole numbers around. All NaN without an answer.
func ClopperPearson(yes, n, confidence float64) Interval {
	if !(n > 0) || !(yes >= 0) {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	yes = min(yes, n)
	out, tail := Interval{Lo: 0, Mid: yes / n, Hi: 1}, (1-confidence)/2
	if yes > 0 {
		out.Lo = min(distuv.Beta{Alpha: yes, Beta: n - yes + 1}.Quantile(tail), out.Mid)
	}
	if yes < n {
		out.Hi = max(distuv.Beta{Alpha: yes + 1, Beta: n - yes}.Quantile(1-tail), out.Mid)
	}
	return out
}

// Until is how many independent trials it takes to see at least one success with a probability of at least confidence, when each
// succeeds with probability p: ln(1 − confidence) / ln(1 − p), from the geometric distribution, not rounded. 1 where p is 1 or
// more, +Inf where it is 0 or less, NaN where it is NaN.
func Until(p, confidence float64) float64 {
	switch {
	case p >= 1:
		return 1
	case p <= 0:
		return math.Inf(1)
	default:
		return max(1, math.Log1p(-confidence)/math.Log1p(-p))
	}
}

// AtLeastOne is the probability of at least one success in n independent trials that succeed with probability p each.
func AtLeastOne(p, n float64) float64 {
	if math.IsNaN(p) || math.IsNaN(n) {
		return math.NaN()
	}
	if p >= 1 {
		return min(1, max(0, n))
	}
	return -math.Expm1(max(0, n) * math.Log1p(-max(0, p)))
}
