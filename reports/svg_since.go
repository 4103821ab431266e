package reports

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/since"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of a line over time.
const (
	sinceWidth  = 480.
	sinceHeight = 170.
	sinceFrom   = 64. // of the plot area
	sinceTo     = 468.
	sinceTop    = 12.
	sinceBottom = 132.
)

// sincePanel draws a line: a point with its interval per run, the mean of every stretch, changes and settings.
func sincePanel(id string, h *since.History, l *since.Line) template.HTML {
	c := &canvas{w: sinceWidth, h: sinceHeight}
	unit, suffix := 0.01, " %"
	if !l.Ratio {
		s := scaleOf(largestOf(l), l.Metric.Unit)
		unit, suffix = s.size, s.suffix
	}
	values := []float64{0}
	for _, iv := range l.Values {
		values = append(values, iv.Lo/unit, iv.Mid/unit, iv.Hi/unit)
	}
	y := newAxis(values, 0.5, 0.06, sinceBottom, sinceTop)
	x := axis{-0.7, float64(len(h.Runs)) - 0.3, sinceFrom, sinceTo}
	sinceFrame(c, h, x, y, suffix)
	var told []string
	for _, s := range l.Stretches {
		told = append(told, drawStretch(c, h, l, s, x, y, unit))
	}
	for i, iv := range l.Values {
		sincePoint(c, times(iv, 1/unit), x.at(float64(i)), y)
	}
	name := head(l.Metric) + " at " + l.Level
	return panel(l.Level+": "+l.Metric.Title, string(l.Metric.Per), c.svg(id+l.Metric.ID, name+", run by run", strings.Join(told, "; ")+"."))
}

func largestOf(l *since.Line) float64 {
	largest := 0.
	for _, iv := range l.Values {
		if known(iv.Mid) {
			largest = max(largest, math.Abs(iv.Mid))
		}
	}
	return largest
}

// sinceFrame draws the axes, the number of the first and the last run, and a line before every run of another setting than the one before.
func sinceFrame(c *canvas, h *since.History, x, y axis, suffix string) {
	decimals := max(0, 1-int(math.Floor(math.Log10(y.hi-y.lo))))
	for _, v := range y.ticks(4) {
		class := "grid"
		if math.Abs(v) < 1e-9 {
			class = "zero"
		}
		c.add("line", "x1", sinceFrom, "x2", sinceTo, "y1", y.at(v), "y2", y.at(v), "class", class)
		c.text(sinceFrom-6, y.at(v)+4, "end small", signed(v, decimals)+suffix)
	}
	for i, r := range h.Runs {
		if i > 0 && r.Setting != h.Runs[i-1].Setting {
			at := x.at(float64(i) - 0.5)
			c.add("line", "x1", at, "x2", at, "y1", sinceTop, "y2", sinceBottom+12, "class", "leader")
			c.text(at+3, sinceBottom+12, "small", "≠ "+strconv.Itoa(r.Setting+1))
		}
	}
	for _, i := range []int{0, len(h.Runs) - 1} {
		if i >= 0 {
			c.text(x.at(float64(i)), sinceBottom+30, "middle small", "run "+strconv.Itoa(i+1))
		}
	}
}

// drawStretch draws the mean of a stretch and a mark where it begins with a change, and says the same in words.
func drawStretch(c *canvas, h *since.History, l *since.Line, s since.Stretch, x, y axis, unit float64) string {
	from, to := x.at(float64(s.Runs[0])-0.4), x.at(float64(s.Runs[len(s.Runs)-1])+0.4)
	if mean := s.Level.Mid / unit; known(mean) {
		c.add("line", "x1", from, "x2", to, "y1", y.at(mean), "y2", y.at(mean), "class", "curve s4 whole")
	}
	words := fmt.Sprintf("%s in %s from %s on", lineValue(l, s.Level), count(len(s.Runs), "run"), h.Runs[s.Runs[0]].Run.ID)
	if s.Changed {
		c.polygon("truth", from, sinceTop+2, from-5, sinceTop-7, from+5, sinceTop-7)
		c.add("line", "x1", from, "x2", from, "y1", sinceTop, "y2", sinceBottom, "class", "change")
		words = "changed by " + lineValue(l, s.Change) + " to " + words
	}
	return words
}

func sincePoint(c *canvas, iv verdict.Interval, x float64, y axis) {
	if !known(iv.Mid) {
		return
	}
	if !math.IsNaN(iv.Lo) && !math.IsNaN(iv.Hi) {
		c.add("line", "x1", x, "x2", x, "y1", y.at(iv.Lo), "y2", y.at(iv.Hi), "class", "bar level")
	}
	c.add("circle", "cx", x, "cy", y.at(iv.Mid), "r", 3., "class", "point level")
}

// sinceLegend explains the plots.
const sinceLegend template.HTML = `<ul class="legend" aria-label="Legend of the plots">
<li><svg width="20" height="16" aria-hidden="true"><line x1="10" x2="10" y1="1" y2="15" class="bar level"/><circle cx="10" cy="8" r="3" class="point level"/></svg> a run with its interval</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="curve s4 whole"/></svg> the mean until the next change</li>
<li><svg width="20" height="14" aria-hidden="true"><polygon points="10,11 15,3 5,3" class="truth"/></svg> a change beyond chance</li>
<li>≠ 2: another machine or plan from there on, setting 2</li>
</ul>`
