package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Options of Estimate; the zero value is usable.
type Options struct {
	Confidence float64 // in (0, 1); 0: 0.95
	Resamples  int     // bootstrap resamples; 0: 1999, and 999 above 100 values
	Seed       uint64  // the same seed gives the same interval

	// Spread of one launch's centre, where more is known about it than these values say: see ArmSpread. The zero value
	// leaves it to the values.
	Spread Spread

	// Recorded is the standard deviation of one launch's centre beyond its rounds, in the unit of the values, where identical code has
	// shown it elsewhere. It serves where there is one launch, which cannot know it. 0: unknown.
	Recorded float64
}

// Result is what Estimate found.
type Result struct {
	Interval
	Method   string  // how the interval was made, for a footnote
	N        int     // values behind it
	Launches int     // groups behind it
	Lag1     float64 // autocorrelation of neighbouring rounds that the interval is widened for; 0: none beyond chance
	LaunchSD float64 // standard deviation between launches beyond their rounds, in the unit of the values
	Caveat   string  // what the interval does not cover, or why it is infinite; "" if there is nothing to say
}

// Methods of Estimate.
const (
	MethodNone       = "none"
	MethodSignedRank = "signed-rank"
	MethodBootstrap  = "bootstrap"
	MethodLaunches   = "t over launches"
	MethodRecorded   = "t over rounds, launches as recorded"
)

// spareRounds is the fewest rounds beyond one per launch that can tell the noise within launches.
const spareRounds = 4

// Estimate estimates the centre of values and its interval: groups are launches, their elements the values of successive rounds;
// empty groups are passed over. The centre is the Hodges–Lehmann estimate over all values. The interval is made by what there is:
//
//   - one launch, where it is recorded how launches differ: Student's t over the rounds, and the recorded spread;
//   - one launch of up to 50 rounds: exact signed-rank interval, with the caveat that launches are not covered;
//   - one value per launch, or hardly more (fewer than 4 beyond one each): Student's t over the launches' centres, about their mean;
//   - too few rounds to tell their noise (fewer than 4 per launch), as at p95: the same t, about the centre over all values;
//   - else a two-level interval: bootstrap of the rounds, random effects of the launches.
//
// Rounds that follow each other may be alike, and an interval that takes them for independent is too narrow. Where their
// autocorrelation is beyond chance, the variance of the rounds is that of a first-order autoregression: see Lag1.
func Estimate(groups [][]float64, o Options) Result {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g []float64) bool { return len(g) == 0 })
	return estimate(differences{groups}, o)
}

// EstimateArm is Estimate of what an arm differs by from its references: arm[l][r] is its value in round r of launch l, and
// every reference has the same launches and rounds. The centre is the mean over the references of the Hodges–Lehmann estimates
// of the differences to each, which for identical code is 0 however skewed its noise is; only the signed-rank interval, which
// needs one value a round, is that of the differences to their mean.
func EstimateArm(arm [][]float64, references [][][]float64, o Options) Result {
	return estimate(against(arm, references), o)
}

func estimate(d differences, o Options) Result { return compare(d, o).At(o.Confidence) }

// Comparison is an estimate at any confidence: what takes long is done once.
type Comparison struct {
	of    differences
	about Result // without its interval and what that says
	alike float64
	given Spread
	own   Spread    // as of launches by themselves; the zero value where it is not needed
	whole []float64 // centres of resamples, rising; nil where they are not needed
}

// CompareArm is EstimateArm at confidences that are named later. Options.Confidence does not matter.
func CompareArm(arm [][]float64, references [][][]float64, o Options) *Comparison {
	return compare(against(arm, references), o)
}

