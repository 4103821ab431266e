package reports

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of the distributions: a small plot for each arm, all on the same axes.
const (
	curvesWidth  = 300.
	curvesLeft   = 46.
	curvesRight  = 292.
	curvesTop    = 8.
	curvesBottom = 158.
)

// lowestQuantile is where the distributions begin.
const lowestQuantile = 0.05

// nines is the scale of quantiles that percentile plots of HdrHistogram have: 1 at 90 %, 2 at 99 %, 3 at 99.9 %.
func nines(q float64) float64 { return -math.Log10(1 - q) }

// latencies draws the distribution of every arm beside that of the baseline: the response time that a share of the requests is within,
// the share by its nines and the time on a logarithmic axis. It is empty where the baseline, or every other arm, has no two points to
// join.
func latencies(a *verdict.Analysis) template.HTML {
	highest := nines(0.5) // what the run supports: a short one has no far tail
	var values []float64
	var base verdict.Shape
	for _, s := range a.Shapes {
		if s.Arm.Role == result.RoleBaseline {
			base = s
		}
		for _, p := range shown(s) {
			values, highest = append(values, math.Log10(p.Seconds)), max(highest, nines(p.Q))
		}
	}
	if len(shown(base)) < 2 {
		return ""
	}
	x := axis{nines(lowestQuantile), highest, curvesLeft, curvesRight}
	y := newAxis(values, 0.1, 0.02, curvesBottom, curvesTop)
	m := multiples{Caption: curvesCaption(a, base), Base: base.Arm}
	quantiles := quantilesOf(a.Shapes)
	for i, value := range quantileWords(base, quantiles) {
		q := quantiles[i]
		m.Places = append(m.Places, reading{x.at(nines(q)), percentile(q), value})
	}
	for i, s := range a.Shapes {
		if s.Arm.Role != result.RoleBaseline && len(shown(s)) > 1 {
			m.Plots = append(m.Plots, multiple{s.Arm, latencyPlot(fmt.Sprintf("latencies-%d", i+1), base, s, x, y), quantileWords(s, quantiles)})
		}
	}
	return m.figure()
}

// quantilesOf are the quantiles that any distribution shows, rising.
func quantilesOf(shapes []verdict.Shape) []float64 {
	var out []float64
	for _, s := range shapes {
		for _, p := range shown(s) {
			out = append(out, p.Q)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// quantileWords are the times of a distribution at quantiles.
func quantileWords(s verdict.Shape, quantiles []float64) []string {
	points := shown(s)
	var out []string
	for _, q := range quantiles {
		value := unknown
		if i := slices.IndexFunc(points, func(p verdict.Quantile) bool { return p.Q == q }); i >= 0 {
			value = amount(points[i].Seconds, verdict.Seconds)
		}
		out = append(out, value)
	}
	return out
}

// percentile labels a quantile: "99 %".
func percentile(q float64) string { return fmt.Sprintf("%g %%", 100*q) }

// curvesCaption says what the plots show.
func curvesCaption(a *verdict.Analysis, base verdict.Shape) string {
	return "The response time of the " + a.Run.Plan.MainStep() + " step, in ms, by the share of requests that is answered within it. Grey is " + base.Arm.Name +
		"; a curve above it is slower. Each nine of the share has the same room: 90 %, 99 %, 99.9 %. Both axes are logarithmic, and the same in all plots. " +
		pooledEstimators
}

// shown are the points of a distribution that the picture can place.
func shown(s verdict.Shape) []verdict.Quantile {
	var out []verdict.Quantile
	for _, p := range s.Points {
		if p.Q >= lowestQuantile && p.Q < 1 && known(p.Seconds) && p.Seconds > 0 {
			out = append(out, p)
		}
	}
	return out
}

// latencyPlot draws one arm and the baseline.
func latencyPlot(id string, base, s verdict.Shape, x, y axis) template.HTML {
	c := &canvas{w: curvesWidth, h: curvesBottom + 22}
	curvesFrame(c, x, y)
	for _, of := range []struct {
		verdict.Shape
		class string
	}{{base, "curve base"}, {s, "curve of"}} {
		var points [][2]float64
		for _, p := range shown(of.Shape) {
			points = append(points, [2]float64{x.at(nines(p.Q)), y.at(math.Log10(p.Seconds))})
		}
		c.add("polyline", "points", polyline(points), "class", of.class)
	}
	return c.svg(id, "Latency of "+s.Arm.Name+" and "+base.Arm.Name, curvesTold(base)+". "+curvesTold(s)+".")
}

func curvesFrame(c *canvas, x, y axis) {
	last := math.Inf(-1)
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99, 0.999, 0.9999} {
		if nines(q) > x.hi+1e-9 {
			break
		}
		at, label := x.at(nines(q)), percentile(q)
		c.add("line", "x1", at, "x2", at, "y1", curvesTop, "y2", curvesBottom, "class", "grid")
		if half := float64(cellWidth(label)) * charWidth / 2; at-half > last { // room for its label
			c.text(min(at, curvesWidth-half-5), curvesBottom+16, "middle small", label)
			last = at + half + 4
		}
	}
	for _, v := range logTicks(y) {
		at := y.at(v)
		c.add("line", "x1", curvesLeft, "x2", curvesRight, "y1", at, "y2", at, "class", "grid")
		c.text(curvesLeft-6, at+4, "end small", milliseconds(v))
	}
}

// logTicks are the powers of ten of round values on a logarithmic axis, as far as there is room for their labels.
func logTicks(a axis) []float64 {
	var out []float64
	for exponent := math.Floor(a.lo); exponent <= a.hi; exponent++ {
		for _, m := range []float64{1, 1.5, 2, 3, 5, 7} {
			v := exponent + math.Log10(m)
			if v < a.lo || v > a.hi || len(out) > 0 && math.Abs(a.at(v)-a.at(out[len(out)-1])) < 22 {
				continue
			}
			out = append(out, v)
		}
	}
	return out
}

// milliseconds labels a power of ten of seconds.
func milliseconds(exponent float64) string {
	ms := math.Pow(10, exponent+3)
	return fixed(ms, digits(ms, 2))
}

// curvesTold tells the median and the highest percentiles of a distribution, as far as its points have them.
func curvesTold(s verdict.Shape) string {
	out := []string{s.Arm.Name}
	for _, p := range shown(s) {
		if p.Q == 0.5 || p.Q == 0.99 || p.Q == 0.999 {
			out = append(out, fmt.Sprintf("p%g %s", 100*p.Q, amount(p.Seconds, verdict.Seconds)))
		}
	}
	return strings.Join(out, " ")
}
