// Package stats estimates a difference between two arms from paired values, one per round, grouped by launch: a robust
// centre (Hodges–Lehmann) and a confidence interval that keeps its promise with few rounds, stalls, drift and
// deployments that differ. Estimate chooses the method; the others are its parts.
//
// Values must be finite. Nothing here keeps state; random sources are passed in.
package stats

import (
	"math"
	"slices"
)

// Interval is an estimate and the two ends of its confidence interval, in the unit of the values. NaN marks what cannot
// be computed; Lo and Hi are infinite where there are too few values for the confidence.
type Interval struct{ Lo, Mid, Hi float64 }

// Finite says that the interval has two finite ends.
func (i Interval) Finite() bool { return !math.IsNaN(i.Hi-i.Lo) && !math.IsInf(i.Hi-i.Lo, 0) }

// Excludes says that x is outside the interval; never so where an end is NaN.
func (i Interval) Excludes(x float64) bool { return i.Lo > x || i.Hi < x }

// HodgesLehmann is the one-sample Hodges–Lehmann estimate, the pseudo-median: the median of the averages of all pairs,
// every value paired with itself too. It is as good as the mean on normal values (95 %) and unmoved by a stall here and
// there. NaN without values. J. L. Hodges, E. L. Lehmann: Estimates of location based on rank tests, 1963.
func HodgesLehmann(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	w := walshAverages(xs)
	m := len(w)
	return (w[(m-1)/2] + w[m/2]) / 2
}

// walshAverages are the n(n+1)/2 averages of all pairs i ≤ j, rising.
func walshAverages(xs []float64) []float64 {
	w := make([]float64, 0, len(xs)*(len(xs)+1)/2)
	for i, x := range xs {
		for _, y := range xs[i:] {
			w = append(w, x/2+y/2)
		}
	}
	slices.Sort(w)
	return w
}
