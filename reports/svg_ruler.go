package reports

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of the strips of a ruler.
const (
	stripWidth  = 340.
	stripHeight = 24.
	stripMargin = 6.
)

// ruler is the one axis on which a table draws the changes of a metric: a strip in every row, all alike.
type ruler struct {
	axis
	metric verdict.Metric
	ratio  bool  // changes are in percent of the baseline, else in unit
	unit   scale // of the metric
	base   float64
	floor  verdict.Interval // of the repeated baseline
}

// rulerOf spans zero and all that a table of the metric shows: in percent where there are ratios, else in the metric's unit.
func rulerOf(a *verdict.Analysis, m verdict.Metric) ruler {
	nan := math.NaN()
	r := ruler{metric: m, base: baselineOf(a, m), floor: verdict.Interval{Lo: nan, Mid: nan, Hi: nan}}
	largest := 0.0
	for _, t := range a.Toll {
		e := effectOf(t, m)
		r.ratio = r.ratio || known(e.Ratio.Mid) && !m.InUnit
		if known(e.Diff.Mid) {
			largest = max(largest, math.Abs(e.Diff.Mid))
		}
	}
	r.unit = scaleOf(largest, m.Unit)
	values := []float64{0}
	for _, t := range a.Toll {
		iv := r.change(effectOf(t, m))
		values = append(values, iv.Lo, iv.Mid, iv.Hi, r.truth(a, t.Arm))
		if t.Arm.Role == result.RoleRepeat {
			r.floor = iv
		}
	}
	for _, b := range a.Budgets {
		if b.Budget.Metric == m.ID {
			values = append(values, r.limit(b.Budget))
		}
	}
	least := 1.0
	if !r.ratio {
		least = 0.01
	}
	r.axis = newAxis(values, least, 0.05, stripMargin, stripWidth-stripMargin)
	return r
}

// change is an effect in what the ruler is divided in.
func (r ruler) change(e verdict.Effect) verdict.Interval {
	if r.ratio {
		return times(e.Ratio, 100)
	}
	return times(e.Diff, 1/r.unit.size)
}

// limit is the limit of a budget likewise; NaN where it cannot be said so.
func (r ruler) limit(b verdict.Budget) float64 {
	switch {
	case b.Relative && r.ratio:
		return 100 * b.Limit
	case b.Relative:
		return b.Limit * r.base / r.unit.size
	case !r.ratio:
		return b.Limit / r.unit.size
	case r.base > 0:
		return 100 * b.Limit / r.base
	default:
		return math.NaN()
	}
}

// truth is the change that the known delay makes in truth, NaN for every other arm and metric.
func (r ruler) truth(a *verdict.Analysis, arm result.Arm) float64 {
	if !r.ratio {
		return math.NaN()
	}
	return 100 * trueRatio(a, arm, r.metric)
}

// label writes a mark of the axis.
func (r ruler) label(v float64) string {
	if !r.ratio {
		return signed(v, r.decimals()) + r.unit.suffix
	}
	return signed(v, r.decimals()) + " %"
}

// decimals tell the marks of the axis apart.
func (r ruler) decimals() int { return max(0, 1-int(math.Floor(math.Log10(r.hi-r.lo)))) }

// scale draws the marks of the axis, for the head of the column.
func (r ruler) scale() template.HTML {
	c := &canvas{w: stripWidth, h: 18, more: attribute("data-axis", r.told())}
	for _, v := range roomyTicks(r.axis, 5, r.label) {
		half := charWidth * float64(cellWidth(r.label(v))) / 2
		if x := r.at(v); x-half >= 0 && x+half <= stripWidth {
			c.text(x, 13, "middle small", r.label(v))
		}
	}
	return c.unnamed()
}

// told is what a script needs to say the value at a place of the axis: its ends in values and in pixels, decimals and unit.
func (r ruler) told() string {
	if !known(r.lo) || !known(r.hi) {
		return ""
	}
	suffix := " %"
	if !r.ratio {
		suffix = r.unit.suffix
	}
	return fmt.Sprintf("%g|%g|%g|%g|%d|%s", r.lo, r.hi, r.from, r.to, r.decimals(), suffix)
}

