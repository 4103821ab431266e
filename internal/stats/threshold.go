package stats

import (
	"cmp"
	"math"
	"slices"
)

// Trial is one yes-or-no answer at x.
type Trial struct {
	X   float64
	Yes bool
}

// Threshold is the x at which a yes is as likely as a no, when yeses become more likely as x grows and nothing more is known
// of how: centred isotonic regression, that is, neighbours that contradict the order are pooled at their mean until none do,
// and the threshold is where the line through the points that are left crosses one half. It is made for trials of a
// staircase, which lie close about the threshold, and takes trials in any order.
//
// −Inf: even the lowest trials say more yes than no; +Inf: even the highest say less; NaN: no trials. A. P. Oron and N.
// Flournoy: Centered isotonic regression, Statistics in Biopharmaceutical Research 9 (2017); M. Stylianou and N. Flournoy:
// Dose finding using the biased coin up-and-down design and isotonic regression, Biometrics 58 (2002).
func Threshold(trials []Trial) float64 {
	if len(trials) == 0 {
		return math.NaN()
	}
	trials = slices.SortedFunc(slices.Values(trials), func(a, b Trial) int { return cmp.Compare(a.X, b.X) })
	var pools []pool
	for _, t := range trials {
		p := pool{n: 1, x: t.X}
		if t.Yes {
			p.yes = 1
		}
		for len(pools) > 0 && (pools[len(pools)-1].share() > p.share() || pools[len(pools)-1].x == p.x) {
			p = p.with(pools[len(pools)-1])
			pools = pools[:len(pools)-1]
		}
		pools = append(pools, p)
	}
	below, above := -1, len(pools) // the last pool under one half, the first over it
	for i, p := range pools {
		if p.share() < 0.5 {
			below = i
		} else if p.share() > 0.5 {
			above = min(above, i)
		}
	}
	switch {
	case above-below > 1 && below+1 < len(pools) && pools[below+1].share() == 0.5: // pools of just one half lie between
		return (pools[below+1].x + pools[above-1].x) / 2
	case below < 0:
		return math.Inf(-1)
	case above == len(pools):
		return math.Inf(1)
	default:
		a, b := pools[below], pools[above]
		return a.x + (0.5-a.share())/(b.share()-a.share())*(b.x-a.x)
	}
}

// pool is n trials about x.
type pool struct{ n, yes, x float64 }

func (p pool) share() float64 { return p.yes / p.n }

func (p pool) with(o pool) pool {
	return pool{p.n + o.n, p.yes + o.yes, (p.n*p.x + o.n*o.x) / (p.n + o.n)}
}
