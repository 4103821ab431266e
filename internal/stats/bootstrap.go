package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// BootstrapHL is the Hodges–Lehmann estimate over all rounds with a two-level bootstrap interval: groups are launches,
// their elements rounds.
//
// Lower level: rounds are resampled with replacement within their launch. The percentile interval is taken, since the
// estimator is a median and the interval then follows a transformation such as exp; BCa adds nothing here, its
// acceleration being that of a symmetric statistic. Resampling a few values is too narrow by √((n−1)/n) and by normal
// instead of t quantiles; both are put right by stretching (T. Hesterberg: What teachers should know about the
// bootstrap, 2015).
//
// Upper level: a run has two to five launches, and so few cannot be resampled: drawing from three launches understates
// their variance by a third and its uncertainty altogether (A. C. Davison, D. V. Hinkley: Bootstrap Methods, section
// 3.8). So the launch level is the random-effects model of T. Kalibera and R. Jones (Rigorous benchmarking in
// reasonable time, 2013). The variance of the estimate is that of its rounds, by the bootstrap, plus that by which launches
// differ beyond what their rounds explain, at least 0. The interval of the bootstrap is stretched to it, with Student's t
// instead of normal quantiles, at the degrees of freedom that F. E. Satterthwaite gives to such a sum (An approximate
// distribution of estimates of variance components, Biometrics Bulletin 2, 1946): those of the launches where they make most
// of it. Few launches that disagree make an interval that is honest and wide: t is 12.7 for two, 4.3 for three, 2.8 for
// five. With two the agreement itself may be chance, and launches that do differ are covered less than asked for;
// Options.Spread is the way out of both.
//
// One launch leaves its interval without the launch level: say so beside it. Groups must not be empty, and some group
// needs two values; without any the interval is NaN. Resamples at 1999 put the ends within about 3 % of the half-width.
func BootstrapHL(groups [][]float64, confidence float64, resamples int, rng *rand.Rand) Interval {
	interval, _ := bootstrap(groups, Options{Confidence: confidence, Resamples: resamples}, rng)
	return interval
}

// bootstrap is BootstrapHL with all options, and the standard deviation between launches beyond their rounds.
func bootstrap(groups [][]float64, o Options, rng *rand.Rand) (Interval, float64) {
	all := slices.Concat(groups...)
	if len(all) == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}, 0
	}
	mid := HodgesLehmann(all)
	if slices.Min(all) == slices.Max(all) {
		return Interval{mid, mid, mid}, 0 // counts often are the same in every round
	}
	whole, within := resampleRounds(groups, all, o.Resamples, rng)
	tail := (1 - o.Confidence) / 2
	slices.Sort(whole)
	stretch := smallSample(len(all), len(all)-len(groups), tail)
	below := max(0, mid-percentile(whole, tail)) * stretch
	above := max(0, percentile(whole, 1-tail)-mid) * stretch
	if len(groups) < 2 {
		return Interval{mid - below, mid, mid + above}, 0
	}
	l := float64(len(groups))
	own := ownSpread(groups)
	own.Rounds = stat.Mean(within, nil)
	spread := o.Spread.orOwn(own)
	if math.IsNaN(spread.Rounds) { // nothing but launches to go by
		half := spread.half(len(groups), tail)
		return Interval{mid - max(below, half), mid, mid + max(above, half)}, 0
	}
	if spread.excess() > 0 {
		rounds := stat.Variance(whole, nil) * float64(len(all)) / float64(len(all)-len(groups))
		variance := rounds + spread.excess()/l
		share := max(1, variance/(spread.Variance/l)) // never fewer than the launches have
		df := float64(spread.DF) * share * share
		wider := math.Sqrt(variance/rounds) * studentT(tail, df) / studentT(tail, float64(len(all)-len(groups)))
		below, above = below*max(1, wider), above*max(1, wider)
	}
	return Interval{mid - below, mid, mid + above}, math.Sqrt(spread.excess())
}

// ownSpread is the spread that the launches of these groups show by themselves.
func ownSpread(groups [][]float64) Spread {
	return Spread{stat.Variance(launchCentres(groups), nil), math.NaN(), len(groups) - 1}
}

func launchCentres(groups [][]float64) []float64 {
	centres := make([]float64, len(groups))
	for g, xs := range groups {
		centres[g] = HodgesLehmann(xs)
	}
	return centres
}

// resampleRounds returns the estimates over all launches, one per resample, and for every launch the variance of its
// own estimate.
func resampleRounds(groups [][]float64, all []float64, resamples int, rng *rand.Rand) (whole, within []float64) {
	pooled := newResampler(all)
	single := make([]resampler, len(groups))
	own := make([][]float64, len(groups))
	for g, xs := range groups {
		single[g] = newResampler(xs)
		own[g] = make([]float64, resamples)
	}
	whole = make([]float64, resamples)
	count := make([]int, len(all))
	for b := range whole {
		clear(count)
		start := 0
		for g, xs := range groups {
			mine := count[start : start+len(xs)]
			for range xs {
				mine[rng.IntN(len(xs))]++
			}
			own[g][b] = single[g].estimate(mine, len(xs))
			start += len(xs)
		}
		whole[b] = pooled.estimate(count, len(all))
	}
	within = make([]float64, len(groups))
	for g, xs := range groups {
		if n := float64(len(xs)); n > 1 {
			within[g] = stat.Variance(own[g], nil) * n / (n - 1)
		}
	}
	return whole, within
}

// smallSample is the factor that a percentile interval of n values with df degrees of freedom is too narrow by.
func smallSample(n, df int, tail float64) float64 {
	if df < 1 {
		return 1
	}
	return math.Sqrt(float64(n)/float64(df)) * studentT(tail, float64(df)) / distuv.UnitNormal.Quantile(1-tail)
}

// studentT is the upper quantile of Student's distribution.
func studentT(tail, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(1 - tail)
}

// percentile is the p quantile of sorted bootstrap estimates by the rule of (B+1)p.
func percentile(sorted []float64, p float64) float64 {
	i := int(math.Round(p*float64(len(sorted)+1))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