// strip draws one arm: its change with the interval over the noise floor, the limits that it is held to, and where the truth is known
// that.
func (r ruler) strip(a *verdict.Analysis, t verdict.LevelToll) template.HTML {
	c := &canvas{w: stripWidth, h: stripHeight}
	const y = stripHeight / 2
	if !math.IsNaN(r.floor.Lo) && !math.IsNaN(r.floor.Hi) {
		from, to := r.at(r.floor.Lo), r.at(r.floor.Hi)
		c.add("rect", "x", from, "y", 0., "width", max(to-from, 1), "height", stripHeight, "class", "noise")
	}
	for _, v := range roomyTicks(r.axis, 5, r.label) {
		class := "grid"
		if math.Abs(v) < 1e-9 {
			class = "zero"
		}
		c.add("line", "x1", r.at(v), "x2", r.at(v), "y1", 0., "y2", stripHeight, "class", class)
	}
	for _, b := range a.Budgets {
		if x := r.limit(b.Budget); b.Budget.Metric == r.metric.ID && b.Level == t.Arm.Name && known(x) {
			c.add("line", "x1", r.at(x), "x2", r.at(x), "y1", 0., "y2", stripHeight, "class", "limit")
		}
	}
	e := effectOf(t, r.metric)
	r.couldSee(c, e, y)
	forestMark(c, t.Arm, r.change(e), e.Significant, r.axis, y)
	if truth := r.truth(a, t.Arm); known(truth) {
		c.polygon("truth", r.at(truth), y-4, r.at(truth)+5, 0, r.at(truth)-5, 0)
	}
	return c.unnamed()
}

// couldSee draws the smallest change that would have been seen, as brackets around zero.
func (r ruler) couldSee(c *canvas, e verdict.Effect, y float64) {
	if !r.ratio || !known(e.Detectable) {
		return
	}
	for _, side := range []float64{-1, 1} {
		v := side * 100 * e.Detectable
		if v < r.lo || v > r.hi {
			continue // beyond the axis there is nothing to compare it with
		}
		x := r.at(v)
		c.add("path", "d", "M"+pixel(x-side*4)+" "+pixel(y-8)+"H"+pixel(x)+"V"+pixel(y+8)+"H"+pixel(x-side*4), "class", "bracket")
	}
}

// rulerLegend explains the strips: what any of them has, and limits and known truths where the run has such.
func rulerLegend(a *verdict.Analysis) template.HTML {
	key := rulerMarks
	if slices.ContainsFunc(a.Budgets, func(b verdict.BudgetResult) bool { return b.Budget.Metric != "" }) {
		key += rulerLimit
	}
	if slices.ContainsFunc(a.Toll, func(t verdict.LevelToll) bool { return t.Arm.Role == result.RoleKnownDelay }) {
		key += rulerTruth
	}
	return `<ul class="legend" aria-label="Legend of the axis">` + key + `</ul>`
}

const (
	rulerMarks template.HTML = `
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level"/></svg> significant change and its interval</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level hollow"/></svg> not significant</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar control"/><circle cx="17" cy="7" r="4" class="point control"/></svg> control</li>
<li><svg width="34" height="14" aria-hidden="true"><rect x="6" y="0" width="22" height="14" class="noise"/></svg> noise floor: the baseline measured twice</li>
<li><svg width="34" height="14" aria-hidden="true"><path d="M11 1H7V13H11M23 1H27V13H23" class="bracket"/></svg> smallest detectable change</li>
`
	rulerLimit template.HTML = `<li><svg width="34" height="14" aria-hidden="true"><line x1="17" x2="17" y1="0" y2="14" class="limit"/></svg> budget</li>
`
	rulerTruth template.HTML = `<li><svg width="34" height="14" aria-hidden="true"><polygon points="17,11 22,3 12,3" class="truth"/></svg> true value of the known delay</li>
`
)
