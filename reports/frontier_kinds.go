package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// kindsTable is the catch by kind of fault and by severity of the alert that detected.
func kindsTable(f *verdict.Frontier) table {
	out := table{Only: inText | inMarkdown | inHTML, Columns: heads(false, "detected / diagnosed"), Label: "The catch, by kind of fault and severity of alert", Narrow: true}
	var groups, severities []string
	for _, p := range f.Points {
		out.Columns = append(out.Columns, column{Head: levelCell(p.Level)})
		for _, g := range p.Catch.Groups {
			groups = append(groups, g.Group)
		}
		for _, s := range p.Catch.Severities {
			severities = append(severities, s.Severity)
		}
	}
	groups = slices.DeleteFunc(sortedOnce(groups), func(group string) bool { return group == "" })
	if len(groups) == 0 {
		out.Columns[0].Head.Text = "detected"
	}
	for _, group := range groups {
		row := texts(group)
		for _, p := range f.Points {
			row = append(row, cell{Text: groupWords(p.Catch.Groups, group)})
		}
		out.Rows = append(out.Rows, row)
	}
	for _, severity := range sortedOnce(severities) {
		row := texts("severity " + severity)
		if severity == "" {
			row = texts("no severity")
		}
		for _, p := range f.Points {
			row = append(row, cell{Text: severityWords(p.Catch, severity)})
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func sortedOnce(of []string) []string {
	slices.Sort(of)
	return slices.Compact(of)
}

func groupWords(groups []catch.GroupTally, group string) string {
	i := slices.IndexFunc(groups, func(g catch.GroupTally) bool { return g.Group == group })
	if i < 0 || !(groups[i].Detected.Of > 0) {
		return unknown
	}
	g := groups[i]
	return parts(g.Detected.Yes) + " / " + parts(g.Diagnosed.Yes) + " of " + parts(g.Detected.Of)
}

func severityWords(t catch.Tally, severity string) string {
	i := slices.IndexFunc(t.Severities, func(s catch.SeverityTally) bool { return s.Severity == severity })
	switch {
	case !(t.Detected.Of > 0):
		return unknown
	case i < 0:
		return "0 of " + parts(t.Detected.Of)
	default:
		return parts(t.Severities[i].Detected.Yes) + " of " + parts(t.Severities[i].Detected.Of)
	}
}

// apartList tells what the shares do not: what is upside down, what might be dominated, and what became of the passes.
func apartList(f *verdict.Frontier) list {
	out := list{Only: inText | inMarkdown | inHTML}
	for _, i := range f.Inversions {
		out.Items = append(out.Items, item{Sign: "!", Text: inversionStory(i), Hang: 2})
	}
	for _, p := range f.Points {
		for _, r := range p.Rivals {
			var of []string
			for _, m := range r.Unsure {
				of = append(of, costName(m))
			}
			out.Items = append(out.Items, item{Sign: "?", Hang: 2, Text: fmt.Sprintf("%s caught all that %s did and surely costs less of something; the run cannot tell "+
				"whether it costs more %s", r.Level, p.Level, join(of))})
		}
	}
	var told, levels []string
	for _, p := range f.Points {
		text := statesStory(p.Catch.States)
		if i := slices.Index(told, text); i >= 0 {
			levels[i] += ", " + p.Level
			continue
		}
		told, levels = append(told, text), append(levels, p.Level)
	}
	for i, text := range told {
		out.Items = append(out.Items, item{Sign: "-", Text: "passes at " + levels[i] + ": " + text, Hang: 2})
	}
	return out
}

func inversionStory(i catch.Inversion) string {
	var missed []string
	for _, m := range i.Missed {
		text := m.Level
		if m.State != catch.Missed {
			text += " (" + string(m.State) + ")"
		}
		missed = append(missed, text)
	}
	return fmt.Sprintf("%s: detected at a lower level, %s, and missed at a higher one, %s", i.Fault, join(i.Detected), join(missed))
}

func statesStory(states []catch.StateCount) string {
	var judged, other []string
	for _, s := range states {
		text := strconv.Itoa(s.N) + " " + string(s.State)
		if s.State.Judged() {
			judged = append(judged, text)
		} else {
			other = append(other, text)
		}
	}
	text := cmp.Or(strings.Join(judged, ", "), "none judged")
	if len(other) > 0 {
		text += "; not judged: " + strings.Join(other, ", ")
	}
	return text
}
