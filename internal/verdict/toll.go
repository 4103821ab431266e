package verdict

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// tolls estimates what every arm costs over the reference of its rounds.
type tolls struct {
	*measured
	metrics []metric
	series  []series                // by metric
	spreads map[string]stats.Spread // of one arm's launches, by metric and kind of change: the same for every arm and confidence
}

func newTolls(m *measured) *tolls {
	t := &tolls{measured: m, metrics: measuredBy(slot.Toll, metricsOf(m.run)), spreads: map[string]stats.Spread{}}
	for _, metric := range t.metrics {
		t.series = append(t.series, metric.read(m))
	}
	return t
}

// of is the index of a metric of the toll.
func (t *tolls) of(id string) int {
	return slices.IndexFunc(t.metrics, func(m metric) bool { return m.ID == id })
}

// references are the arms that an arm is compared with: both baselines, or for the repeated one the baseline alone.
func (t *tolls) references(arm int) []int {
	if arm == t.repeat {
		return []int{t.baseline}
	}
	return t.reference
}

// difference estimates arm − reference of a metric at a confidence, in the metric's unit.
func (t *tolls) difference(metric, arm int, confidence float64) stats.Result {
	return t.differenceTo(metric, arm, t.references(arm), confidence)
}

// differenceTo is difference to the mean of any other arms.
func (t *tolls) differenceTo(metric, arm int, others []int, confidence float64) stats.Result {
	return t.estimate(metric, arm, others, confidence, "difference", t.series[metric].values)
}

// ratio estimates arm / reference − 1, from the logarithms of the ratios to each reference. NaN where a value is not above 0.
func (t *tolls) ratio(metric, arm int, confidence float64) stats.Result {
	return t.ratioTo(metric, arm, t.references(arm), confidence)
}

// ratioTo is ratio to any other arms.
func (t *tolls) ratioTo(metric, arm int, others []int, confidence float64) stats.Result {
	logs := make([][][]float64, len(t.run.Arms))
	for a, launches := range t.series[metric].values {
		logs[a] = make([][]float64, len(launches))
		for l, values := range launches {
			for _, v := range values {
				logs[a][l] = append(logs[a][l], math.Log(v)) // −Inf at 0
			}
		}
	}
	for _, a := range append([]int{arm}, others...) {
		if notFinite(logs[a]) {
			nan := math.NaN()
			return stats.Result{Interval: stats.Interval{Lo: nan, Mid: nan, Hi: nan}}
		}
	}
	r := t.estimate(metric, arm, others, confidence, "ratio", logs)
	if r.Mid = math.Expm1(r.Mid); r.Finite() { // infinite ends stay infinite on both sides
		r.Lo, r.Hi = math.Expm1(r.Lo), math.Expm1(r.Hi)
	}
	return r
}

// estimate estimates the difference of an arm to others, round by round. How much launches vary is
// taken from all arms together: a run has too few launches to learn it from one arm, and all arms are the same code.
func (t *tolls) estimate(metric, arm int, others []int, confidence float64, kind string, values [][][]float64) stats.Result {
	references := make([][][]float64, len(others))
	for k, other := range others {
		references[k] = values[other]
	}
	return stats.EstimateArm(values[arm], references, stats.Options{
		Confidence: confidence,
		Seed:       t.seed(t.pair(arm, others), t.metrics[metric].ID, kind),
		Spread:     t.spread(t.metrics[metric].ID+"/"+kind, values).Contrast(len(others)),
	})
}

// spread is how much the launches of one arm vary, which is estimated once for all arms and confidences.
func (t *tolls) spread(of string, values [][][]float64) stats.Spread {
	s, known := t.spreads[of]
	if !known {
		s = stats.ArmSpread(slices.DeleteFunc(slices.Clone(values), notFinite))
		t.spreads[of] = s
	}
	return s
}

