package reports

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of the distributions.
const (
	curvesWidth  = 880.
	curvesLeft   = 56.
	curvesRight  = 716.
	curvesTop    = 12.
	curvesHeight = 330.
	labelHeight  = 18.
)

// The quantiles that the distributions span. The scale between them is that of the normal distribution, which gives
// the middle and the tail about the same room.
const (
	lowestQuantile  = 0.05
	highestQuantile = 0.999
)

// probit is the quantile function of the standard normal distribution.
func probit(q float64) float64 { return math.Sqrt2 * math.Erfinv(2*q-1) }

// curve is one distribution on the picture.
type curve struct {
	arm    result.Arm
	series int          // decides colour, dash and marker
	points [][2]float64 // pixels, from the lowest quantile up
}

// latencies draws the distribution of every arm: the share of requests answered within a time, time on a
// logarithmic axis. It is empty when no arm has two points to join.
func latencies(a *verdict.Analysis) template.HTML {
	bottom := curvesTop + max(curvesHeight, labelHeight*float64(len(a.Shapes)))
	highest := 0.5 // what the run supports: a short one has no far tail
	var values []float64
	for _, s := range a.Shapes {
		for _, p := range shown(s) {
			values, highest = append(values, math.Log10(p.Seconds)), max(highest, p.Q)
		}
	}
	x := newAxis(values, 0.1, 0.02, curvesLeft, curvesRight)
	y := axis{probit(lowestQuantile), probit(highest), bottom, curvesTop}
	var curves []curve
	for i, s := range a.Shapes {
		cv := curve{arm: s.Arm, series: i}
		for _, p := range shown(s) {
			cv.points = append(cv.points, [2]float64{x.at(math.Log10(p.Seconds)), y.at(probit(p.Q))})
		}
		if len(cv.points) > 1 {
			curves = append(curves, cv)
		}
	}
	if len(curves) == 0 {
		return ""
	}
	c := &canvas{w: curvesWidth, h: bottom + 40}
	curvesFrame(c, x, y, bottom, a.Run.Plan.MainStep())
	for _, cv := range curves {
		c.add("polyline", "points", polyline(cv.points), "class", fmt.Sprintf("curve s%d", cv.series%8))
	}
	for i, cv := range curves {
		label := curvesTop + (bottom-curvesTop)*(float64(i)+.5)/float64(len(curves))
		curveLabel(c, cv, label)
	}
	return `<figure><figcaption>Share of requests answered within a time. A curve further right is slower; the scale gives middle and tail the same room. ` + pooledEstimators + `</figcaption>` + "\n" +
		`<div class="scroll picture" role="group" aria-label="Latency distributions" tabindex="0">` +
		c.svg("latencies", "Latency distributions", curvesDescription(a)) + `</div></figure>`
}

// shown are the points of a distribution that the picture can place.
func shown(s verdict.Shape) []verdict.Quantile {
	var out []verdict.Quantile
	for _, p := range s.Points {
		if p.Q >= lowestQuantile && p.Q <= highestQuantile && known(p.Seconds) && p.Seconds > 0 {
			out = append(out, p)
		}
	}
	return out
}

func curvesFrame(c *canvas, x, y axis, bottom float64, step string) {
	for _, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999} {
		if probit(q) > y.hi+1e-9 {
			break
		}
		at := y.at(probit(q))
		c.add("line", "x1", curvesLeft, "x2", curvesRight, "y1", at, "y2", at, "class", "grid")
		c.text(curvesLeft-8, at+4, "end small", fmt.Sprintf("%g %%", 100*q))
	}
	last := math.Inf(-1)
	for exponent := math.Floor(x.lo); exponent <= x.hi; exponent++ {
		for _, m := range []float64{1, 1.5, 2, 3, 5, 7} {
			v := exponent + math.Log10(m)
			if v < x.lo || v > x.hi {
				continue
			}
			at := x.at(v)
			c.add("line", "x1", at, "x2", at, "y1", curvesTop, "y2", bottom, "class", "grid")
			if at-last >= 52 { // room for its label
				c.text(at, bottom+16, "middle small", milliseconds(v))
				last = at
			}
		}
	}
	c.text((curvesLeft+curvesRight)/2, bottom+34, "middle small", "response time of the "+step+" step, ms (logarithmic)")
}

// milliseconds labels a power of ten of seconds.
func milliseconds(exponent float64) string {
	ms := math.Pow(10, exponent+3)
	return fixed(ms, digits(ms, 2))
}

// curveLabel writes a curve's name beside the plot, at its line style and marker, and leads from there to the curve: to
// its nearest end when it does not reach that height.
func curveLabel(c *canvas, cv curve, y float64) {
	on := min(max(y, cv.points[len(cv.points)-1][1]), cv.points[0][1])
	x := crossing(cv.points, on)
	c.add("line", "x1", x+6, "x2", curvesRight+4, "y1", on, "y2", y, "class", "leader")
	c.marker(x, on, cv.series, fmt.Sprintf("dot s%d", cv.series%8))
	c.add("line", "x1", curvesRight+8, "x2", curvesRight+36, "y1", y, "y2", y, "class", fmt.Sprintf("curve s%d", cv.series%8))
	c.marker(curvesRight+22, y, cv.series, fmt.Sprintf("dot s%d", cv.series%8))
	c.short(curvesRight+42, y+4, curvesWidth-curvesRight-42, "", cv.arm.Name)
}

// crossing is the x at which a rising curve crosses y; at its nearest end when it does not.
func crossing(points [][2]float64, y float64) float64 {
	if y >= points[0][1] {
		return points[0][0]
	}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if y <= a[1] && y >= b[1] && a[1] > b[1] {
			return a[0] + (b[0]-a[0])*(a[1]-y)/(a[1]-b[1])
		}
	}
	return points[len(points)-1][0]
}

func polyline(points [][2]float64) string {
	var out []string
	for _, p := range points {
		out = append(out, pixel(p[0])+","+pixel(p[1]))
	}
	return strings.Join(out, " ")
}

// curvesDescription tells the median and the 99th percentile of each arm, as far as its points have them.
func curvesDescription(a *verdict.Analysis) string {
	var out []string
	for _, s := range a.Shapes {
		for _, p := range shown(s) {
			if p.Q == 0.5 || p.Q == 0.99 {
				out = append(out, fmt.Sprintf("%s p%g %s", s.Arm.Name, 100*p.Q, amount(p.Seconds, verdict.Seconds)))
			}
		}
	}
	return strings.Join(out, "; ") + "."
}
