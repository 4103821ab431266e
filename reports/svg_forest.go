package reports

import (
	"html/template"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of a forest plot.
const (
	forestWidth = 480.
	forestFrom  = 110. // of the plot area
	forestTo    = 312.
	forestTop   = 8.
	forestRow   = 22.
)

// panel is one forest plot under its title: the change of one metric at every arm.
func panel(title, per string, svg template.HTML) template.HTML { return panelOf("", title, per, svg) }

// panelOf is a panel with attributes, each with a blank before it.
func panelOf(attributes, title, per string, svg template.HTML) template.HTML {
	if per != "" {
		per = ` <span class="muted">` + template.HTMLEscapeString(per) + `</span>`
	}
	// #nosec G203 -- the texts are escaped here, and the attributes and the picture are HTML already
	return template.HTML(`<figure class="panel"` + attributes + `><figcaption>` + template.HTMLEscapeString(title) + per + `</figcaption>` + string(svg) + `</figure>`)
}

func panelsOf(panels template.HTML) template.HTML { return `<div class="panels">` + panels + `</div>` }

// forestAxis spans zero and all that is known of the metrics, in percent.
func forestAxis(a *verdict.Analysis, metrics []verdict.Metric) axis {
	values := []float64{0}
	for _, m := range metrics {
		for _, t := range a.Toll {
			r := times(effectOf(t, m).Ratio, 100)
			values = append(values, r.Lo, r.Mid, r.Hi, 100*trueRatio(a, t.Arm, m))
		}
	}
	return newAxis(values, 1, 0.04, forestFrom, forestTo)
}

func forest(id string, a *verdict.Analysis, m verdict.Metric, x axis) template.HTML {
	bottom := forestTop + forestRow*float64(len(a.Toll))
	c := &canvas{w: forestWidth, h: bottom + 24}
	forestFrame(c, a, m, x, bottom)
	var told []string
	for i, t := range a.Toll {
		y := forestTop + forestRow*(float64(i)+.5)
		e := effectOf(t, m)
		c.short(0, y+4, forestFrom-8, "", t.Arm.Name)
		c.text(forestWidth, y+4, "end num", tollCell(t, m))
		told = append(told, t.Arm.Name+" "+tollCell(t, m))
		forestMark(c, t.Arm, times(e.Ratio, 100), e.Significant, x, y)
		if truth := trueRatio(a, t.Arm, m); known(truth) {
			c.polygon("truth", x.at(100*truth), y-3, x.at(100*truth)+5, y-11, x.at(100*truth)-5, y-11)
		}
	}
	return c.svg(id, m.Title+": change over "+baselineArm(a).Level, strings.Join(told, "; ")+".")
}

// forestFrame draws the noise floor, the zero line and the axis.
func forestFrame(c *canvas, a *verdict.Analysis, m verdict.Metric, x axis, bottom float64) {
	for _, t := range a.Toll {
		r := times(effectOf(t, m).Ratio, 100)
		if t.Arm.Role == result.RoleRepeat && !math.IsNaN(r.Lo) && !math.IsNaN(r.Hi) {
			from, to := x.at(r.Lo), x.at(r.Hi)
			c.add("rect", "x", from, "y", forestTop, "width", max(to-from, 1), "height", bottom-forestTop, "class", "noise")
		}
	}
	c.percentAxis(x, bottom)
}

// percentAxis draws the zero line and the marks of an axis in per cent, from the top of the rows to bottom.
func (c *canvas) percentAxis(x axis, bottom float64) {
	decimals := 0
	if x.hi-x.lo < 5 {
		decimals = 1
	}
	label := func(v float64) string { return signed(v, decimals) + " %" }
	for _, v := range roomyTicks(x, 5, label) {
		class := "grid"
		if math.Abs(v) < 1e-9 {
			class = "zero"
		}
		c.add("line", "x1", x.at(v), "x2", x.at(v), "y1", forestTop, "y2", bottom, "class", class)
		c.text(x.at(v), bottom+16, "middle small", label(v))
	}
}

// forestMark draws an effect: a bar for the interval, an arrow where it has no end, a point that is full when the
// effect is significant and hollow when it is not.
func forestMark(c *canvas, arm result.Arm, r verdict.Interval, significant bool, x axis, y float64) {
	if math.IsNaN(r.Mid) {
		return
	}
	class := "control"
	if arm.Role == result.RoleLevel {
		class = "level"
	}
	if !math.IsNaN(r.Lo) && !math.IsNaN(r.Hi) {
		from, to := x.at(r.Lo), x.at(r.Hi)
		c.add("line", "x1", from, "x2", to, "y1", y, "y2", y, "class", "bar "+class)
		forestEnd(c, from, y, -1, math.IsInf(r.Lo, -1), class)
		forestEnd(c, to, y, 1, math.IsInf(r.Hi, 1), class)
	}
	if !known(r.Mid) {
		return
	}
	if !significant {
		class += " hollow"
	}
	c.add("circle", "cx", x.at(r.Mid), "cy", y, "r", 4., "class", "point "+class)
}

// forestEnd ends an interval bar: with a cap, or with an arrow where the interval goes on for ever.
func forestEnd(c *canvas, x, y, direction float64, open bool, class string) {
	if open {
		c.polygon("arrow "+class, x, y, x-6*direction, y-4, x-6*direction, y+4)
		return
	}
	c.add("line", "x1", x, "x2", x, "y1", y-3.5, "y2", y+3.5, "class", "bar "+class)
}

// forestLegend explains the plots.
const forestLegend template.HTML = `<ul class="legend" aria-label="Legend of the plots">
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level"/></svg> level, significant change</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level hollow"/></svg> not significant</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar control"/><circle cx="17" cy="7" r="4" class="point control"/></svg> control</li>
<li><svg width="34" height="14" aria-hidden="true"><rect x="6" y="0" width="22" height="14" class="noise"/></svg> noise floor: the baseline measured twice</li>
<li><svg width="34" height="14" aria-hidden="true"><polygon points="17,11 22,3 12,3" class="truth"/></svg> true value of the known delay</li>
</ul>`