// notFinite says that an arm has a value that is no number, such as the logarithm of 0.
func notFinite(launches [][]float64) bool {
	return slices.ContainsFunc(slices.Concat(launches...), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}

// pair names a comparison: by the arm alone where it is with the references.
func (t *tolls) pair(arm int, others []int) string {
	name := t.run.Arms[arm].Name
	if !slices.Equal(others, t.references(arm)) {
		for _, other := range others {
			name += " over " + t.run.Arms[other].Name
		}
	}
	return name
}

// seed gives every estimate a random source of its own, so that one more metric changes none of the others.
func (t *tolls) seed(parts ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(parts, "/")))
	return h.Sum64() ^ uint64(t.run.Seed)
}

// level is what one arm costs, metric by metric, as far as this run knows.
func (t *tolls) level(arm int, confidence float64) LevelToll {
	toll := LevelToll{Arm: t.run.Arms[arm]}
	for i, metric := range t.metrics {
		if !t.has(metric.needs...) {
			continue
		}
		toll.Effects = append(toll.Effects, t.effect(i, arm, t.references(arm), confidence))
	}
	return toll
}

// effect is what an arm costs over others in one metric.
func (t *tolls) effect(metric, arm int, others []int, confidence float64) Effect {
	diff, ratio := t.differenceTo(metric, arm, others, confidence), t.ratioTo(metric, arm, others, confidence)
	e := Effect{
		Metric: t.metrics[metric].Metric,
		Value:  t.centre(metric, slices.Concat(t.series[metric].values[arm]...)),
		Diff:   Interval(diff.Interval), Ratio: Interval(ratio.Interval),
		Significant: ratio.Excludes(0) || math.IsNaN(ratio.Mid) && diff.Excludes(0), // no ratio to a baseline of 0
		Detectable:  math.NaN(), Rounds: diff.N,
	}
	if ratio.Finite() {
		e.Detectable = (ratio.Hi - ratio.Lo) / 2
	}
	if diff.N > 1 {
		e.Note = footnote(t.series[metric].note, t.noRatio(metric, ratio), diff.Caveat, autocorrelation(diff))
	} else {
		e.Note = cmp.Or(t.series[metric].note, diff.Caveat) // the first says why there is so little
	}
	return e
}

// noRatio says why a metric from which the cost at rest is taken off has no ratio; "" if it has one.
func (t *tolls) noRatio(metric int, ratio stats.Result) string {
	if !t.series[metric].net || !math.IsNaN(ratio.Mid) {
		return ""
	}
	return notAbove0 + ", so that there is a difference and no ratio"
}

// centre is what stands for all values of a metric.
func (t *tolls) centre(metric int, values []float64) float64 {
	if t.series[metric].sums {
		return stat.Mean(values, nil)
	}
	return stats.HodgesLehmann(values)
}

func autocorrelation(r stats.Result) string {
	if r.Lag1 == 0 {
		return ""
	}
	return "neighbouring rounds are alike: the interval is widened for it"
}

// absolute is the baseline's own value of every metric.
func (t *tolls) absolute() []Absolute {
	var out []Absolute
	for i, metric := range t.metrics {
		if !t.has(metric.needs...) {
			continue
		}
		var means []float64
		for l := range t.launches {
			for r := range t.series[i].values[t.baseline][l] {
				mean := 0.0
				for _, arm := range t.reference {
					mean += t.series[i].values[arm][l][r] / float64(len(t.reference))
				}
				means = append(means, mean)
			}
		}
		out = append(out, Absolute{metric.Metric, t.centre(i, means)})
	}
	return out
}

// order is the display order of the compared arms: the controls first, then the levels.
func (t *tolls) order() []int {
	var controls, levels []int
	for i, a := range t.run.Arms {
		switch a.Role {
		case result.RoleRepeat, result.RoleKnownDelay:
			controls = append(controls, i)
		case result.RoleLevel:
			levels = append(levels, i)
		}
	}
	return append(controls, levels...)
}
