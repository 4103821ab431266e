package reports

import (
	"html/template"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Geometry of a waterfall.
const (
	waterfallFrom  = 330.
	waterfallTo    = 800.
	waterfallRow   = 19.
	waterfallSpans = 40 // that are drawn
)

// waterfallPicture draws the spans of a trace as bars over its time, the name of each before it and its duration behind it.
func waterfallPicture(title string, bars []catch.Bar) template.HTML {
	begin, total := extent(bars)
	drawn := bars[:min(len(bars), waterfallSpans)]
	c := &canvas{w: timelineWidth, h: waterfallRow*float64(len(drawn)) + 28}
	x := axis{0, total.Seconds(), waterfallFrom, waterfallTo}
	for i, b := range drawn {
		y := waterfallRow * float64(i)
		from, to := x.at(b.Start.Sub(begin).Seconds()), x.at((b.Start.Sub(begin) + b.Took).Seconds())
		indent := 12 * float64(min(b.Depth, deepest))
		class := "small"
		if b.Telling {
			class = "strong"
		}
		flat := b
		flat.Depth = 0
		c.short(indent, y+14, waterfallFrom-8-indent, class, barName(flat))
		c.box(barClass(b), from, y+4, max(to-from, 2), waterfallRow-7)
		c.text(max(to, from+2)+5, y+14, "small", elapsed(b.Took))
	}
	c.drawBoxes()
	bottom := waterfallRow*float64(len(drawn)) + 2
	c.add("line", "x1", waterfallFrom, "x2", waterfallTo, "y1", bottom, "y2", bottom, "class", "axis")
	ms := axis{0, total.Seconds() * 1000, waterfallFrom, waterfallTo}
	label := func(v float64) string { return amount(v/1000, "s") }
	for _, v := range roomyTicks(ms, 3, label) {
		c.add("line", "x1", ms.at(v), "x2", ms.at(v), "y1", bottom, "y2", bottom+5, "class", "axis")
		c.text(ms.at(v), bottom+18, "middle small", label(v))
	}
	// #nosec G203 -- the only text is escaped here
	return template.HTML(`<figure><div class="scroll picture" role="group" aria-label="`+template.HTMLEscapeString(title)+`" tabindex="0">`) +
		c.readable() + `</div></figure>`
}

// barClass names a class of the style sheet for a span.
func barClass(b catch.Bar) string {
	switch {
	case b.Status == result.StatusError:
		return "span failed"
	case b.Telling:
		return "span telling"
	default:
		return "span"
	}
}
