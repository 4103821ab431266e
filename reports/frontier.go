package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// frontierSection sets what every level costs against what it caught.
func frontierSection(a *verdict.Analysis) []section {
	f := a.Frontier
	if f == nil || len(f.Points) == 0 {
		return nil
	}
	text := "what each level costs over " + baselineArm(a).Level + ", and what it caught"
	if len(f.Metrics) == 0 {
		text = "what each level caught"
	}
	return []section{{ID: "frontier", Heading: "The frontier", Blocks: []block{
		lead{Only: inText | inMarkdown | inHTML, Text: say(text + "; intervals are at " + percentOf(catch.TallyConfidence))},
		choiceList(f),
		frontierTable(a),
		para{Only: inText | inMarkdown | inHTML, Text: say(frontierLegend(f)), Class: "muted"},
		kindsTable(f),
		apartList(f),
		samplingTable(f),
		frontierRecords(f),
		samplingRecords(f),
	}}}
}

// choiceList tells which level to take for which faults.
func choiceList(f *verdict.Frontier) list {
	out := list{Only: inText | inMarkdown | inHTML}
	for i, c := range f.Choices {
		out.Items = append(out.Items, item{Sign: "-", Text: choiceStory(f, c, f.Choices[:i]), Hang: 2})
	}
	if f.Lacks != "" {
		out.Items = append(out.Items, item{Sign: "!", Text: f.Lacks, Hang: 2})
	}
	return out
}

// choiceStory says which levels were chosen, and what the step between them costs, unless that was told before.
func choiceStory(f *verdict.Frontier, c verdict.Choice, before []verdict.Choice) string {
	text := count(c.Faults, cmp.Or(c.Group, "judged")+" fault") + ": " + pickStory(f, c, c.Detects, detecting()) + "; " + pickStory(f, c, c.Diagnoses, diagnosing())
	told := func(other verdict.Choice) bool {
		return other.Step != nil && other.Step.From == c.Step.From && other.Step.To == c.Step.To
	}
	switch {
	case c.Step == nil:
		return text
	case slices.ContainsFunc(before, told):
		return text + "; the step is told above"
	}
	return fmt.Sprintf("%s; the step from %s to %s costs %s", text, c.Step.From, c.Step.To, stepWords(c.Step.Costs, func(e verdict.Effect) string {
		return head(e.Metric) + " " + costCell(e)
	}))
}

// stepWords are costs in a sentence: what could be told, in words of the caller's, what could not, and what is not known.
func stepWords(costs []verdict.Effect, tell func(verdict.Effect) string) string {
	var told, alike, missing []string
	for _, e := range costs {
		switch costCell(e) {
		case same:
			alike = append(alike, costName(e.Metric))
		case unknown:
			missing = append(missing, costName(e.Metric))
		default:
			told = append(told, tell(e))
		}
	}
	text := cmp.Or(join(told), "nothing that could be told")
	switch {
	case len(alike) > 0 && len(told) == 0:
		text += " in " + join(alike)
	case len(alike) > 0:
		text += " (no difference could be told in " + join(alike) + ")"
	}
	if len(missing) > 0 {
		text += " (" + join(missing) + " not known)"
	}
	return text
}

// picking are the words for what a level does to faults.
type picking struct {
	does  string // detects
	noun  string // fault; "": they are named before, and a pronoun stands for them
	how   string // behind the faults; ""
	share func(catch.Tally) catch.Share
}

func detecting() picking {
	return picking{does: "detects", share: func(t catch.Tally) catch.Share { return t.Detected }}
}

func diagnosing() picking {
	return picking{does: "diagnoses", share: func(t catch.Tally) catch.Share { return t.Diagnosed }}
}

// pickStory says which level catches the most, in the words of what it does.
func pickStory(f *verdict.Frontier, c verdict.Choice, p verdict.Pick, of picking) string {
	if p.Level == "" {
		return "no level " + of.does + " " + of.faults(c.Faults, 0) + of.how
	}
	which := "cheapest"
	if f.By.ID == "" {
		which = "first"
	}
	text := fmt.Sprintf("the %s level that %s %s%s is %s", which, of.does, of.faults(c.Faults, p.Caught), of.how, p.Level)
	if remarks := of.remarks(f, c, p); len(remarks) > 0 {
		text += " (" + strings.Join(remarks, "; ") + ")"
	}
	return text
}

// faults are so many of all faults in words: "all 3 faults", "both faults", "34 of the 38 faults", "any of them".
func (of picking) faults(all, caught int) string {
	one, many := "it", "them"
	if of.noun != "" {
		one, many = "the "+of.noun, fmt.Sprintf("the %d %ss", all, of.noun)
	}
	switch {
	case all == 1:
		return one
	case caught == 0:
		return "any of " + many
	case caught < all:
		return fmt.Sprintf("%d of %s", caught, many)
	case of.noun == "":
		return "all of them"
	case all == 2:
		return "both " + of.noun + "s"
	default:
		return fmt.Sprintf("all %d %ss", all, of.noun)
	}
}

