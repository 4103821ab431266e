package reports

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// compareHTML writes a comparison as a page, as that of a run.
func compareHTML(c *verdict.Comparison) ([]byte, error) {
	return comparisonReport(c).page(page{
		Title: "tollgate: " + c.A.Run.ID + " and " + c.B.Run.ID, Heading: "Two runs side by side",
		Leads: []string{sideLead("A", c.A.Run), sideLead("B", c.B.Run)},
		Box:   "Comparison", Ruling: comparisonRuling(c), Unlike: briefly(c.Warnings),
		Foot: "Rendered from the two run directories and from nothing else.",
	})
}

// longestWarning is how many bytes of a warning stand beside the heading; all of it stands further down.
const longestWarning = 130

func briefly(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, brief(text, longestWarning))
	}
	return out
}

func compareCSV(c *verdict.Comparison) ([]byte, error) { return renderCSV(comparisonReport(c)) }

func sideLead(name string, r result.Run) string {
	return fmt.Sprintf("%s: run %s of %s · profile %s · environment %s · seed %d", name, r.ID, stamp(r.Started), r.Profile, r.Environment, r.Seed)
}

// comparisonRuling says whether two runs can be compared. It is no verdict on either.
func comparisonRuling(c *verdict.Comparison) ruling {
	switch {
	case len(c.Void) > 0:
		return ruling{"✗", "these runs cannot be compared", "what differs below is not what a change of the software made", "invalid"}
	case len(c.Warnings) > 0:
		return ruling{"▲", "not like with like", "a difference may come from what is named here", "inconclusive"}
	default:
		return ruling{"○", "like with like", "same machine, plan and versions; a difference is no verdict", unjudgedClass}
	}
}

// mostNamed is how many differences a sentence names.
const mostNamed = 3

// comparisonHeadline says in words made from the numbers what a comparison shows: whether it means anything, what differs in the toll, and
// what in the catch.
func comparisonHeadline(c *verdict.Comparison) []string {
	if len(c.Void) > 0 {
		return []string{"These two runs cannot be compared: " + strings.Join(c.Void, "; ") + "."}
	}
	var out []string
	if text := tollDiffers(c); text != "" {
		out = append(out, text)
	}
	if text := catchDiffers(c); text != "" {
		out = append(out, text)
	}
	if len(out) == 0 {
		out = []string{"The runs have measured nothing in common."}
	}
	if len(c.Warnings) > 0 {
		out = append(out, "The runs are not alike: what is named under warnings may be the cause of a difference.")
	}
	return out
}

func tollDiffers(c *verdict.Comparison) string {
	differ, of := c.Differing()
	switch {
	case of == 0:
		return ""
	case len(differ) == 0:
		return fmt.Sprintf("No level costs more or less in B than in A: of %s over the baseline none differs.", count(of, "change"))
	}
	var named []string
	for _, l := range differ[:min(mostNamed, len(differ))] {
		d := l.Metrics[0]
		named = append(named, fmt.Sprintf("%s at %s by %s", head(d.Metric), l.Level, withInterval(differenceEffect(d))))
	}
	if more := len(differ) - len(named); more > 0 {
		named = append(named, strconv.Itoa(more)+" more")
	}
	chance := "about " + fixed(float64(of)/20, 0)
	if of < 30 {
		chance = "one or none"
	}
	verb := "differ"
	if len(differ) == 1 {
		verb = "differs"
	}
	return fmt.Sprintf("B against A: of %s over the baseline %d %s: %s. By chance alone %s would.", count(of, "change"), len(differ), verb, join(named), chance)
}

func catchDiffers(c *verdict.Comparison) string {
	cells := 0
	var named []string
	for _, f := range c.Catch {
		for _, p := range f.Cells {
			if cells++; p.Changed() {
				named = append(named, fmt.Sprintf("%s at %s (%s)", f.Name(), p.Level, cellChange(p)))
			}
		}
	}
	switch {
	case cells == 0:
		return ""
	case len(named) == 0:
		return fmt.Sprintf("The catch is the same in all %s.", count(cells, "cell"))
	}
	changed := len(named)
	if changed > mostNamed {
		named = append(named[:mostNamed:mostNamed], strconv.Itoa(changed-mostNamed)+" more")
	}
	return fmt.Sprintf("The catch: %d of %s changed: %s.", changed, count(cells, "cell"), join(named))
}

// cellChange says what became of a fault in A and in B.
func cellChange(p verdict.CellPair) string {
	if p.A.State != p.B.State {
		return string(p.A.State) + " → " + string(p.B.State)
	}
	if p.A.Diagnosed {
		return "diagnosed → not diagnosed"
	}
	return "not diagnosed → diagnosed"
}

// comparedAnswer is what the page shows first: the headline, a row per level, and one picture.
func comparedAnswer(c *verdict.Comparison) []section {
	var blocks []block
	for i, sentence := range comparisonHeadline(c) {
		class := "further"
		if i == 0 {
			class = "headline"
		}
		blocks = append(blocks, para{Text: say(sentence), Class: class})
	}
	blocks = append(blocks, comparedGlance(c))
	if svg := comparedPicture(c); svg != "" {
		blocks = append(blocks, picture{`<div class="beside">` + svg + `</div>`})
	}
	return []section{{ID: "answer", Heading: "What differs", Only: inHTML, First: true, Blocks: blocks}}
}

