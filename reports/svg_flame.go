package reports

import (
	"fmt"
	"html/template"

	"github.com/tollgate-dev/tollgate/internal/flame"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Geometry of the pictures of CPU time.
const (
	flameRow   = 18.
	flameLeast = 1.5 // pixels of the narrowest box that is drawn
	barsFrom   = 130.
	barsTo     = timelineWidth - 90
	barsRow    = 26.
)

// flameLook is the class of the style sheet for a group.
func flameLook(group string) string {
	for _, g := range flame.Groups() {
		if g.ID == group {
			return "flame " + string(g.Kind)
		}
	}
	return "flame"
}

// cpuBars draws a bar for every level, of its kinds of code behind each other.
func cpuBars(c *verdict.CPU) template.HTML {
	if len(c.Levels) == 0 {
		return ""
	}
	longest := 0.0
	for _, l := range c.Levels {
		longest = max(longest, l.Total.Value)
	}
	x := axis{0, max(longest, 1e-9), barsFrom, barsTo}
	pic := &canvas{w: timelineWidth, h: barsRow*float64(len(c.Levels)) + 26}
	for i, l := range c.Levels {
		y := barsRow * float64(i)
		pic.short(0, y+16, barsFrom-8, "strong", l.Arm.Name)
		at := 0.0
		for _, g := range flame.Groups() {
			s := groupShare(l, g)
			from, to := x.at(at), x.at(at+s.Value)
			if at += s.Value; s.Seen() && to-from >= flameLeast {
				pic.group(g.Name+": "+plusMinus(s.Value, s.Error, fixed)+" µs per request", func() {
					pic.add("rect", "x", from, "y", y+4, "width", to-from, "height", barsRow-8, "class", flameLook(g.ID))
				})
			}
		}
		pic.text(x.at(at)+6, y+16, "num", amount(l.Total.Value, verdict.Seconds))
	}
	legend(pic, barsRow*float64(len(c.Levels))+6)
	return scrolled("CPU time per request, by level",
		"CPU time per request by level and kind of code; a gap is a kind with too few samples", pic.svg("cpu-bars", "CPU time per request, by level", "A bar for every level; the table below has the numbers."))
}

// legend names the looks of boxes.
func legend(c *canvas, y float64) {
	at := barsFrom
	for _, kind := range []struct {
		kind flame.Kind
		text string
	}{
		{flame.Application, "application and its clients"}, {flame.Telemetry, "telemetry"}, {flame.Shared, "shared: runtime, garbage collection, HTTP"},
	} {
		c.add("rect", "x", at, "y", y, "width", 14., "height", 12., "class", "flame "+string(kind.kind))
		c.text(at+20, y+11, "small", kind.text)
		at += 20 + charWidth*float64(cellWidth(kind.text)) + 18
	}
}

// scrolled is a picture that can be moved aside where it is too wide, under its caption.
func scrolled(label, caption string, svg template.HTML) template.HTML {
	// #nosec G203 -- the texts are escaped here, and the picture is HTML already
	return template.HTML(`<figure><figcaption>` + template.HTMLEscapeString(caption) + `</figcaption><div class="scroll picture" role="group" aria-label="` +
		template.HTMLEscapeString(label) + `" tabindex="0">` + string(svg) + `</div></figure>`)
}

// flameOf is the flame picture of a level, folded. All of them have one scale: the widest is as wide as the page.
// The id must be unique on the page.
func flameOf(id string, l *verdict.CPULevel, widest float64) folded {
	c := &canvas{w: timelineWidth}
	perPixel := widest * l.Requests / timelineWidth * 1e9 // ns of all samples
	deepest := 0
	var draw func(n *flame.Node, from float64, depth int)
	draw = func(n *flame.Node, from float64, depth int) {
		for _, child := range n.Children {
			wide := float64(child.CPU) / perPixel
			if wide < flameLeast {
				continue
			}
			deepest = max(deepest, depth)
			flameBox(c, l, child, from, flameRow*float64(depth), wide)
			draw(child, from, depth+1)
			from += wide
		}
	}
	draw(l.Tree, 0, 0)
	bottom := flameRow * float64(deepest+1)
	c.h = bottom + 24
	legend(c, bottom+6)
	title := "CPU time of " + l.Arm.Name
	caption := fmt.Sprintf("%s per request, %s samples. A box is a stretch of calls within one package: what it calls stands below it, and its width is the CPU time of both, "+
		"on the same scale in every picture of this kind. Small boxes are left out.", amount(l.Total.Value, verdict.Seconds), fixed(float64(l.Total.Samples), 0))
	return folded{ID: id, Summary: say("Flame picture of ").code(l.Arm.Name), Open: true, Blocks: []block{
		picture{scrolled(title, caption, c.svg(id+"-svg", title, "Stacks by service and package; the tables have the largest groups and functions."))},
	}}
}

// flameBox draws a box, with its name in it where there is room.
func flameBox(c *canvas, l *verdict.CPULevel, n *flame.Node, x, y, wide float64) {
	name := n.Name
	if n.Call != "" && n.Call != n.Name {
		name += " (" + n.Call + ")"
	}
	title := fmt.Sprintf("%s: %s per request, %s samples", name, amount(n.CPU.Seconds()/l.Requests, verdict.Seconds), fixed(float64(n.Count), 0))
	class := flameLook(n.Group)
	if n.Group == "" {
		class = "flame"
	}
	c.group(title, func() {
		c.add("rect", "x", x, "y", y, "width", wide, "height", flameRow-1, "class", class)
		if room := int((wide - 6) / charWidth); room >= 4 {
			c.text(x+3, y+13, "boxed", shortName(n.Name, room))
		}
	})
}

// shortName is the end of a package's path that fits into the room, in characters.
func shortName(name string, room int) string {
	if cellWidth(name) <= room {
		return name
	}
	last := name
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			if last = name[i+1:]; cellWidth(last) <= room {
				return last
			}
			break
		}
	}
	return cut(last, room-1, room-1)[0] + "…"
}
