package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Spread is how much the centre of one launch varies, and what makes it so.
type Spread struct {
	Variance float64 // of one launch's centre, whatever from: the luck of the deployment and the noise of its rounds together
	Rounds   float64 // the part of Variance that independent rounds with their noise would have; NaN where there are too few to say
	DF       int     // degrees of freedom behind Variance; 0: unknown
	Lag1     float64 // autocorrelation of neighbouring rounds: see Lag1
}

// Contrast is the spread of the difference between an arm and the mean of n others, when s is that of one arm.
func (s Spread) Contrast(n int) Spread {
	k := 1 + 1/float64(n)
	return Spread{s.Variance * k, s.Rounds * k, s.DF, s.Lag1}
}

// half is the half-width of the interval of the mean over launches.
func (s Spread) half(launches int, tail float64) float64 {
	return StudentT(tail, float64(s.DF)) * math.Sqrt(s.Variance/float64(launches))
}

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
// l, one for every round, the rounds being common to all arms. It is half of what the difference between two arms has, on
// average over all pairs; for a mean that is the interaction of arms and launches in a two-way layout. A few launches say
// little about one arm, (launches − 1) degrees of freedom; all arms together have (arms − 1) times as many. That is right
// when deployments of all arms have the same kind of luck, as they do when they differ by environment variables only. The
// zero value comes back where there are fewer than two arms or launches with rounds.
func ArmSpread(arms [][][]float64) Spread {
	if len(arms) < 2 {
		return Spread{}
	}
	launches, rounds := 0, 0
	for _, values := range arms[0] {
		launches, rounds = launches+min(1, len(values)), rounds+len(values)
	}
	if launches < 2 {
		return Spread{}
	}
	s := Spread{DF: (len(arms) - 1) * (launches - 1), Lag1: Lag1(withoutRound(arms), (len(arms)-1)*(rounds-launches))}
	rng := rand.New(rand.NewPCG(0x73707265, 0x6164))
	share := 1 / float64(len(arms)*(len(arms)-1)) // of a pair, and half of it
	for a, arm := range arms {
		for _, other := range arms[:a] {
			pair := against(arm, [][][]float64{other}).ownSpread(rng)
			s.Variance += pair.Variance * share
			s.Rounds += pair.Rounds * share
		}
	}
	return s
}

// withoutRound returns the values of every arm and launch, less the median of their round.
func withoutRound(arms [][][]float64) [][]float64 {
	var out [][]float64
	for l := range arms[0] {
		series := make([][]float64, len(arms))
		round := make([]float64, len(arms))
		for r := range arms[0][l] {
			for a := range arms {
				round[a] = arms[a][l][r]
			}
			shared := Median(round)
			for a, x := range round {
				series[a] = append(series[a], x-shared)
			}
		}
		out = slices.Concat(out, series)
	}
	return out
}