// remarks say what a count of faults does not: that no level catches more, what others do, and why the tables count otherwise.
func (of picking) remarks(f *verdict.Frontier, c verdict.Choice, p verdict.Pick) []string {
	var out []string
	if p.Caught < c.Faults {
		out = append(out, "none "+of.does+" more")
	}
	if p.Caught < p.Any {
		out = append(out, fmt.Sprintf("others %s %d that it does not", strings.TrimSuffix(of.does, "s"), p.Any-p.Caught))
	}
	if at := pointOf(f, p.Level); at >= 0 && c.Group == "" {
		share := of.share(f.Points[at].Catch)
		if share.Of > 0 && share.Of < float64(c.Faults) {
			out = append(out, parts(share.Of)+" could be judged there")
		}
		if share.Yes > float64(p.Caught) {
			out = append(out, "each in all its passes")
		}
	}
	if len(p.Like) > 0 {
		out = append(out, "by "+costName(f.By)+" not told apart from "+join(p.Like))
	}
	return out
}

func costName(m verdict.Metric) string { return cmp.Or(m.Short, m.ID) }

// costCell is a cost over another level as tables show it.
func costCell(e verdict.Effect) string {
	if e.Metric.InUnit {
		e.Ratio = verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	}
	return effect(e)
}

// frontierTable has a row for every level.
func frontierTable(a *verdict.Analysis) table {
	f := a.Frontier
	out := table{Only: inText | inMarkdown | inHTML, Columns: heads(true, "level"), Class: "numbers", Label: "The frontier, by level",
		Silent: inText | inMarkdown | inHTML} // the toll has the notes
	metrics, _ := measuredOf(a, f.Metrics) // the toll says why there is no value of the others
	for _, m := range metrics {
		out.Columns = append(out.Columns, column{Head: cell{Text: head(m)}, Right: true})
	}
	out.Columns = append(out.Columns, heads(true, "", "detected", "diagnosed")[1:]...)
	foreseen := slices.ContainsFunc(f.Points, func(p verdict.Point) bool { return known(p.Predicted) })
	if foreseen {
		out.Columns = append(out.Columns, column{Head: cell{Text: "predicted"}, Right: true})
	}
	out.Columns = append(out.Columns, column{Head: cell{Text: "precision"}, Right: true})
	base := baselineArm(a)
	for _, p := range f.Points {
		row := []cell{levelCell(p.Level)}
		switch {
		case len(p.DominatedBy) > 0:
			row[0].Role = "dominated by " + join(p.DominatedBy)
		case p.Level == base.Level:
			row[0].Role = armNote(base)
		}
		for _, m := range metrics {
			e := effectOf(verdict.LevelToll{Effects: p.Costs}, m)
			text := costCell(e)
			if p.Level == base.Level {
				text = valueOf(e.Value, e.Metric)
			}
			row = append(row, cell{Text: text, Note: e.Note})
		}
		row = append(row, shareCell(p.Catch.Detected), shareCell(p.Catch.Diagnosed))
		if foreseen {
			row = append(row, cell{Text: part100(p.Predicted)})
		}
		out.Rows = append(out.Rows, append(row, shareCell(p.Catch.Precision)))
	}
	return out
}

// shareCell is a share and its interval: "9 of 12" and "= 75 % [43, 95]".
func shareCell(s catch.Share) cell {
	if !(s.Of > 0) {
		return cell{Text: unknown}
	}
	out := cell{Text: parts(s.Yes) + " of " + parts(s.Of)}
	if iv := s.Interval; known(iv.Mid) {
		out.Gloss = []string{fmt.Sprintf("= %s [%s, %s]", part100(iv.Mid), fixed(100*iv.Lo, 0), fixed(100*iv.Hi, 0))}
	}
	return out
}

// parts is a number of faults, of which one that is injected several times may add a part.
func parts(x float64) string {
	if known(x) && x != math.Trunc(x) {
		return fixed(x, 1)
	}
	return fixed(x, 0)
}

// part100 is a share in percent; "" where there is none.
func part100(x float64) string {
	if !known(x) {
		return ""
	}
	return fixed(100*x, 0) + " %"
}

func frontierLegend(f *verdict.Frontier) string {
	text := "detected, diagnosed: of the faults that were judged at the level; a fault of several passes counts as the part of them. precision: of the alerts that " +
		"fired in a pass, those that its fault explains. The intervals of these shares are Clopper–Pearson's."
	if slices.ContainsFunc(f.Points, func(p verdict.Point) bool { return len(p.DominatedBy) > 0 }) {
		text += fmt.Sprintf(" dominated: another level caught, fault by fault, all that this one did, surely costs less of something, and surely at most %s more of anything else.",
			part100(verdict.DominationMargin))
	}
	if len(f.Sampling) > 0 {
		text += " predicted: diagnosed, as the ratio of the sampler lets expect."
	}
	return text
}
