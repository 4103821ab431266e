package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// What a headline has at most.
const (
	mostSentences = 3
	mostCosts     = 2 // that a sentence names of one level
	mostLevels    = 3 // whose toll it tells one by one
)

// headline says in one to three sentences what a run shows, in numbers that the tables have: first what there is against the run, then
// the cheapest levels that detect and that diagnose the faults, and what the levels above them add. A run with one half has that half.
func headline(a *verdict.Analysis) []string {
	out := caveats(a)
	switch f := a.Frontier; {
	case a.Run.Sweep != nil && len(a.Limits) > 0:
		out = append(out, limitsHeadline(a))
	case f != nil && len(f.Choices) > 0:
		out = append(out, choiceHeadline(a, f)...)
	default:
		out = append(out, tollHeadline(a)...)
		out = append(out, unjudged(a)...)
	}
	out = append(out, capacityHeadline(a)...)
	if len(out) == 0 {
		out = append(out, "the run measured no toll and injected no fault")
	}
	out = out[:min(len(out), mostSentences)]
	for i, text := range out {
		out[i] = say(text).Sentence().plain()
	}
	return out
}

// headlineSection is the headline as records; other formats have it in their heads.
func headlineSection(a *verdict.Analysis) []section {
	var records []map[string]any
	for _, text := range headline(a) {
		records = append(records, map[string]any{"saw": text})
	}
	return []section{{ID: "headline", Only: inCSV, Blocks: []block{recordsOf(records)}}}
}

// caveats say that a run is partial or invalid, and why, or that its catch may be.
func caveats(a *verdict.Analysis) []string {
	var out []string
	if a.Outcome == verdict.Invalid {
		text := "this run is invalid and its numbers may not be believed"
		if failed := failedControls(a); len(failed) > 0 {
			text += ": it failed " + count(len(failed), "control") + ", " + join(failed)
		}
		out = append(out, text)
	}
	if text := unfinished(a); text != "" {
		out = append(out, text)
	}
	if a.Catch != nil && a.Catch.Lateness.Busy() != "" {
		out = append(out, "this machine was too busy for the catch, so that alerts may be false, late or missing")
	}
	if len(out) > 1 { // all leave room for what the run has
		out = []string{strings.Join(out, "; ")}
	}
	return out
}

// failedControls are the names of the controls that failed, not of those that could not be judged.
func failedControls(a *verdict.Analysis) []string {
	var out []string
	for _, c := range a.Controls {
		if !c.OK && !c.Undecided {
			out = append(out, c.Name)
		}
	}
	return out
}

// choiceHeadline tells the choice between the levels for all faults.
func choiceHeadline(a *verdict.Analysis, f *verdict.Frontier) []string {
	c := f.Choices[0]
	detect, diagnose := detecting(), diagnosing()
	detect.noun = strings.TrimSpace(c.Group + " fault")
	diagnose.noun, diagnose.how = detect.noun, " from its own telemetry"
	base := baselineArm(a).Level
	first := pickStory(f, c, c.Detects, detect) + pickCosts(f, c.Detects.Level, base)
	second := pickStory(f, c, c.Diagnoses, diagnose)
	switch step := c.Step; {
	case step != nil:
		second += "; over " + step.From + " it costs " + stepWords(firstCosts(step.Costs), shortCost)
	case c.Diagnoses.Level != c.Detects.Level:
		second += pickCosts(f, c.Diagnoses.Level, base)
	}
	out := []string{first, second}
	if f.Lacks != "" {
		return append(out, f.Lacks)
	}
	return append(out, dearerHeadline(f, base)...)
}

// pickCosts is what a level costs over the baseline, as the end of a sentence; "" where that is not known.
func pickCosts(f *verdict.Frontier, level, base string) string {
	at := pointOf(f, level)
	switch {
	case at < 0 || len(f.Metrics) == 0:
		return ""
	case level == base:
		return "; it is the baseline, so it costs nothing more"
	default:
		return "; over " + base + " it costs " + stepWords(firstCosts(f.Points[at].Costs), shortCost)
	}
}

// pointOf is the place of a level among the points, -1 if it has none.
func pointOf(f *verdict.Frontier, level string) int {
	return slices.IndexFunc(f.Points, func(p verdict.Point) bool { return p.Level == level })
}

