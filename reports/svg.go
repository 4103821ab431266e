package reports

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// canvas collects the elements of one picture. Lengths are in pixels at the picture's natural size; colours and
// fonts come from the classes of the page's style sheet, so that a picture follows the theme.
type canvas struct {
	w, h  float64
	more  string // attributes of a picture without a name, each with a blank before it
	b     strings.Builder
	boxes []boxes
}

// add appends an element. Attributes alternate names and values; values are strings or numbers.
func (c *canvas) add(element string, attributes ...any) {
	c.open(element, attributes)
	c.b.WriteString("/>")
}

// text appends a line of text at its base line. Class carries the anchor: "start" (default), "middle" or "end".
func (c *canvas) text(x, y float64, class, text string) {
	c.open("text", lettering(x, y, class))
	c.b.WriteString(">" + template.HTMLEscapeString(text) + "</text>")
}

// short is like text but cuts what takes more than width pixels; the whole text is in a tooltip.
func (c *canvas) short(x, y, width float64, class, text string) {
	room := max(int(width/charWidth), 2)
	if cellWidth(text) <= room {
		c.text(x, y, class, text)
		return
	}
	c.open("text", lettering(x, y, class))
	c.b.WriteString("><title>" + template.HTMLEscapeString(text) + "</title>" +
		template.HTMLEscapeString(cut(text, room-1, room-1)[0]+"…") + "</text>")
}

// lettering are the attributes of text. That of class small, which is the most frequent by far, has no class: see the style sheet.
func lettering(x, y float64, class string) []any {
	at := []any{"x", x, "y", y}
	if class != "small" {
		at = append(at, "class", class)
	}
	return at
}

func (c *canvas) open(element string, attributes []any) {
	c.b.WriteString("<" + element)
	for i := 0; i+1 < len(attributes); i += 2 {
		var value string
		switch v := attributes[i+1].(type) {
		case float64:
			value = pixel(v)
		default:
			value = template.HTMLEscapeString(fmt.Sprint(v))
		}
		c.b.WriteString(" " + attributes[i].(string) + `="` + value + `"`)
	}
}

// boxes are rectangles of one look, as the data of one path: a page has thousands.
type boxes struct {
	class string
	data  *strings.Builder
}

// box adds a rectangle to those that drawBoxes draws.
func (c *canvas) box(class string, x, y, w, h float64) {
	at := slices.IndexFunc(c.boxes, func(b boxes) bool { return b.class == class })
	if at < 0 {
		at = len(c.boxes)
		c.boxes = append(c.boxes, boxes{class, &strings.Builder{}})
	}
	fmt.Fprintf(c.boxes[at].data, "M%s %sh%sv%sh%sz", pixel(x), pixel(y), pixel(w), pixel(h), pixel(-w))
}

// drawBoxes draws the rectangles so far, those of one class together.
func (c *canvas) drawBoxes() {
	for _, b := range c.boxes {
		c.path(b.class, b.data.String())
	}
	c.boxes = nil
}

// path appends a path; none without data.
func (c *canvas) path(class, data string) {
	if data != "" {
		c.add("path", "d", data, "class", class)
	}
}

// svg closes the picture. The id must be unique on the page; title and desc are its text alternative.
func (c *canvas) svg(id, title, desc string) template.HTML {
	return template.HTML(fmt.Sprintf( // #nosec G203 -- every text in it was escaped; ids are ours
		`<svg role="img" viewBox="0 0 %s %s" width="%s" height="%s" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>%s</svg>`,
		pixel(c.w), pixel(c.h), pixel(c.w), pixel(c.h), id, id,
		id, template.HTMLEscapeString(title), id, template.HTMLEscapeString(desc), c.b.String()))
}

// readable closes a picture whose texts tell all that it shows, in the order in which they were drawn, to those who hear the page.
func (c *canvas) readable() template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s" width="%s" height="%s">%s</svg>`, // #nosec G203 -- every text in it was escaped
		pixel(c.w), pixel(c.h), pixel(c.w), pixel(c.h), c.b.String()))
}

// group puts what is drawn under a title, which shows when a pointer rests on it.
func (c *canvas) group(title string, draw func()) {
	c.b.WriteString("<g><title>" + template.HTMLEscapeString(title) + "</title>")
	draw()
	c.b.WriteString("</g>")
}

// levelled puts what is drawn together as that of a level, which the page can leave out.
func (c *canvas) levelled(level string, draw func()) {
	c.b.WriteString("<g" + attribute("data-level", level) + ">")
	draw()
	c.b.WriteString("</g>")
}

// unnamed closes a picture that says nothing which does not stand beside it in words.
func (c *canvas) unnamed() template.HTML {
	return template.HTML(fmt.Sprintf(`<svg aria-hidden="true" viewBox="0 0 %s %s" width="%s" height="%s"%s>%s</svg>`, // #nosec G203 -- every text in it was escaped
		pixel(c.w), pixel(c.h), pixel(c.w), pixel(c.h), c.more, c.b.String()))
}

// charWidth is about what a character takes at the font size of the pictures.
const charWidth = 6.4

// pixel formats a length to a tenth; what is no number becomes 0.
func pixel(x float64) string {
	if !known(x) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(x*10)/10+0, 'f', -1, 64)
}

// axis maps values linearly from [lo, hi] to pixels [from, to].
type axis struct{ lo, hi, from, to float64 }

// newAxis spans the known values with a margin; a range of zero width is widened by least on both sides.
func newAxis(values []float64, least, margin, from, to float64) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if known(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		lo, hi = 0, 0
	}
	if hi-lo < least {
		lo, hi = lo-least, hi+least
	}
	pad := margin * (hi - lo)
	return axis{lo - pad, hi + pad, from, to}
}

// at is the pixel of a value; values beyond the axis, infinite ones too, land on its ends.
func (a axis) at(v float64) float64 {
	v = min(max(v, a.lo), a.hi)
	return a.from + (v-a.lo)/(a.hi-a.lo)*(a.to-a.from)
}

// ticks are round values on the axis, about n of them.
func (a axis) ticks(n int) []float64 {
	raw := (a.hi - a.lo) / float64(max(n, 1))
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if step*m >= raw {
			step *= m
			break
		}
	}
	var out []float64
	for i := math.Ceil(a.lo / step); i*step <= a.hi && len(out) < 4*n; i++ {
		out = append(out, i*step)
	}
	return out
}

// roomyTicks are at most about n ticks, fewer where their labels would touch.
func roomyTicks(a axis, n int, label func(float64) string) []float64 {
	for ; n > 1; n-- {
		ticks, fits := a.ticks(n), true
		for i := 1; i < len(ticks); i++ {
			widest := max(cellWidth(label(ticks[i-1])), cellWidth(label(ticks[i])))
			fits = fits && a.at(ticks[i])-a.at(ticks[i-1]) >= charWidth*float64(widest)+14
		}
		if fits {
			return ticks
		}
	}
	return a.ticks(1)
}

func (c *canvas) polygon(class string, xy ...float64) {
	var points []string
	for i := 0; i+1 < len(xy); i += 2 {
		points = append(points, pixel(xy[i])+","+pixel(xy[i+1]))
	}
	c.add("polygon", "points", strings.Join(points, " "), "class", class)
}

func polyline(points [][2]float64) string {
	var out []string
	for _, p := range points {
		out = append(out, pixel(p[0])+","+pixel(p[1]))
	}
	return strings.Join(out, " ")
}
