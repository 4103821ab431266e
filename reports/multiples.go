package reports

import (
	"html/template"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// multiples is a figure of small plots, one for each arm beside the baseline, all on the same axes. With scripts a reader moves a mark
// along the axis of all plots at once and reads the values there.
type multiples struct {
	Caption string
	Base    result.Arm
	Places  []reading // along the axis, from left to right
	Plots   []multiple
}

// reading is a place of the axis that has values, and the baseline's value there.
type reading struct {
	X    float64 // pixels of a plot
	Name string  // such as "99 %"; without |
	Base string  // likewise
}

// multiple is the plot of an arm.
type multiple struct {
	Arm    result.Arm
	SVG    template.HTML
	Values []string // by multiples.Places, none for those at its end that it has not; without |
}

// figure is "" without a plot.
func (m multiples) figure() template.HTML {
	if len(m.Plots) == 0 {
		return ""
	}
	var at, names, base []string
	for _, p := range m.Places {
		at, names, base = append(at, pixel(p.X)), append(names, p.Name), append(base, p.Base)
	}
	var b strings.Builder
	b.WriteString(`<figure class="multiples"` + attribute("data-at", strings.Join(at, " ")) + attribute("data-of", strings.Join(names, "|")) +
		attribute("data-base", m.Base.Name) + attribute("data-values", strings.Join(base, "|")) + `><figcaption>` +
		template.HTMLEscapeString(m.Caption) + `</figcaption><div class="panels small">`)
	for _, p := range m.Plots {
		values := append(slices.Clone(p.Values), slices.Repeat([]string{unknown}, len(m.Places))...)[:len(m.Places)] // an arm may have fewer
		b.WriteString(string(panelOf(attribute("data-level", levelOf(p.Arm))+attribute("data-values", strings.Join(values, "|")),
			p.Arm.Name, armNote(p.Arm), p.SVG)))
	}
	b.WriteString(`</div></figure>`)
	return template.HTML(b.String()) // #nosec G203 -- every text in it was escaped
}

// attribute writes an attribute of an element with a blank before it; nothing without a value.
func attribute(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + `="` + template.HTMLEscapeString(value) + `"`
}

// levelOf is the level that an arm stands for; "" for a control.
func levelOf(arm result.Arm) string {
	if arm.Role == result.RoleRepeat || arm.Role == result.RoleKnownDelay {
		return ""
	}
	return arm.Level
}

// armCell names an arm at the head of its row.
func armCell(arm result.Arm) cell {
	return cell{Text: arm.Name, Role: armNote(arm), Level: levelOf(arm)}
}

// levelCell names a level at the head of its row or column.
func levelCell(name string) cell { return cell{Text: name, Level: name} }
