package reports

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
)

// Geometry of a timeline.
const (
	timelineWidth = 880.
	timelineFrom  = 262.
	timelineTo    = 872.
	timelineLane  = 19.
	timelineAlert = 96. // where the names of alerts begin
)

// lane is one row of a timeline: one alert at one level, or a level at which nothing happened.
type lane struct {
	level string // "" on the further rows of a level
	alert string
	cell  catch.Cell
	spans []catch.Span
}

// timeline draws the phases of a fault as bands and the alerts of every level as bars on them, in seconds from the
// injection. It is empty when the fault has no phases.
func timeline(id string, levels []string, f catch.Row) template.HTML {
	if len(f.Phases) == 0 {
		return ""
	}
	zero := injection(f)
	seconds := func(t time.Time) float64 { return t.Sub(zero).Seconds() }
	x := newAxis([]float64{seconds(f.Phases[0].Start), seconds(f.Phases[len(f.Phases)-1].End)}, 0.5, 0, timelineFrom, timelineTo)
	lanes := lanesOf(levels, f)
	c := &canvas{w: timelineWidth}
	top := timelineBands(c, f, x, seconds, float64(len(lanes))*timelineLane)
	for i, l := range lanes {
		y := top + timelineLane*float64(i)
		if l.level != "" {
			c.add("line", "x1", 0., "x2", timelineTo, "y1", y, "y2", y, "class", "grid")
			c.short(0, y+14, timelineAlert-8, "strong", l.level)
		}
		c.short(timelineAlert, y+14, timelineFrom-timelineAlert-8, "small", l.alert)
		of := func(t time.Time) float64 { return seconds(t.Add(-l.cell.Later)) }
		for _, s := range l.spans {
			c.add("rect", "x", x.at(of(s.Start)), "y", y+4, "width", max(x.at(of(s.End))-x.at(of(s.Start)), 2),
				"height", timelineLane-7, "class", spanClass(s))
		}
		timelineMarks(c, l, x, of, y)
	}
	bottom := top + timelineLane*float64(len(lanes))
	for _, v := range x.ticks(10) {
		c.add("line", "x1", x.at(v), "x2", x.at(v), "y1", bottom, "y2", bottom+5, "class", "axis")
		c.text(x.at(v), bottom+18, "middle small", fixed(v, timelineDecimals(x)))
	}
	c.add("line", "x1", timelineFrom, "x2", timelineTo, "y1", bottom, "y2", bottom, "class", "axis")
	c.text(timelineFrom-8, bottom+18, "end small", "seconds from injection")
	c.h = bottom + 26
	return c.svg(id, "Timeline of "+f.Name(), timelineDescription(levels, f))
}

// injection is the start of the phase in which the fault was injected, else of the pass.
func injection(f catch.Row) time.Time {
	for _, p := range f.Phases {
		if p.Name == result.PhaseInject {
			return p.Start
		}
	}
	return f.Phases[0].Start
}

// lanesOf gives every level a row for each of its alerts, in the order in which they come.
func lanesOf(levels []string, f catch.Row) []lane {
	var out []lane
	for i, level := range levels {
		cell := cellAt(f, i)
		first := len(out)
		for _, s := range cell.Spans {
			name := s.Alert
			if !s.Expected {
				name = stateMark(catch.Noisy) + " " + name
			}
			at := slices.IndexFunc(out[first:], func(l lane) bool { return l.alert == name })
			if at < 0 {
				out = append(out, lane{alert: name, cell: cell})
				at = len(out) - 1 - first
			}
			out[first+at].spans = append(out[first+at].spans, s)
		}
		if len(out) == first {
			out = append(out, lane{alert: "no alert", cell: cell})
		}
		out[first].level = level
	}
	return out
}

