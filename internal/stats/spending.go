package stats

import "math"

// Spend divides an error rate over looks at growing data, so that the chance of being wrong at any of them stays within it,
// however the data depend on each other and whatever makes one stop. Fractions are how much of all the data that there may
// ever be each look has, rising, the last 1; the result is the error rate of each look, and they add up to the whole.
//
// It is the spending function of Pocock's type, α·ln(1 + (e − 1)·t), which spends most at the first look, where most runs
// are decided. Each look has its own increment, as Bonferroni does it: that costs a few per cent of width against the
// exact boundaries, which are known for normal estimates of known variance only.
//
// Source: K. K. G. Lan, D. L. DeMets: Discrete sequential boundaries for clinical trials, Biometrika 70 (1983).
func Spend(rate float64, fractions []float64) []float64 {
	spent := make([]float64, len(fractions))
	before := 0.0
	for i, t := range fractions {
		whole := rate * math.Log1p((math.E-1)*t)
		spent[i], before = whole-before, whole
	}
	return spent
}
