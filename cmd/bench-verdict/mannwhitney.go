package main

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// mannWhitney returns the two-sided p-value of the hypothesis that two samples are from one distribution, if all values are
// independent of each other. It uses the normal approximation with the correction for ties, which is good from about twenty
// values per sample. It is NaN if a sample is empty or all values are equal.
//
// Source: H. B. Mann, D. R. Whitney: On a test of whether one of two random variables is stochastically larger than the other,
// Annals of Mathematical Statistics 18 (1947).
func mannWhitney(a, b []float64) float64 {
	type value struct {
		x     float64
		first bool // of a
	}
	all := slices.Concat(markdown.Collect(a, func(x float64) value { return value{x, true} }), markdown.Collect(b, func(x float64) value { return value{x, false} }))
	slices.SortFunc(all, func(x, y value) int {
		switch {
		case x.x < y.x:
			return -1
		case x.x > y.x:
			return 1
		default:
			return 0
		}
	})
	rankSum, ties := 0.0, 0.0 // rank sum of a; Σ t³ − t over groups of t equal values
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].x == all[i].x {
			j++
		}
		rank := float64(i+1+j) / 2
		for _, v := range all[i:j] {
			if v.first {
				rankSum += rank
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := rankSum - n*(n+1)/2
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*(n+m-1)))
	if !(variance > 0) {
		return math.NaN()
	}
	return 2 * distuv.UnitNormal.Survival(math.Abs(u-n*m/2)/math.Sqrt(variance))
}