// dearerHeadline says what the dearest level adds that costs more than the level which diagnoses most, or, where none does, than the
// one which detects most: nothing, or what it catches.
func dearerHeadline(f *verdict.Frontier, base string) []string {
	top := pointOf(f, f.Choices[0].Detects.Level)
	if at := pointOf(f, f.Choices[0].Diagnoses.Level); at >= 0 && (top < 0 || dearer(f, at, top)) {
		top = at
	}
	if top < 0 || f.By.ID == "" {
		return nil
	}
	dearest, adds := -1, -1 // the dearest of all above, and of those that caught what top did not
	for i, p := range f.Points {
		if !dearer(f, i, top) {
			continue
		}
		if dearest < 0 || dearer(f, i, dearest) {
			dearest = i
		}
		if !f.Points[top].Catch.Covers(p.Catch) && (adds < 0 || dearer(f, i, adds)) {
			adds = i
		}
	}
	costs := func(p verdict.Point) string {
		return "over " + base + ", " + p.Level + " costs " + stepWords(firstCosts(p.Costs), shortCost)
	}
	switch {
	case adds >= 0:
		p := f.Points[adds]
		return []string{fmt.Sprintf("%s, and it detects %s and diagnoses %s", costs(p), shareCell(p.Catch.Detected).Text, shareCell(p.Catch.Diagnosed).Text)}
	case dearest >= 0:
		return []string{costs(f.Points[dearest]) + " and catches nothing that " + f.Points[top].Level + " does not"}
	default:
		return nil
	}
}

// dearer says that one point costs more than another in the metric by which levels are cheap.
func dearer(f *verdict.Frontier, point, other int) bool {
	cost := func(p verdict.Point) float64 {
		for _, e := range p.Costs {
			if e.Metric.ID == f.By.ID {
				return e.Diff.Mid
			}
		}
		return 0
	}
	return cost(f.Points[point]) > cost(f.Points[other])
}

// tollHeadline says what the levels cost: the richest first, and where there are many only that one and the leanest. None without a toll.
func tollHeadline(a *verdict.Analysis) []string {
	metrics := placed(metricsOf(a), func(m verdict.Metric) int { return m.Frontier })
	metrics = metrics[:min(len(metrics), mostCosts)]
	var levels []verdict.LevelToll
	for _, t := range a.Toll {
		if t.Arm.Role == result.RoleLevel {
			levels = append(levels, t)
		}
	}
	if len(levels) == 0 || len(metrics) == 0 {
		return nil
	}
	slices.Reverse(levels)
	if len(levels) > mostLevels {
		levels = []verdict.LevelToll{levels[0], levels[len(levels)-1]}
	}
	var told []string
	changed := false
	for i, t := range levels {
		var costs []verdict.Effect
		for _, m := range metrics {
			e := effectOf(t, m)
			changed = changed || e.Significant
			costs = append(costs, e)
		}
		verb := ""
		if i == 0 {
			verb = " costs"
		}
		told = append(told, t.Arm.Level+verb+" "+stepWords(costs, shortCost))
	}
	text := "over " + baselineArm(a).Level + ", " + strings.Join(told, "; ")
	if changed {
		return []string{text}
	}
	var seen []string
	for _, m := range metrics {
		if could := worstDetectable(a, m); known(could) {
			seen = append(seen, detectable(could)+" "+costName(m))
		}
	}
	if len(seen) > 0 {
		text += "; a change of " + strings.Join(seen, " or of ") + " would have been seen"
	}
	return []string{text}
}

// limitsHeadline tells the detection limit of every level.
func limitsHeadline(a *verdict.Analysis) string {
	var told []string
	for _, l := range a.Limits {
		told = append(told, catch.LimitWords(a.Run.Sweep, l.Limit)+" at "+l.Level)
	}
	return limitMeaning(a.Run.Sweep) + " is " + join(told)
}

// capacityHeadline tells the rate that the baseline and the levels can take, and where there are many only the richest. None where
// the capacity was not measured.
func capacityHeadline(a *verdict.Analysis) []string {
	if a.Capacity == nil {
		return nil
	}
	var told []string
	for _, arm := range a.Capacity.Arms {
		rate, _ := capacityRate(arm)
		text := arm.Arm.Level + " " + rate
		switch arm.Arm.Role {
		case result.RoleBaseline:
			text = arm.Arm.Level + " can take " + rate + " requests/s"
		case result.RoleLevel:
			if change, _, _ := strings.Cut(capacityChange(arm), " ["); change != unknown {
				text += " (" + change + ")"
			}
		default:
			continue
		}
		told = append(told, text)
	}
	if len(told) > 1+mostLevels {
		told = []string{told[0], told[len(told)-1]}
	}
	if len(told) == 0 {
		return nil
	}
	return []string{"within the SLO, " + strings.Join(told, "; ")}
}

// unjudged says that faults were injected and none could be judged.
func unjudged(a *verdict.Analysis) []string {
	if a.Catch == nil {
		return nil
	}
	n := 0
	for _, row := range a.Catch.Faults {
		if row.Fault.ID != result.NoFault {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{"no level can be judged by its catch: of no fault was the effect seen to its end"}
}

// firstCosts are those that a headline names.
func firstCosts(costs []verdict.Effect) []verdict.Effect { return costs[:min(len(costs), mostCosts)] }

// shortCost is a cost without its interval, in words: "+9.2 % CPU", "+182 kB telemetry per 1,000 requests".
func shortCost(e verdict.Effect) string {
	text, _, _ := strings.Cut(costCell(e), " [")
	text += " " + costName(e.Metric)
	if per := string(e.Metric.Per); per != "" && (e.Metric.InUnit || !known(e.Ratio.Mid)) {
		text += " " + per
	}
	return text
}
