package main

import (
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// estimator takes the values of a run, by arm, launch and round. It returns what an arm costs over its references, with the
// interval at a confidence. Seed is the seed of its own random numbers.
type estimator func(values [][][]float64, arm int, confidence float64, seed uint64) stats.Interval

// shown is the confidence of the intervals that reports show.
const shown = 0.95

// tollEstimator estimates as internal/verdict does for a level: every round's differences to its two baseline slots (arms 0 and
// 1), with the spread of launches taken from all arms together.
func tollEstimator(resamples int) estimator {
	return func(values [][][]float64, arm int, confidence float64, seed uint64) stats.Interval {
		return stats.EstimateArm(values[arm], values[:2], stats.Options{
			Confidence: confidence, Resamples: resamples, Seed: seed, Spread: stats.ArmSpread(values).Contrast(2),
		}).Interval
	}
}