func compare(d differences, o Options) *Comparison {
	c := &Comparison{of: d, about: Result{N: d.rounds(), Launches: d.launches(), Method: MethodNone}, given: o.Spread}
	r := &c.about
	if r.N == 0 {
		return c
	}
	if o.Resamples == 0 {
		o.Resamples = 1999
		if r.N > 100 {
			o.Resamples = 999
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x626f6f74))
	if r.Launches > 1 && r.N-r.Launches < spareRounds {
		r.Method, r.Mid, c.own = MethodLaunches, stat.Mean(d.centres(), nil), d.ownSpread(rng)
		return c
	}
	if r.Lag1 = o.Spread.Lag1; o.Spread.DF == 0 {
		r.Lag1 = Lag1(d.mean(), r.N-r.Launches)
	}
	c.alike = inflation(r.Lag1, r.N/r.Launches)
	if r.Launches == 1 && o.Recorded > 0 {
		r.Method, r.LaunchSD, r.Caveat = MethodRecorded, o.Recorded, "one launch: how launches differ is what identical copies have shown before"
		return c
	}
	if r.Launches == 1 && r.N <= exactLimit {
		r.Method = MethodSignedRank
		return c
	}
	r.Method, r.Mid = MethodBootstrap, d.centre()
	if d.constant() {
		return c
	}
	if r.Launches > 1 && (d.few() || math.IsNaN(o.Spread.Rounds)) {
		r.Method, r.Lag1, c.own = MethodLaunches, 0, d.ownSpread(rng) // what neighbouring rounds share is in the launches' variance
		return c
	}
	c.whole = d.resample(o.Resamples, rng)
	slices.Sort(c.whole)
	if r.Launches > 1 {
		c.own = d.ownSpread(rng)
	}
	return c
}

// At is the estimate at a confidence in (0, 1); 0: 0.95.
func (c *Comparison) At(confidence float64) Result {
	if confidence == 0 {
		confidence = 0.95
	}
	r := c.about
	switch r.Method {
	case MethodNone:
		r.Interval, r.Caveat = Interval{math.NaN(), math.NaN(), math.NaN()}, "no rounds"
		return r
	case MethodLaunches:
		r.Interval, r.LaunchSD = c.launchInterval(confidence)
		return r
	case MethodRecorded:
		r.Interval = c.recordedInterval(confidence)
		return r
	case MethodSignedRank:
		r.Lo, r.Mid, r.Hi, _ = SignedRankInterval(c.of.mean()[0], confidence)
		if r.Finite() {
			r.Lo, r.Hi = r.Mid-math.Sqrt(c.alike)*(r.Mid-r.Lo), r.Mid+math.Sqrt(c.alike)*(r.Hi-r.Mid)
		}
	default:
		r.Interval, r.LaunchSD = c.bootstrap(confidence)
	}
	switch {
	case !r.Finite():
		r.Caveat = fmt.Sprintf("too few rounds for an interval at %.3g %%: %d in one launch", 100*confidence, r.N)
	case r.Launches == 1:
		r.Caveat = "one launch: the interval does not cover how launches differ"
	}
	return r
}

// recordedInterval is that of one launch whose variance between launches is known: Student's t over the rounds for a sum of that variance
// and of the rounds' own, at the degrees of freedom that Satterthwaite gives to it. A single round has no variance of its own.
func (c *Comparison) recordedInterval(confidence float64) Interval {
	mid, tail := c.of.centre(), (1-confidence)/2
	n := float64(c.of.rounds())
	known, rounds := c.about.LaunchSD*c.about.LaunchSD, 0.0
	t := distuv.UnitNormal.Quantile(1 - tail)
	if n > 1 {
		rounds = c.alike * stat.Variance(c.of.mean()[0], nil) / n
	}
	if rounds > 0 {
		t = StudentT(tail, (n-1)*(known+rounds)*(known+rounds)/(rounds*rounds))
	}
	half := t * math.Sqrt(known+rounds)
	return Interval{mid - half, mid, mid + half}
}

// launchInterval takes every launch's centre as one value: Student's t interval, which for launches of
// one value each is the best that can be done with fewer than six. The centres are near normal, each being an
// estimate over many requests. Their variance has all of the noise of the rounds. With the degrees of freedom of all arms together it is exact
// for normal centres; the wider of it and of the rounds' own interval, no less a guess from few values, would hold the truth in 98 %.
func (c *Comparison) launchInterval(confidence float64) (Interval, float64) {
	mid, half := c.about.Mid, c.given.orOwn(c.own).half(c.of.launches(), (1-confidence)/2)
	return Interval{mid - half, mid, mid + half}, math.Sqrt(c.own.Variance)
}
