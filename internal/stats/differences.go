package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// differences are what an arm differs by from each of its references: by reference, launch and round. All references have
// the same rounds, and no launch is empty.
type differences [][][]float64

// against sets an arm against its references.
func against(arm [][]float64, references [][][]float64) differences {
	d := make(differences, len(references))
	for k, reference := range references {
		for l, rounds := range arm {
			if len(rounds) == 0 {
				continue
			}
			launch := make([]float64, len(rounds))
			for r, x := range rounds {
				launch[r] = x - reference[l][r]
			}
			d[k] = append(d[k], launch)
		}
	}
	return d
}

func (d differences) launches() int { return len(d[0]) }

func (d differences) rounds() int {
	n := 0
	for _, launch := range d[0] {
		n += len(launch)
	}
	return n
}

// centre is the mean over the references of the Hodges–Lehmann estimate of the differences to each. It is not the estimate of
// the differences to their mean: a stall only ever slows, so that the noise of slots is skewed, and one slot less the mean of
// two is skewed too, with a pseudo-median that is not 0 when all three are the same code. One slot less another is symmetric
// whatever their noise. And a stall in one of the references spoils one of two differences.
func (d differences) centre() float64 {
	sum := 0.0
	for _, launches := range d {
		sum += HodgesLehmann(slices.Concat(launches...))
	}
	return sum / float64(len(d))
}

// centres are those of every launch.
func (d differences) centres() []float64 {
	out := make([]float64, d.launches())
	for l := range out {
		out[l] = d.launch(l).centre()
	}
	return out
}

// launch is one launch alone.
func (d differences) launch(l int) differences {
	out := make(differences, len(d))
	for k := range d {
		out[k] = d[k][l : l+1]
	}
	return out
}

// mean is the difference to the mean of all references, by launch and round.
func (d differences) mean() [][]float64 {
	out := make([][]float64, d.launches())
	for l := range out {
		out[l] = make([]float64, len(d[0][l]))
		for r := range out[l] {
			for k := range d {
				out[l][r] += d[k][l][r] / float64(len(d))
			}
		}
	}
	return out
}

func (d differences) constant() bool {
	for _, launches := range d {
		if all := slices.Concat(launches...); slices.Min(all) != slices.Max(all) {
			return false
		}
	}
	return true
}

// resample draws rounds with replacement within their launch, of all references alike, and returns the centres.
func (d differences) resample(resamples int, rng *rand.Rand) []float64 {
	pooled := make([]*resampler, len(d))
	for k, launches := range d {
		pooled[k] = newResampler(slices.Concat(launches...))
	}
	n := d.rounds()
	count := make([]int, n)
	centres := make([]float64, resamples)
	for b := range centres {
		clear(count)
		start := 0
		for _, launch := range d[0] {
			for range launch {
				count[start+rng.IntN(len(launch))]++
			}
			start += len(launch)
		}
		for _, r := range pooled {
			centres[b] += r.estimate(count, n) / float64(len(d))
		}
	}
	return centres
}

// Limits of ownSpread.
const (
	spreadResamples = 49 // of a mean over pairs of arms, or of a single comparison that is far from all others
	spreadLeast     = 4  // rounds of a launch, on average, that can tell their noise
)

// few says that launches have too few rounds to tell their noise.
func (d differences) few() bool { return d.rounds() < spreadLeast*d.launches() }

// ownSpread is the spread that these launches show by themselves, without their autocorrelation.
func (d differences) ownSpread(rng *rand.Rand) Spread {
	s := Spread{Variance: stat.Variance(d.centres(), nil), Rounds: math.NaN(), DF: d.launches() - 1}
	if !d.few() {
		s.Rounds = float64(d.launches()) * d.variance(d.resample(spreadResamples, rng))
	}
	return s
}

// variance is that of the centre, from resamples of it.
func (d differences) variance(resamples []float64) float64 {
	n := d.rounds()
	return stat.Variance(resamples, nil) * float64(n) / float64(n-d.launches())
}
