package resample

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Cost is what a policy costs over the baseline of the run, of one metric.
type Cost struct {
	Effect verdict.Effect // NaN where there is a Why
	// From and To are the levels between which it is interpolated, by the share of the spans that is kept. They are the same where it is
	// what one level was measured to cost.
	From, To string
	Why      string // why it is not known; ""
}

// Interpolated says that no level was measured to cost this.
func (c Cost) Interpolated() bool { return c.Why == "" && c.From != c.To }

// costs knows what the levels cost.
type costs struct {
	*resampler
	metrics []verdict.Metric
	anchors []anchor // by rising share
}

// anchor is a level that differs from the source in nothing but its traces.
type anchor struct {
	level string
	share float64 // of the spans that it keeps
}

// interpolated are the IDs of the metrics that are interpolated. The others are no sums over requests.
func interpolated() []string { return []string{"cpu", "bytes", "money"} }

func newCosts(r *resampler) *costs {
	c := &costs{resampler: r}
	f := r.analysis.Frontier
	if f == nil {
		return c
	}
	for _, m := range f.Metrics {
		if slices.Contains(interpolated(), m.ID) {
			c.metrics = append(c.metrics, m)
		}
	}
	for _, l := range r.data.Run.Levels {
		share, known := verdict.Kept(l)
		if otelenv.Traces.State(l.Env) == otelenv.Off {
			share, known = 0, true
		}
		if known && alike(l, r.level) {
			c.anchors = append(c.anchors, anchor{l.Name, share})
		}
	}
	slices.SortStableFunc(c.anchors, func(a, b anchor) int { return cmp.Compare(a.share, b.share) })
	return c
}

// alike says that two levels differ in nothing but how many traces their samplers keep.
func alike(a, b result.Level) bool {
	return maps.Equal(rest(a), rest(b))
}

// rest are the variables of a level that do not say how many traces are kept.
func rest(l result.Level) map[string]string {
	out := maps.Clone(l.Env)
	for _, name := range []string{otelenv.Traces.Exporter(), otelenv.Sampler, otelenv.SamplerArg} {
		delete(out, name)
	}
	return out
}

// measured is what a level was measured to cost.
func (c *costs) measured(level string) []Cost {
	var out []Cost
	for _, m := range c.metrics {
		out = append(out, Cost{Effect: c.effect(level, m.ID), From: level, To: level})
	}
	return out
}

// of is what a policy costs that keeps a share of the spans. With tail sampling the services send every span, so that they cost what they
// cost at the source, and so does what is on the wire to the Collector.
func (c *costs) of(p Policy, share float64) []Cost {
	if p.Tail != nil {
		return c.measured(c.level.Name)
	}
	var out []Cost
	for _, m := range c.metrics {
		out = append(out, c.between(m, share))
	}
	return out
}

// between interpolates a metric. The CPU of a service that makes no spans at all is no end of the line: a sampler that decides costs
// something whatever it decides.
func (c *costs) between(m verdict.Metric, share float64) Cost {
	if c.KeptLogs {
		return unknown(m, "no level was measured that keeps only the log records of kept traces")
	}
	anchors := c.anchors
	if m.ID == "cpu" {
		anchors = slices.DeleteFunc(slices.Clone(anchors), func(a anchor) bool { return a.share == 0 })
	}
	above := slices.IndexFunc(anchors, func(a anchor) bool { return a.share >= share-same })
	switch {
	case math.IsNaN(share) || above < 0:
		return unknown(m, "the run has no spans in clean windows")
	case math.Abs(anchors[above].share-share) <= same:
		return Cost{Effect: c.effect(anchors[above].level, m.ID), From: anchors[above].level, To: anchors[above].level}
	case above == 0:
		what := "no level was measured that keeps fewer traces and is otherwise as " + c.level.Name
		if m.ID == "cpu" {
			what = "no level was measured that keeps fewer traces, but some, and is otherwise as " + c.level.Name
		}
		return unknown(m, what)
	}
	from, to := anchors[above-1], anchors[above]
	at := (share - from.share) / (to.share - from.share)
	return Cost{Effect: mix(c.effect(from.level, m.ID), c.effect(to.level, m.ID), at), From: from.level, To: to.level}
}

// same is how far apart two shares may be that are taken for one: rounding.
const same = 1e-9

// effect is what a level costs of a metric.
func (c *costs) effect(level, metric string) verdict.Effect {
	f := c.analysis.Frontier
	point := slices.IndexFunc(f.Points, func(p verdict.Point) bool { return p.Level == level })
	i := slices.IndexFunc(f.Metrics, func(m verdict.Metric) bool { return m.ID == metric })
	return f.Points[point].Costs[i]
}

// mix is between two effects, from the first at 0 to the second at 1. The ends of its intervals are mixed likewise, which is too wide
// rather than too narrow: the errors of the two levels are not all in one direction at once.
func mix(a, b verdict.Effect, at float64) verdict.Effect {
	line := func(x, y float64) float64 { return x + (y-x)*at }
	interval := func(x, y verdict.Interval) verdict.Interval {
		return verdict.Interval{Lo: line(x.Lo, y.Lo), Mid: line(x.Mid, y.Mid), Hi: line(x.Hi, y.Hi)}
	}
	out := verdict.Effect{Metric: a.Metric, Value: line(a.Value, b.Value), Diff: interval(a.Diff, b.Diff), Ratio: interval(a.Ratio, b.Ratio), Detectable: math.NaN()}
	out.Significant = out.Diff.Lo > 0 || out.Diff.Hi < 0
	return out
}

func unknown(m verdict.Metric, why string) Cost {
	nan := math.NaN()
	none := verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	return Cost{Effect: verdict.Effect{Metric: m, Value: nan, Diff: none, Ratio: none, Detectable: nan}, Why: why}
}

// String is where a cost comes from, in words.
func (c Cost) String() string {
	switch {
	case c.Why != "":
		return c.Why
	case c.From == c.To:
		return "as measured at " + c.To
	default:
		return fmt.Sprintf("interpolated between %s and %s", c.From, c.To)
	}
}
