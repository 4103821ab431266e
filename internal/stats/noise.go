package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// How AlternationNoise draws: so many bootstrap samples, of pairs of turns of which fewer cannot tell how much they differ.
const (
	noiseResamples = 400
	noisePairs     = 10
)

// AlternationNoise says how far apart two identical arms seem to be if they alternate: values are what one arm measured in
// consecutive blocks of equal length, which are dealt to two arms, so many blocks in a row to each. It returns the half-width of the 95 %
// interval of the difference of the arms' q quantiles, as a share of the quantile. The difference of few values is larger by chance alone;
// AlternationNoise of shuffled blocks says by how much.
//
// Turns come in pairs, in an order drawn at random, so that drift that is slow against a pair cancels. The interval is 1.96 times the
// standard deviation over bootstrap samples of the pairs. It is NaN with fewer than noisePairs.
func AlternationNoise(rng *rand.Rand, blocks [][]float64, inARow int, q float64) float64 {
	var pairs [][2][]float64
	for turns := range slices.Chunk(blocks, 2*inARow) {
		if len(turns) < 2*inARow {
			break
		}
		pair := [2][]float64{slices.Concat(turns[:inARow]...), slices.Concat(turns[inARow:]...)}
		if rng.IntN(2) == 1 {
			pair[0], pair[1] = pair[1], pair[0]
		}
		pairs = append(pairs, pair)
	}
	if len(pairs) < noisePairs {
		return math.NaN()
	}
	var sum, squares float64
	for range noiseResamples {
		var a, b []float64
		for range pairs {
			pair := pairs[rng.IntN(len(pairs))]
			a, b = append(a, pair[0]...), append(b, pair[1]...)
		}
		d := math.Log(quantile(a, q)) - math.Log(quantile(b, q))
		sum, squares = sum+d, squares+d*d
	}
	mean := sum / noiseResamples
	return 1.96 * math.Sqrt(squares/noiseResamples-mean*mean)
}

// quantile puts values into their order. NaN of none.
func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	slices.Sort(xs)
	return stat.Quantile(q, stat.LinInterp, xs, nil)
}

// ShuffledBlocks deals the values of all blocks out anew, so that their order no longer matters, to blocks of the same sizes.
func ShuffledBlocks(rng *rand.Rand, blocks [][]float64) [][]float64 {
	all := slices.Concat(blocks...)
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	out := make([][]float64, len(blocks))
	for i, b := range blocks {
		out[i], all = all[:len(b)], all[len(b):]
	}
	return out
}
