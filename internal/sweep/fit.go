package sweep

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Probability is that with which a fault of the size of the limit is detected, and Confidence that of its interval.
const (
	Probability = 0.8
	Confidence  = 0.95
)

// Point is one size and its trials.
type Point struct {
	Size     float64 // above 0
	Detected int     // of Tried
	Tried    int
}

// Where a limit is that the sizes do not enclose.
const (
	Below   = "below"   // it is a smaller fault than the smallest that was tried
	Above   = "above"   // it is a larger fault than the largest that was tried
	Unknown = "unknown" // there are trials of fewer than two sizes, or they exclude no limit
)

// Limit is the size that is detected with Probability, with its interval. An end that the tried sizes do not enclose is infinite.
type Limit struct {
	Size     float64 // NaN where Censored is not ""
	Lo, Hi   float64 // Lo ≤ Hi, −∞ and +∞ where open
	Censored string  // "", Below, Above or Unknown
}

// Fit finds the limit: the probability of detection is a logistic function of the logarithm of the size that does not fall as the
// fault grows, 0 for no fault and 1 for a large one. With falls, the fault grows as the number falls.
//
// Few trials mostly separate the sizes, into those that were never detected and those that always were. The likelihood then has no
// maximum at any limit. So the limit is that of the likelihood penalised by Jeffreys' prior: D. Firth, Bias reduction of maximum
// likelihood estimates, Biometrika 80 (1993); G. Heinze, M. Schemper, A solution to the problem of separation in logistic regression,
// Statistics in Medicine 21 (2002).
//
// The interval is that of the profile of the likelihood without the penalty: D. J. Venzon, S. H. Moolgavkar, A method for computing
// profile-likelihood-based confidence intervals, Applied Statistics 37 (1988). It needs no maximum, only how much less likely other
// limits are. The critical value is that of F with the trials beyond the two parameters, as for a profile of few values (D. M. Bates,
// D. G. Watts, Nonlinear Regression Analysis and Its Applications, 1988, chapter 6): by χ² the interval of eight trials holds the truth
// in 90 % and not in 95 % of the sweeps. The penalty, which draws probabilities towards one half, would hold back what many trials
// of one answer say.
//
// Nothing is said of sizes that were not tried: a limit outside of them is censored, and an end of the interval outside is open.
func Fit(points []Point, falls bool) Limit {
	c, ok := newCurve(points, falls)
	if !ok {
		return Limit{Size: math.NaN(), Lo: math.Inf(-1), Hi: math.Inf(1), Censored: Unknown}
	}
	best, _ := c.peak(penalised)
	_, top := c.peak(plain)
	detected, tried := c.total()
	critical := distuv.F{D1: 1, D2: max(1, tried-2)}.Quantile(Confidence)
	inside := func(at float64) bool { return 2*(top-c.profile(at, plain)) <= critical }
	lo, hi := c.lowest(inside), c.highest(inside)
	out := Limit{Size: math.NaN()}
	switch outside := best < c.from || best > c.to; {
	case outside && detected > 0 && detected < tried && math.IsInf(lo, 0) && math.IsInf(hi, 0):
		out.Censored = Unknown // some were detected and some not, whatever the size: the trials exclude nothing
	case detected == 0 || detected < tried && best > c.to:
		out.Censored, hi = Above, math.Inf(1)
	case detected == tried || best < c.from:
		out.Censored, lo = Below, math.Inf(-1)
	default:
		out.Size = c.size(best)
		lo, hi = min(lo, best), max(hi, best)
	}
	if out.Lo, out.Hi = c.size(lo), c.size(hi); falls {
		out.Lo, out.Hi = c.size(hi), c.size(lo)
	}
	return out
}

// curve are trials by the strength of the fault: the logarithm of the size, or what is opposite to it where the fault grows as the
// size falls.
type curve struct {
	falls    bool
	trials   []trial
	from, to float64 // strengths of the smallest and the largest fault
}

type trial struct{ size, strength, detected, tried float64 }

// newCurve is false for fewer than two sizes.
func newCurve(points []Point, falls bool) (*curve, bool) {
	c := &curve{falls: falls}
	for _, p := range points {
		if p.Tried == 0 {
			continue
		}
		strength := math.Log(p.Size)
		if falls {
			strength = -strength
		}
		c.trials = append(c.trials, trial{p.Size, strength, float64(p.Detected), float64(p.Tried)})
	}
	slices.SortFunc(c.trials, func(a, b trial) int { return cmp.Compare(a.strength, b.strength) })
	if len(c.trials) == 0 {
		return c, false
	}
	c.from, c.to = c.trials[0].strength, c.trials[len(c.trials)-1].strength
	return c, c.to > c.from
}

func (c *curve) total() (detected, tried float64) {
	for _, t := range c.trials {
		detected, tried = detected+t.detected, tried+t.tried
	}
	return detected, tried
}

