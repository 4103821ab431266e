package stats

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Limits of Lag1.
const (
	lagLeast  = 4    // values of a series that can show anything
	lagMost   = 0.95 // the highest answer
	lagChance = 0.05 // how often independent values may be taken for alike
	lagClip   = 3    // standard deviations beyond which a value is a stall and is clipped
)

// Lag1 is the autocorrelation of neighbouring values within series of the same kind, such as the rounds of each launch, by the
// method of moments of a first-order autoregression: that ρ of which the sample's autocorrelation is the expectation. The
// plain sample value is too low by about (1 + 3ρ)/n, which for the six rounds of a launch is all of it (M. G. Kendall: Note
// on bias in the estimation of autocorrelation, Biometrika 41, 1954). Stalls are clipped at three standard deviations, estimated
// from the median deviation, since the Hodges–Lehmann estimate does not see them either and they would hide what it does see.
//
// Free is the number of independent values behind the series. 0 is the answer unless ρ is beyond chance, one-sided at 5 %,
// and where no series has four values or nothing but rounding varies.
func Lag1(series [][]float64, free int) float64 {
	var clean [][]float64
	var deviations []float64
	largest := 0.0
	for _, xs := range series {
		if len(xs) < lagLeast {
			continue
		}
		centre := HodgesLehmann(xs)
		ys := make([]float64, len(xs))
		for i, x := range xs {
			ys[i] = x - centre
			deviations = append(deviations, math.Abs(ys[i]))
			largest = max(largest, math.Abs(x))
		}
		clean = append(clean, ys)
	}
	limit := lagClip * Median(deviations) / distuv.UnitNormal.Quantile(0.75)
	if !(limit > 1e-9*largest) {
		return 0
	}
	var product, square float64
	for _, ys := range clean {
		for i, y := range ys {
			ys[i] = min(max(y, -limit), limit)
		}
		mean := stat.Mean(ys, nil)
		for i, y := range ys {
			square += (y - mean) * (y - mean)
			if i > 0 {
				product += (y - mean) * (ys[i-1] - mean)
			}
		}
	}
	expected := func(rho float64) float64 {
		var product, square float64
		for _, ys := range clean {
			p, s := lagMoments(rho, len(ys))
			product, square = product+p, square+s
		}
		return product / square
	}
	if product/square-expected(0) < distuv.UnitNormal.Quantile(1-lagChance)/math.Sqrt(float64(free)) {
		return 0
	}
	const steps = 200
	return lagMost / steps * float64(sort.Search(steps, func(k int) bool { return expected(lagMost/steps*float64(k)) >= product/square }))
}

// lagMoments are the expectations, for n values of an autoregression with variance 1, of the sums about their mean: of the
// products of neighbours, and of squares.
func lagMoments(rho float64, n int) (product, square float64) {
	size, mean := float64(n), meanVariance(rho, n)
	end, power := 0.0, 1.0 // end: the covariance of the first or the last value with the mean
	for range n {
		end += power / size
		power *= rho
	}
	return (size-1)*rho - (size+1)*mean + 2*end, size - size*mean
}

// meanVariance is the variance of the mean of n values of an autoregression with variance 1; 1/n for ρ = 0.
func meanVariance(rho float64, n int) float64 {
	sum, power := 1.0, 1.0
	for k := 1; k < n; k++ {
		power *= rho
		sum += 2 * (1 - float64(k)/float64(n)) * power
	}
	return sum / float64(n)
}

// inflation is how much larger the variance of a launch's centre is than its rounds show when they are taken for independent:
// they add up, and they look more alike than they are.
func inflation(rho float64, rounds int) float64 {
	if rho <= 0 || rounds < 2 {
		return 1
	}
	v := meanVariance(rho, rounds)
	return float64(rounds-1) * v / (1 - v)
}

// Median of some values; NaN of none.
func Median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[(len(sorted)-1)/2]/2 + sorted[len(sorted)/2]/2
}
