package main

import (
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// estimator turns the values of a run, by arm, launch and round, into what an arm costs over its references, with the
// interval at a confidence. Seed is for what it draws itself.
type estimator func(values [][][]float64, arm int, confidence float64, seed uint64) stats.Interval

// shown is the confidence of the intervals that reports show.
const shown = 0.95

// tollEstimator is what internal/verdict does for a level: every round's difference to the mean of its two baseline slots
// (arms 0 and 1), with the spread of launches taken from all arms together.
func tollEstimator(resamples int) estimator {
	return func(values [][][]float64, arm int, confidence float64, seed uint64) stats.Interval {
		contrast := make([][]float64, len(values[arm]))
		for l, rounds := range values[arm] {
			for r, x := range rounds {
				contrast[l] = append(contrast[l], x-(values[0][l][r]+values[1][l][r])/2)
			}
		}
		return stats.Estimate(contrast, stats.Options{Confidence: confidence, Resamples: resamples, Seed: seed, Spread: stats.ArmSpread(values).Contrast(2)}).Interval
	}
}