// timelineBands draws the phases behind height pixels of lanes, their names above, and returns where the lanes begin.
func timelineBands(c *canvas, f catch.Row, x axis, seconds func(time.Time) float64, height float64) float64 {
	type label struct {
		x    float64
		row  int
		text string
	}
	var labels []label
	ends := []float64{} // right end of the last label of every row
	for _, p := range f.Phases {
		at := (x.at(seconds(p.Start)) + x.at(seconds(p.End))) / 2
		half := float64(cellWidth(p.Name)) * charWidth / 2
		row := slices.IndexFunc(ends, func(end float64) bool { return end+6 <= at-half })
		if row < 0 {
			row = len(ends)
			ends = append(ends, 0)
		}
		ends[row] = at + half
		labels = append(labels, label{at, row, p.Name})
	}
	top := 6 + 15*float64(len(ends))
	for i, p := range f.Phases {
		from, to := x.at(seconds(p.Start)), x.at(seconds(p.End))
		c.add("rect", "x", from, "y", top, "width", max(to-from, 0.5), "height", height, "class", "phase phase-"+phaseClass(p.Name))
		l := labels[i]
		y := top - 5 - 15*float64(l.row)
		if l.row > 0 {
			c.add("line", "x1", l.x, "x2", l.x, "y1", y+3, "y2", top, "class", "leader")
		}
		c.text(l.x, y, "middle small", l.text)
	}
	return top
}

// timelineMarks puts the confirmations of a level on its first row.
func timelineMarks(c *canvas, l lane, x axis, seconds func(time.Time) float64, y float64) {
	if l.level == "" {
		return
	}
	if t := l.cell.Confirmed; !t.IsZero() {
		at := x.at(seconds(t))
		c.polygon("confirmed", at, y+9, at-4.5, y+1, at+4.5, y+1)
	}
	if t := l.cell.Reverted; !t.IsZero() {
		at := x.at(seconds(t))
		c.polygon("reverted", at, y+1, at-4.5, y+9, at+4.5, y+9)
	}
}

// phaseClass names a class of the style sheet for a phase; unknown phases share one.
func phaseClass(name string) string {
	if slices.Contains([]string{"settle", "clean", "inject", "hold", "revert", "clear"}, name) {
		return name
	}
	return "other"
}

func spanClass(s catch.Span) string {
	class := "firing"
	if s.State == result.Pending {
		class = "pending"
	}
	if !s.Expected {
		class += " stray"
	}
	return class
}

func timelineDecimals(x axis) int {
	if x.hi-x.lo < 8 {
		return 1
	}
	return 0
}

// timelineDescription tells the phases and each level's story.
func timelineDescription(levels []string, f catch.Row) string {
	var out []string
	for _, p := range f.Phases {
		out = append(out, fmt.Sprintf("%s %s", p.Name, elapsed(p.End.Sub(p.Start))))
	}
	text := "Phases: " + strings.Join(out, ", ") + "."
	for i, level := range levels {
		text += " " + level + ": " + strings.Join(cellStory(cellAt(f, i)), "; ") + "."
	}
	return text
}

// timelineFigure puts a timeline on the page; "" for none.
func timelineFigure(fault string, svg template.HTML) template.HTML {
	if svg == "" {
		return ""
	}
	// #nosec G203 -- the only text is escaped here
	return template.HTML(`<figure><div class="scroll picture" role="group" aria-label="Timeline of `+template.HTMLEscapeString(fault)+`" tabindex="0">`) +
		svg + `</div></figure>`
}

// timelineLegend explains the timelines.
const timelineLegend template.HTML = `<ul class="legend" aria-label="Legend of the timelines">
<li><svg width="34" height="14" aria-hidden="true"><rect x="1" y="1" width="32" height="12" class="pending"/></svg> alert pending</li>
<li><svg width="34" height="14" aria-hidden="true"><rect x="1" y="1" width="32" height="12" class="firing"/></svg> alert firing</li>
<li><svg width="34" height="14" aria-hidden="true"><rect x="1" y="1" width="32" height="12" class="firing stray"/></svg> ▲ false alarm: the fault does not explain it</li>
<li><svg width="16" height="14" aria-hidden="true"><polygon points="8,12 3.5,3 12.5,3" class="confirmed"/></svg> effect confirmed</li>
<li><svg width="16" height="14" aria-hidden="true"><polygon points="8,3 3.5,12 12.5,12" class="reverted"/></svg> effect gone</li>
</ul>`
