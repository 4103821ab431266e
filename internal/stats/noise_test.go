package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drifting are blocks of requests of a machine whose speed changes from block to block, with a memory of so many blocks.
func drifting(rng *rand.Rand, n, memory int, speed float64) [][]float64 {
	blocks, state := make([][]float64, n), 0.0
	keep := math.Exp(-1 / float64(memory))
	for i := range blocks {
		state = keep*state + speed*math.Sqrt(1-keep*keep)*rng.NormFloat64()
		for range 5 {
			blocks[i] = append(blocks[i], math.Exp(state+0.3*rng.NormFloat64()))
		}
	}
	return blocks
}

// TestAlternationNoise: short turns cancel what lasts longer than a pair of them, long turns do not, and the luck of the requests is
// left in any case, as large as the theory of the median has it.
func TestAlternationNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	blocks := drifting(rng, 2000, 20, 0.15)
	short, long := AlternationNoise(rng, blocks, 1, 0.5), AlternationNoise(rng, blocks, 40, 0.5)
	luck := AlternationNoise(rng, ShuffledBlocks(rng, blocks), 1, 0.5)
	// The SD of one value is √(0.3² + 0.15²), that of a median of 5,000 is 1.253/√5000 of it, and that of a difference √2 of that.
	theory := 1.96 * math.Sqrt2 * 1.253 / math.Sqrt(5000) * math.Hypot(0.3, 0.15)
	if luck < 0.85*theory || luck > 1.15*theory {
		t.Errorf("luck %.4f, want about %.4f", luck, theory)
	}
	if short > 1.3*luck || long < 1.8*short {
		t.Errorf("half-widths: %.4f in short turns, %.4f in long ones, %.4f by luck", short, long, luck)
	}
	// The latencies are log-normal: the density of their logarithms at p95 is φ(1.645)/σ, and a quantile has √(q(1−q)/n) over it.
	tail := AlternationNoise(rng, ShuffledBlocks(rng, blocks), 1, 0.95)
	theory = 1.96 * math.Sqrt2 * math.Sqrt(0.95*0.05/5000) / 0.1031 * math.Hypot(0.3, 0.15)
	if tail < 0.85*theory || tail > 1.15*theory {
		t.Errorf("luck at p95 %.4f, want about %.4f", tail, theory)
	}
	if got := AlternationNoise(rng, blocks[:19], 1, 0.5); !math.IsNaN(got) {
		t.Errorf("of nine pairs, too few to tell how much they differ: %v", got)
	}
	if got := AlternationNoise(rng, blocks[:6], 1, 0.5); !math.IsNaN(got) {
		t.Errorf("of three pairs: %v", got)
	}
}

func TestShuffledBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	blocks := [][]float64{{1, 2}, {}, {3, 4, 5}}
	got, sum := ShuffledBlocks(rng, blocks), 0.0
	for i, b := range got {
		if len(b) != len(blocks[i]) {
			t.Errorf("block %d has %d values", i, len(b))
		}
		for _, v := range b {
			sum += v
		}
	}
	if sum != 15 || blocks[0][0] != 1 {
		t.Errorf("the values add up to %v, and the blocks themselves are %v", sum, blocks)
	}
}
