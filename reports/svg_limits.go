package reports

import (
	"html/template"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// Geometry of the picture of the detection limits.
const (
	limitsWidth = 880.
	limitsFrom  = 130. // of the plot area
	limitsTo    = 700.
	limitsTop   = 8.
	limitsRow   = 40.
)

// limitsFigure draws the detection limit of every level over the sizes, on a logarithmic axis: a bar for the interval, a point for the
// limit, and below them what was detected of each size. "" without a level.
func limitsFigure(s *result.Sweep, limits []catch.Limit) template.HTML {
	if len(limits) == 0 {
		return ""
	}
	caption := s.Param + " of " + s.Fault + ": the size that is detected, by level"
	// #nosec G203 -- the caption is escaped here, and the picture is HTML already
	return template.HTML(`<figure class="picture"><figcaption>` + template.HTMLEscapeString(caption) + `</figcaption>` +
		string(limitsPlot(s, limits, caption)) + `</figure>` + limitsLegend)
}

func limitsPlot(s *result.Sweep, limits []catch.Limit, title string) template.HTML {
	var logs []float64
	for _, size := range s.Sizes {
		logs = append(logs, math.Log(size))
	}
	x := newAxis(logs, 0.1, 0.06, limitsFrom, limitsTo)
	bottom := limitsTop + limitsRow*float64(len(limits))
	c := &canvas{w: limitsWidth, h: bottom + 26}
	for i, at := range logs {
		c.add("line", "x1", x.at(at), "x2", x.at(at), "y1", limitsTop, "y2", bottom, "class", "grid")
		c.text(x.at(at), bottom+16, "middle small", sweep.Text(s.Sizes[i], s.Unit))
	}
	var told []string
	for i, l := range limits {
		y := limitsTop + limitsRow*float64(i) + 14
		words := catch.LimitWords(s, l.Limit) + " " + catch.IntervalWords(s, l.Limit)
		c.short(0, y+4, limitsFrom-8, "", l.Level)
		c.text(limitsWidth, y+4, "end num", words)
		limitMark(c, s, l.Limit, x, y)
		for _, p := range l.Points {
			c.text(x.at(math.Log(p.Size)), y+19, "middle small", trialsText(p))
		}
		told = append(told, l.Level+" "+words)
	}
	return c.svg("detection-limits", title, strings.Join(told, "; ")+".")
}

// limitMark draws an interval and its limit. What the sizes do not enclose ends in an arrow and has no point.
func limitMark(c *canvas, s *result.Sweep, l sweep.Limit, x axis, y float64) {
	from, to := x.from, x.to // of an end that is open
	lowOpen, highOpen := math.IsInf(l.Lo, 0), math.IsInf(l.Hi, 0)
	if lowOpen && highOpen && l.Censored == sweep.Unknown {
		return
	}
	if !lowOpen {
		from = x.at(math.Log(l.Lo))
	}
	if !highOpen {
		to = x.at(math.Log(l.Hi))
	}
	c.add("line", "x1", from, "x2", to, "y1", y, "y2", y, "class", "bar level")
	forestEnd(c, from, y, -1, lowOpen, "level")
	forestEnd(c, to, y, 1, highOpen, "level")
	if l.Censored == "" && known(l.Size) && l.Size > 0 {
		c.add("circle", "cx", x.at(math.Log(l.Size)), "cy", y, "r", 4., "class", "point level")
	}
}

// limitsLegend explains the picture.
const limitsLegend = `<ul class="legend" aria-label="Legend of the detection limits">
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level"/></svg> limit and its interval</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="26" y1="7" y2="7" class="bar level"/><polygon points="32,7 26,3 26,11" class="arrow level"/></svg> the interval goes on beyond the sizes that were tried</li>
<li>2/3: two of three passes of this size were detected</li>
</ul>`
