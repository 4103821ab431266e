// Package sweep finds the least size of a fault that is detected: which sizes to try, in which order, and what follows from the
// trials. It knows nothing of faults and runs.
//
// The method is that of constant stimuli (G. T. Fechner, Elemente der Psychophysik, 1860; F. A. A. Kingdom, N. Prins:
// Psychophysics, 2nd edition, 2016, chapter 4). The sizes are fixed beforehand and every size is tried equally often. A staircase
// would choose each size by the answer to the one before. It does not fit here, since one pass is a trial of all levels at once, and
// they answer differently.
package sweep

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Sizes are n sizes that rise from one to another, both included, each by the same factor. Those between are rounded to three
// significant digits, or to whole numbers. Equal ones are there once, so that a short range of whole numbers gives fewer than n.
// From and to must be above 0, from < to, and n at least 2.
func Sizes(from, to float64, n int, whole bool) []float64 {
	out := []float64{from}
	for i := 1; i < n-1; i++ {
		x := from * math.Pow(to/from, float64(i)/float64(n-1))
		if x = Round(x); whole {
			x = math.Round(x)
		}
		out = append(out, min(max(x, from), to))
	}
	return slices.Compact(append(out, to))
}

// Round rounds to three significant digits.
func Round(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 2, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// Outward is Round towards the larger fault, which is the smaller number with falls.
func Outward(x float64, falls bool) float64 {
	const half = 0.005 // of the first step, which is the widest for its number
	switch rounded := Round(x); {
	case falls && rounded > x:
		return Round(x * (1 - half))
	case !falls && rounded < x:
		return Round(x * (1 + half))
	default:
		return rounded
	}
}

// Design is the order of the trials: the sizes in blocks, one block per repeat, each in an order of its own that is drawn from the
// seed. A slow change of the machine so meets all sizes alike, and a sweep that is cut short has tried all about equally often.
func Design(sizes []float64, repeats int, seed int64) []float64 {
	rng := rand.New(rand.NewPCG(uint64(seed), 0x7377656570)) // #nosec G115 G404 -- a plan, which has to be the same again
	var out []float64
	for range repeats {
		block := slices.Clone(sizes)
		rng.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
		out = append(out, block...)
	}
	return out
}
