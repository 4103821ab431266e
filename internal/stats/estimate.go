package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Options of Estimate; the zero value is usable.
type Options struct {
	Confidence float64 // in (0, 1); 0: 0.95
	Resamples  int     // bootstrap resamples; 0: 1999, and 999 above 100 values
	Seed       uint64  // the same seed gives the same interval

	// Spread of one launch's centre, where more is known about it than these values say: see ArmSpread. The zero value
	// leaves it to the values.
	Spread Spread
}

// Result is what Estimate found.
type Result struct {
	Interval
	Method   string  // how the interval was made, for a footnote
	N        int     // values behind it
	Launches int     // groups behind it
	Lag1     float64 // autocorrelation of neighbouring rounds; NaN where there are too few
	LaunchSD float64 // standard deviation between launches beyond their rounds, in the unit of the values
	Caveat   string  // what the interval does not cover, or why it is infinite; "" if there is nothing to say
}

// Methods of Estimate.
const (
	MethodNone       = "none"
	MethodSignedRank = "signed-rank"
	MethodBootstrap  = "bootstrap"
	MethodLaunches   = "t over launches"
)

// spareRounds is the fewest rounds beyond one per launch that can tell the noise within launches.
const spareRounds = 4

// Estimate is the one entry point: the Hodges–Lehmann estimate over all values, and an interval. Groups are launches,
// their elements the values of successive rounds; empty groups are passed over. The method is chosen by what there is:
//
//   - one launch of up to 50 rounds: exact signed-rank interval, with the caveat that launches are not covered;
//   - one value per launch, or hardly more (fewer than 4 beyond one each): Student's t over the launches' centres;
//   - else BootstrapHL.
//
// Rounds that follow each other may be alike, and an interval that takes them for independent is too narrow. Where the
// autocorrelation of neighbours is beyond what chance gives (2/√n), the interval is stretched by √((1+ρ)/(1−ρ)), the
// effective sample size of a first-order autoregression.
func Estimate(groups [][]float64, o Options) Result {
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	groups = slices.DeleteFunc(slices.Clone(groups), func(g []float64) bool { return len(g) == 0 })
	all := slices.Concat(groups...)
	if o.Resamples == 0 {
		o.Resamples = 1999
		if len(all) > 100 {
			o.Resamples = 999
		}
	}
	r := Result{N: len(all), Launches: len(groups), Lag1: Lag1(groups)}
	switch {
	case r.N == 0:
		r.Method, r.Interval = MethodNone, Interval{math.NaN(), math.NaN(), math.NaN()}
		r.Caveat = "no rounds"
		return r
	case r.Launches == 1 && r.N <= exactLimit:
		r.Method = MethodSignedRank
		r.Lo, r.Mid, r.Hi, _ = SignedRankInterval(all, o.Confidence)
	case r.Launches > 1 && r.N-r.Launches < spareRounds:
		r.Method = MethodLaunches
		r.Interval, r.LaunchSD = launchInterval(groups, o)
		return r
	default:
		r.Method = MethodBootstrap
		r.Interval, r.LaunchSD = bootstrap(groups, o, rand.New(rand.NewPCG(o.Seed, 0x626f6f74)))
	}
	switch {
	case !r.Finite():
		r.Caveat = fmt.Sprintf("too few rounds for an interval at %.3g %%: %d in one launch", 100*o.Confidence, r.N)
	case r.Launches == 1:
		r.Caveat = "one launch: the interval does not cover how launches differ"
	}
	r.widen()
	return r
}

// widen stretches the interval for positive autocorrelation beyond chance.
func (r *Result) widen() {
	if math.IsNaN(r.Lag1) || r.Lag1 < 2/math.Sqrt(float64(r.N)) || !r.Finite() {
		return
	}
	rho := min(r.Lag1, 0.9)
	stretch := math.Sqrt((1 + rho) / (1 - rho))
	r.Lo, r.Hi = r.Mid-stretch*(r.Mid-r.Lo), r.Mid+stretch*(r.Hi-r.Mid)
	r.Method += ", widened for autocorrelation"
}

// launchInterval takes every launch's centre as one value: Student's t interval about their mean, which for launches of
// one value each is the best that can be done with fewer than six. The centres are near normal, each being an
// estimate over many requests.
func launchInterval(groups [][]float64, o Options) (Interval, float64) {
	mid := stat.Mean(launchCentres(groups), nil)
	own := ownSpread(groups)
	half := o.Spread.orOwn(own).half(len(groups), (1-o.Confidence)/2)
	return Interval{mid - half, mid, mid + half}, math.Sqrt(own.Variance)
}

// Lag1 is the autocorrelation of neighbouring rounds within launches, about each launch's mean; NaN where no launch
// has eight rounds, or nothing varies.
func Lag1(groups [][]float64) float64 {
	var product, square, size float64
	pairs, values := 0, 0
	for _, xs := range groups {
		if len(xs) < 8 {
			continue
		}
		mean := stat.Mean(xs, nil)
		for i, x := range xs {
			square += (x - mean) * (x - mean)
			size += x * x
			if i > 0 {
				product += (x - mean) * (xs[i-1] - mean)
			}
		}
		pairs, values = pairs+len(xs)-1, values+len(xs)
	}
	if square <= 1e-18*size { // nothing but rounding varies
		return math.NaN()
	}
	return product / float64(pairs) / (square / float64(values))
}
