package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// bootstrap is the centre over all rounds with a two-level interval, and the standard deviation between launches beyond their
// rounds. There must be a round; Comparison.alike is the factor by which the variance of a launch's centre is larger than that of
// independent rounds.
//
// Lower level: rounds are resampled with replacement within their launch. The percentile interval is taken, since the
// estimator is a median and the interval then follows a transformation such as exp; BCa adds nothing here, its
// acceleration being that of a symmetric statistic. Resampling a few values is too narrow by √((n−1)/n) and by normal
// instead of t quantiles; both are put right by stretching (T. Hesterberg: What teachers should know about the
// bootstrap, 2015), and so is the autocorrelation of rounds.
//
// Upper level: a run has two to five launches, and so few cannot be resampled: drawing from three launches understates
// their variance by a third and its uncertainty altogether (A. C. Davison, D. V. Hinkley: Bootstrap Methods, section
// 3.8). So the launch level is the random-effects model of T. Kalibera and R. Jones (Rigorous benchmarking in
// reasonable time, 2013). The variance of the estimate is that of its rounds, by the bootstrap, plus that by which launches
// differ beyond what their rounds explain, at least 0. Each half of the interval is the root of both squared, with Student's t
// at the degrees of freedom that F. E. Satterthwaite gives to such a sum (An approximate distribution of estimates of variance
// components, Biometrics Bulletin 2, 1946): those of the launches where they make most of it. Few launches that disagree make
// an interval that is honest and wide: t is 12.7 for two, 4.3 for three, 2.8 for five. With two the agreement itself may
// be chance, and launches that do differ are covered less than asked for; Options.Spread is the way out of both.
//
// One launch leaves its interval without the launch level: say so beside it. Resamples at 1999 put the ends within about 3 %
// of the half-width.
func (c *Comparison) bootstrap(confidence float64) (Interval, float64) {
	d, n, launches, mid, whole, alike := c.of, c.about.N, c.about.Launches, c.about.Mid, c.whole, c.alike
	if whole == nil {
		return Interval{mid, mid, mid}, 0 // counts often are the same in every round
	}
	tail, free := (1-confidence)/2, n-launches
	stretch := smallSample(n, free, tail) * math.Sqrt(alike)
	at := max(tail, leastBeyond/float64(len(whole)+1))
	stretch *= distuv.UnitNormal.Quantile(1-tail) / distuv.UnitNormal.Quantile(1-at)
	below := max(0, mid-percentile(whole, at)) * stretch
	above := max(0, percentile(whole, 1-at)-mid) * stretch
	if launches < 2 {
		return Interval{mid - below, mid, mid + above}, 0
	}
	spread := c.given.orOwn(c.own)
	excess := max(0, spread.Variance-alike*spread.Rounds)
	if excess > 0 {
		l := float64(launches)
		share := max(1, (alike*d.variance(whole)+excess/l)/(spread.Variance/l)) // never fewer than the launches have
		t := StudentT(tail, float64(spread.DF)*share*share)
		wider, luck := t/StudentT(tail, float64(free)), t*math.Sqrt(excess/l)
		below, above = max(below, math.Hypot(below*wider, luck)), max(above, math.Hypot(above*wider, luck))
	}
	return Interval{mid - below, mid, mid + above}, math.Sqrt(excess)
}

// leastBeyond is how many resamples there must be beyond an end of an interval. The ends of a wider one, as several budgets and looks ask
// for, are those that have so many, stretched as the ends of a normal distribution are: the outermost few of some hundred resamples lie
// nearer than the quantile that they stand for.
const leastBeyond = 5

// smallSample is the factor that a percentile interval of n values with df degrees of freedom is too narrow by.
func smallSample(n, df int, tail float64) float64 {
	if df < 1 {
		return 1
	}
	return math.Sqrt(float64(n)/float64(df)) * StudentT(tail, float64(df)) / distuv.UnitNormal.Quantile(1-tail)
}

// StudentT is the upper quantile of Student's distribution.
func StudentT(tail, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - tail)
}

// percentile is the p quantile of sorted bootstrap estimates by the rule of (B+1)p.
func percentile(sorted []float64, p float64) float64 {
	i := int(math.Round(p*float64(len(sorted)+1))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
