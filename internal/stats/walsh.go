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
	return middle(averages(xs))
}

// walshAverages are the n(n+1)/2 averages of all pairs i ≤ j, rising.
func walshAverages(xs []float64) []float64 {
	w := averages(xs)
	slices.Sort(w)
	return w
}

// averages are the Walsh averages in any order.
func averages(xs []float64) []float64 {
	w := make([]float64, 0, len(xs)*(len(xs)+1)/2)
	for i, x := range xs {
		for _, y := range xs[i:] {
			w = append(w, x/2+y/2)
		}
	}
	return w
}

// middle is the median of values, at least one, which it puts into another order.
func middle(xs []float64) float64 {
	if slices.ContainsFunc(xs, math.IsNaN) {
		slices.Sort(xs)
		return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
	}
	k := len(xs) / 2
	selected(xs, k)
	low := xs[k]
	if len(xs)%2 == 0 {
		low = slices.Max(xs[:k])
	}
	return (low + xs[k]) / 2
}

// selected puts values, none of them NaN, into an order in which the k-th, counted from 0, is where it is in a sorted one, with none
// above it before it and none below it behind it: C. A. R. Hoare, Algorithm 65: FIND, Communications of the ACM 4 (1961).
func selected(xs []float64, k int) {
	for low, high := 0, len(xs)-1; low < high; {
		a, b, c := xs[low], xs[low+(high-low)/2], xs[high]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := low, high
		for i <= j {
			for xs[i] < pivot {
				i++
			}
			for xs[j] > pivot {
				j--
			}
			if i <= j {
				xs[i], xs[j] = xs[j], xs[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return
		}
	}
}
