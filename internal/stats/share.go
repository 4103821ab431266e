package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson is the share of yes among n, with its score interval: E. B. Wilson, Probable inference, the law of succession, and
// statistical inference, Journal of the American Statistical Association 22 (1927). It is good for few and for shares near 0
// and 1. Yes and n need not be whole: see DesignEffect. All NaN without an answer.
//
// Subtract of two such intervals is R. G. Newcombe's hybrid score interval of the difference of two shares (Interval estimation
// for the difference between independent proportions, Statistics in Medicine 17, 1998, method 10).
func Wilson(yes, n, confidence float64) Interval {
	if !(n > 0) {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	p := min(max(yes/n, 0), 1)
	z := distuv.UnitNormal.Quantile(1 - (1-confidence)/2)
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{Lo: min(max(0, centre-half), p), Mid: p, Hi: max(min(1, centre+half), p)}
}

// Cluster is some yes-or-no answers that belong together: those of one second, which have the same load behind them.
type Cluster struct{ Yes, N float64 }

// DesignEffect is by how much the shares of groups of clusters vary more than those of as many independent answers would, at
// least 1: the answers are worth 1/DesignEffect as many. The groups may have different shares; they have the effect in common.
// J. N. K. Rao, A. J. Scott: A simple method for the analysis of clustered binary data, Biometrics 48 (1992).
func DesignEffect(groups ...[]Cluster) float64 {
	sum, weight := 0.0, 0.0
	for _, clusters := range groups {
		yes, n := Total(clusters)
		p, m := yes/n, float64(len(clusters))
		if m < 2 || !(p*(1-p) > 0) {
			continue
		}
		squares := 0.0
		for _, c := range clusters {
			rest := c.Yes - p*c.N
			squares += rest * rest
		}
		sum += squares * m / (n * p * (1 - p)) // (m−1) times the effect
		weight += m - 1
	}
	if weight == 0 {
		return 1
	}
	return max(1, sum/weight)
}

// Total adds clusters up.
func Total(clusters []Cluster) (yes, n float64) {
	for _, c := range clusters {
		yes, n = yes+c.Yes, n+c.N
	}
	return yes, n
}

// PoissonRate is a rate of events over a time, with its exact interval: F. Garwood, Fiducial limits for the Poisson distribution,
// Biometrika 28 (1936). Without an event the upper end is one-sided, so that at 95 % it is the 3/time of the rule of three.
func PoissonRate(events int, over, confidence float64) Interval {
	n, tail := float64(events), (1-confidence)/2
	out := Interval{Mid: n / over}
	if events == 0 {
		out.Hi = -math.Log(1-confidence) / over
		return out
	}
	out.Lo = distuv.ChiSquared{K: 2 * n}.Quantile(tail) / 2 / over
	out.Hi = distuv.ChiSquared{K: 2 * (n + 1)}.Quantile(1-tail) / 2 / over
	return out
}