// comparedWords are the sentences of a comparison for the CSV: what it shows, and in what the runs differ.
func comparedWords(c *verdict.Comparison) []section {
	lines := func(id string, texts []string) section {
		var records []map[string]any
		for _, text := range texts {
			records = append(records, map[string]any{"note": text})
		}
		return section{ID: id, Only: inCSV, Blocks: []block{recordsOf(records)}}
	}
	return []section{lines("headline", comparisonHeadline(c)), lines("warnings", c.Warnings)}
}

// comparedMetrics are those that are read at a glance and that a level of both runs has.
func comparedMetrics(c *verdict.Comparison) []verdict.Metric {
	var all []verdict.Metric
	for _, l := range c.Levels {
		for _, d := range l.Metrics {
			if !slices.ContainsFunc(all, func(m verdict.Metric) bool { return m.ID == d.Metric.ID }) {
				all = append(all, d.Metric)
			}
		}
	}
	few := placed(all, func(m verdict.Metric) int { return m.Few })
	return slices.DeleteFunc(few, func(m verdict.Metric) bool { return m.Latency && !m.Vital })
}

// comparedGlance has a row per level: how its cost differs in a few metrics, and how many cells of the catch changed.
func comparedGlance(c *verdict.Comparison) table {
	metrics := comparedMetrics(c)
	out := table{Columns: heads(true, "level"), Label: "The levels at a glance", Class: "numbers glance", Silent: inHTML,
		Caption: fmt.Sprintf("How the toll in B differs from that in A, with the %s interval; %s: it includes 0.", confidenceOf(c), same)}
	for _, m := range metrics {
		out.Columns = append(out.Columns, column{Head: cell{Text: head(m)}, Right: true})
	}
	if len(c.Catch) > 0 {
		out.Columns = append(out.Columns, column{Head: cell{Text: "catch changed"}, Right: true})
	}
	for _, l := range c.Levels {
		row := []cell{{Text: l.Level}}
		for _, m := range metrics {
			d := differenceOf(l, m)
			row = append(row, effectCell(withInterval(differenceEffect(d)), signOf(d)))
		}
		if len(c.Catch) > 0 {
			row = append(row, changedCells(c, l.Level))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// signOf is the effect of a difference whose sign is that of the number that is shown: a level can cost more in seconds, and less of
// its baseline.
func signOf(d verdict.Difference) verdict.Effect {
	e := differenceEffect(d)
	if known(e.Ratio.Mid) {
		e.Diff = e.Ratio
	}
	return e
}

func differenceOf(l verdict.LevelDifference, m verdict.Metric) verdict.Difference {
	for _, d := range l.Metrics {
		if d.Metric.ID == m.ID {
			return d
		}
	}
	return verdict.NoDifference(m)
}

// changedCells counts the cells of a level that are not the same in both runs.
func changedCells(c *verdict.Comparison, level string) cell {
	changed, of := 0, 0
	for _, f := range c.Catch {
		for _, p := range f.Cells {
			if p.Level != level {
				continue
			}
			if of++; p.Changed() {
				changed++
			}
		}
	}
	out := cell{Text: fmt.Sprintf("%d of %d", changed, of), Class: "same"}
	if changed > 0 {
		out.Class = "differs"
	}
	return out
}

// comparedPicture draws the differences of a few metrics with their intervals, a plot for each, all on one axis.
func comparedPicture(c *verdict.Comparison) template.HTML {
	metrics := comparedMetrics(c)
	values := []float64{0}
	for _, l := range c.Levels {
		for _, m := range metrics {
			iv := times(differenceOf(l, m).Ratio, 100)
			values = append(values, iv.Lo, iv.Mid, iv.Hi)
		}
	}
	x := newAxis(values, 1, 0.04, forestFrom, forestTo)
	var out template.HTML
	for _, m := range metrics {
		if svg := comparedForest("differs-"+m.ID, c, m, x); svg != "" {
			out += panel("B against A: "+m.Title, string(m.Per), svg)
		}
	}
	if out == "" {
		return ""
	}
	return panelsOf(out) + comparedPictureLegend
}

// comparedForest is one of these plots; "" where no level has a ratio of the metric.
func comparedForest(id string, c *verdict.Comparison, m verdict.Metric, x axis) template.HTML {
	bottom := forestTop + forestRow*float64(len(c.Levels))
	plot := &canvas{w: forestWidth, h: bottom + 24}
	plot.percentAxis(x, bottom)
	var told []string
	shown := false
	for i, l := range c.Levels {
		y := forestTop + forestRow*(float64(i)+.5)
		d := differenceOf(l, m)
		words := withInterval(differenceEffect(d))
		plot.short(0, y+4, forestFrom-8, "", l.Level)
		plot.text(forestWidth, y+4, "end num", words)
		told = append(told, l.Level+" "+words)
		forestMark(plot, result.Arm{Role: result.RoleLevel}, times(d.Ratio, 100), d.Significant, x, y)
		shown = shown || known(d.Ratio.Mid)
	}
	if !shown {
		return ""
	}
	return plot.svg(id, m.Title+": B against A", strings.Join(told, "; ")+".")
}

// comparedPictureLegend explains the plots.
const comparedPictureLegend template.HTML = `<ul class="legend" aria-label="Legend of the plots">
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level"/></svg> the interval excludes 0</li>
<li><svg width="34" height="14" aria-hidden="true"><line x1="2" x2="32" y1="7" y2="7" class="bar level"/><circle cx="17" cy="7" r="4" class="point level hollow"/></svg> it includes 0</li>
<li>to the right of 0: the level costs more in B</li>
</ul>`
