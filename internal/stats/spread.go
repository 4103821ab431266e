package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Spread is how much the centre of one launch varies.
type Spread struct {
	Variance float64 // of one launch's centre, whatever from: the luck of the deployment and the noise of its rounds together
	Rounds   float64 // the part of Variance that the noise of its rounds explains; NaN where there are too few to say
	DF       int     // degrees of freedom behind Variance; 0: unknown
}

// Contrast is the spread of the difference between an arm and the mean of n others, when s is that of one arm.
func (s Spread) Contrast(n int) Spread {
	k := 1 + 1/float64(n)
	return Spread{s.Variance * k, s.Rounds * k, s.DF}
}

// half is the half-width of the interval of the mean over launches.
func (s Spread) half(launches int, tail float64) float64 {
	return studentT(tail, float64(s.DF)) * math.Sqrt(s.Variance/float64(launches))
}

// excess is how much more launches vary than their rounds explain, at least 0.
func (s Spread) excess() float64 { return max(0, s.Variance-s.Rounds) }

// odd is the error rate at which a comparison is taken to differ from the others in its spread.
const odd = 0.01

// orOwn is the spread shared by all arms, unless a comparison's own is beyond what chance makes of the shared one (F
// test): then its own.
func (s Spread) orOwn(own Spread) Spread {
	if s.DF == 0 {
		return own
	}
	if own.Variance > s.Variance*(distuv.F{D1: float64(own.DF), D2: float64(s.DF)}).Quantile(1-odd) {
		return own
	}
	return s
}

// ArmSpread is the spread of one arm's launches, from all arms together: arms[a][l] are the values of arm a in launch
// l, one for every round, the rounds being common to all arms. It is the interaction of arms and launches in a two-way
// layout: what is left of the launches' centres when that which rounds share, and that which an arm always has, are
// taken out. A few launches say little about one arm, (launches − 1) degrees of freedom; all arms together have (arms −
// 1) times as many. That is right when deployments of all arms have the same kind of luck, as they do when they differ
// by environment variables only. The zero value comes back where there are fewer than two arms or launches with rounds.
func ArmSpread(arms [][][]float64) Spread {
	if len(arms) < 2 {
		return Spread{}
	}
	centres := make([][]float64, len(arms)) // by arm and launch
	launches, rounds := 0, 0.0
	for l := range arms[0] {
		if len(arms[0][l]) == 0 {
			continue
		}
		launches++
		for a, xs := range withoutRound(arms, l) {
			centres[a] = append(centres[a], HodgesLehmann(xs))
			rounds += jackknife(xs)
		}
	}
	if launches < 2 {
		return Spread{}
	}
	shared := make([]float64, launches) // by launch: what its centres have in common
	for l := range shared {
		for _, c := range centres {
			shared[l] += c[l] / float64(len(arms))
		}
	}
	sum := 0.0
	for _, c := range centres {
		for l := range c {
			c[l] -= shared[l]
		}
		sum += stat.Variance(c, nil)
	}
	free := float64(len(arms) - 1) // what a round has in common is gone from its values, with one degree of freedom
	return Spread{sum / free, rounds / float64(launches) / free, (len(arms) - 1) * (launches - 1)}
}

// jackknife is the variance of the Hodges–Lehmann estimate of some values by leaving out each in turn; NaN of fewer than four.
// B. Efron, C. Stein: The jackknife estimate of variance, Annals of Statistics 9 (1981).
func jackknife(xs []float64) float64 {
	n := len(xs)
	if n < 4 {
		return math.NaN()
	}
	left := make([]float64, n)
	for i := range xs {
		left[i] = HodgesLehmann(slices.Concat(xs[:i], xs[i+1:]))
	}
	return stat.Variance(left, nil) * float64(n-1) * float64(n-1) / float64(n)
}

// withoutRound returns the values of launch l by arm, less the mean of their round.
func withoutRound(arms [][][]float64, l int) [][]float64 {
	out := make([][]float64, len(arms))
	for r := range arms[0][l] {
		mean := 0.0
		for a := range arms {
			mean += arms[a][l][r] / float64(len(arms))
		}
		for a := range arms {
			out[a] = append(out[a], arms[a][l][r]-mean)
		}
	}
	return out
}
