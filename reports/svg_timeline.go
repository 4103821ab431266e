package reports

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
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
// injection; and where a story says when users felt it, that. It is empty when the fault has no phases.
func timeline(id string, levels []string, f catch.Row, story *catch.Story) template.HTML {
	if len(f.Phases) == 0 {
		return ""
	}
	zero := injection(f)
	seconds := func(t time.Time) float64 { return t.Sub(zero).Seconds() }
	x := newAxis([]float64{seconds(f.Phases[0].Start), seconds(f.Phases[len(f.Phases)-1].End)}, 0.5, 0, timelineFrom, timelineTo)
	lanes := lanesOf(levels, f)
	c := &canvas{w: timelineWidth}
	felt, isFelt := feltSince(story)
	top := timelineBands(c, marksAbove(f, x, seconds, felt, isFelt), float64(len(lanes))*timelineLane)
	timelineLanes(c, lanes, x, seconds, top, injects(f))
	timelineCauses(c, lanes, x, top, story)
	bottom := top + timelineLane*float64(len(lanes))
	if isFelt {
		c.add("line", "x1", x.at(felt), "x2", x.at(felt), "y1", top, "y2", bottom, "class", "felt")
	}
	for _, v := range x.ticks(6) {
		c.add("line", "x1", x.at(v), "x2", x.at(v), "y1", bottom, "y2", bottom+5, "class", "axis")
		c.text(x.at(v), bottom+18, "middle small", fixed(v, timelineDecimals(x)))
	}
	c.add("line", "x1", timelineFrom, "x2", timelineTo, "y1", bottom, "y2", bottom, "class", "axis")
	c.text(timelineFrom-8, bottom+18, "end small", "seconds from injection")
	c.h = bottom + 26
	return c.svg(id, "Timeline of "+f.Name(), timelineDescription(f))
}

// feltSince is when users first felt a fault, in seconds from the injection; false where that is not known.
func feltSince(story *catch.Story) (seconds float64, known bool) {
	if story == nil {
		return 0, false
	}
	at := slices.IndexFunc(story.Users, func(m catch.Moment) bool { return m.Kind == catch.Noticed && !m.Whole })
	if at < 0 {
		return 0, false
	}
	return story.Users[at].At.Seconds(), true
}

// timelineLanes draws what happened at the levels: names, alerts, and where something was injected when its effect was confirmed and gone.
func timelineLanes(c *canvas, lanes []lane, x axis, seconds func(time.Time) float64, top float64, injected bool) {
	var rules, confirmed, reverted strings.Builder
	for i, l := range lanes {
		y := top + timelineLane*float64(i)
		of := func(t time.Time) float64 { return x.at(seconds(t.Add(-l.cell.Later))) }
		c.short(timelineAlert, y+14, timelineFrom-timelineAlert-8, "small", l.alert)
		for _, s := range l.spans {
			c.box(spanClass(s), of(s.Start), y+4, max(of(s.End)-of(s.Start), 2), timelineLane-7)
		}
		if l.level == "" {
			continue
		}
		fmt.Fprintf(&rules, "M0 %sH%s", pixel(y), pixel(timelineTo))
		c.short(0, y+14, timelineAlert-8, "strong", l.level)
		if t := l.cell.Confirmed; injected && !t.IsZero() {
			fmt.Fprintf(&confirmed, "M%s %sl-4.5-8h9z", pixel(of(t)), pixel(y+9))
		}
		if t := l.cell.Reverted; injected && !t.IsZero() {
			fmt.Fprintf(&reverted, "M%s %sl-4.5 8h9z", pixel(of(t)), pixel(y+1))
		}
	}
	c.path("grid", rules.String())
	c.drawBoxes()
	c.path("confirmed", confirmed.String())
	c.path("reverted", reverted.String())
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

// timelineCauses marks when the cause was written at a level, as a story has it.
func timelineCauses(c *canvas, lanes []lane, x axis, top float64, story *catch.Story) {
	if story == nil {
		return
	}
	var causes strings.Builder
	for i, l := range lanes {
		at := slices.IndexFunc(story.Levels, func(of catch.LevelStory) bool { return of.Level == l.level })
		if at < 0 {
			continue
		}
		if m, named := story.Levels[at].First(catch.Named); named {
			fmt.Fprintf(&causes, "M%s %sl5 5-5 5-5-5z", pixel(x.at(m.At.Seconds())), pixel(top+timelineLane*float64(i)+5))
		}
	}
	c.path("cause", causes.String())
}

// markAbove is a name above the lanes: of a phase, which has a band, or of a moment.
type markAbove struct {
	from, to float64 // pixels
	name     string
	band     string // class; "" for a moment
}

// marksAbove are the phases, and the moment at which users felt the fault if that is known.
func marksAbove(f catch.Row, x axis, seconds func(time.Time) float64, felt float64, isFelt bool) []markAbove {
	var out []markAbove
	for _, p := range f.Phases {
		out = append(out, markAbove{x.at(seconds(p.Start)), x.at(seconds(p.End)), p.Name, "phase phase-" + phaseClass(p.Name)})
	}
	if isFelt {
		out = append(out, markAbove{x.at(felt), x.at(felt), "felt", ""})
	}
	return out
}

// timelineBands draws the bands behind height pixels of lanes, the names above, and returns where the lanes begin.
func timelineBands(c *canvas, marks []markAbove, height float64) float64 {
	rows := make([]int, len(marks))
	ends := []float64{} // right end of the last name of every row
	for i, m := range marks {
		at, half := (m.from+m.to)/2, float64(cellWidth(m.name))*charWidth/2
		row := slices.IndexFunc(ends, func(end float64) bool { return end+6 <= at-half })
		if row < 0 {
			row = len(ends)
			ends = append(ends, 0)
		}
		rows[i], ends[row] = row, at+half
	}
	top := 6 + 15*float64(len(ends))
	for i, m := range marks {
		if m.band != "" {
			c.add("rect", "x", m.from, "y", top, "width", max(m.to-m.from, 0.5), "height", height, "class", m.band)
		}
		at, y := (m.from+m.to)/2, top-5-15*float64(rows[i])
		if rows[i] > 0 {
			c.add("line", "x1", at, "x2", at, "y1", y+3, "y2", top, "class", "leader")
		}
		c.text(at, y, "middle small", m.name)
	}
	return top
}

// phaseClass names a class of the style sheet for a phase; unknown phases share one.
func phaseClass(name string) string {
	if slices.Contains([]string{"settle", "clean", "inject", "hold", "revert", "clear"}, name) {
		return name
	}
	return "other"
}

// spanClass names classes of the style sheet for a stretch of an alert.
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

// timelineDescription tells the phases. What happened at every level is told below the picture.
func timelineDescription(f catch.Row) string {
	var out []string
	for _, p := range f.Phases {
		out = append(out, fmt.Sprintf("%s %s", p.Name, elapsed(p.End.Sub(p.Start))))
	}
	return "Phases: " + strings.Join(out, ", ") + ". What happened at every level is told below."
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
<li><svg width="16" height="14" aria-hidden="true"><line x1="8" x2="8" y1="0" y2="14" class="felt"/></svg> users felt it first</li>
<li><svg width="16" height="14" aria-hidden="true"><path d="M8 2l5 5-5 5-5-5z" class="cause"/></svg> the cause is written in the level's own telemetry</li>
<li>in traces ◆: a span where the cause shows; ✗: one that failed</li>
</ul>`