// size is the size of a strength, which is that of a trial or between two, or infinite; then the size is infinite, too, and never 0.
func (c *curve) size(strength float64) float64 {
	for _, t := range c.trials { // as it was given, and not what its logarithm has left of it
		if t.strength == strength {
			return t.size
		}
	}
	if c.falls {
		strength = -strength
	}
	if math.IsInf(strength, 0) {
		return strength
	}
	return math.Exp(strength)
}

// likelihood is the logarithm of the likelihood of a limit at a strength and a slope there.
type likelihood func(c *curve, at, slope float64) float64

// odds are the logarithm of those of a detection.
func odds(t trial, at, slope float64) float64 {
	return math.Log(Probability/(1-Probability)) + slope*(t.strength-at)
}

// plain is the likelihood of the trials.
func plain(c *curve, at, slope float64) float64 {
	sum := 0.0
	for _, t := range c.trials {
		x := odds(t, at, slope)
		sum -= t.detected*softplus(-x) + (t.tried-t.detected)*softplus(x)
	}
	return sum
}

// penalised is plain and half the logarithm of the determinant of the trials' information, which is Jeffreys' prior.
func penalised(c *curve, at, slope float64) float64 {
	weight, mean, spread := 0.0, 0.0, 0.0
	information := func(t trial) float64 {
		x := math.Exp(-math.Abs(odds(t, at, slope)))
		return t.tried * x / ((1 + x) * (1 + x))
	}
	for _, t := range c.trials {
		w := information(t)
		weight += w
		mean += w * t.strength
	}
	if weight == 0 {
		return math.Inf(-1)
	}
	mean /= weight
	for _, t := range c.trials {
		spread += information(t) * (t.strength - mean) * (t.strength - mean)
	}
	return plain(c, at, slope) + 0.5*math.Log(weight*spread)
}

// softplus is log(1 + exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// profile is the likelihood of a limit at a strength, at the slope for which it is highest. Slopes go from one that is no slope over
// the sizes to one that is a step between any two.
func (c *curve) profile(at float64, of likelihood) float64 {
	width := c.to - c.from
	_, y := peak(func(slope float64) float64 { return of(c, at, math.Exp(slope)) }, math.Log(0.01/width), math.Log(1000/width), 16)
	return y
}

// beyond is how far outside of the sizes the limit is looked for, in their width. A limit farther away is not told from one there: the
// probability is the same at all sizes in both cases.
const beyond = 4

// peak is the limit for which the likelihood is highest.
func (c *curve) peak(of likelihood) (at, y float64) {
	width := c.to - c.from
	return peak(func(at float64) float64 { return c.profile(at, of) }, c.from-beyond*width, c.to+beyond*width, 54)
}

// steps is how many strengths between the sizes are looked at for the ends of the interval.
const steps = 36

// lowest is the lower end of the strengths that are inside: −∞ if the smallest fault is, c.to if none is.
func (c *curve) lowest(inside func(float64) bool) float64 {
	return edge(inside, c.from, c.to, math.Inf(-1))
}

// highest is the upper end: +∞ if the largest fault is inside, c.from if none is.
func (c *curve) highest(inside func(float64) bool) float64 {
	return edge(inside, c.to, c.from, math.Inf(1))
}

// edge walks from one end to the other until it is inside, and returns where that begins. It is open where the first end is inside.
func edge(inside func(float64) bool, first, last, open float64) float64 {
	if inside(first) {
		return open
	}
	outer := first
	for i := 1; i <= steps; i++ {
		inner := first + (last-first)*float64(i)/steps
		if !inside(inner) {
			outer = inner
			continue
		}
		for range 20 {
			if middle := (outer + inner) / 2; inside(middle) {
				inner = middle
			} else {
				outer = middle
			}
		}
		return inner
	}
	return last
}

// peak is where f is highest between two ends, and its value there: the highest of a grid, refined between its neighbours by golden
// section search (J. Kiefer, Sequential minimax search for a maximum, 1953).
func peak(f func(float64) float64, from, to float64, n int) (x, y float64) {
	step := (to - from) / float64(n)
	x, y = from, f(from)
	for i := 1; i <= n; i++ {
		at := from + step*float64(i)
		if value := f(at); value > y {
			x, y = at, value
		}
	}
	low, high := max(from, x-step), min(to, x+step)
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	ya, yb := f(a), f(b)
	for range 20 {
		if ya > yb {
			high, b, yb = b, a, ya
			a = high - ratio*(high-low)
			ya = f(a)
		} else {
			low, a, ya = a, b, yb
			b = low + ratio*(high-low)
			yb = f(b)
		}
	}
	for _, at := range []struct{ x, y float64 }{{a, ya}, {b, yb}} {
		if at.y > y {
			x, y = at.x, at.y
		}
	}
	return x, y
}
