package reports

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// What one screen has room for; the report in full has the rest.
const (
	mostReasons     = 4
	mostFaults      = 12 // and
	mostSeenLevels  = 6  // that are shown one by one, cell by cell and with intervals; of more the faults are grouped
	mostPatterns    = 6  // of faults that were detected at the same levels
	mostNames       = 3  // in an enumeration; of
	mostAlike       = 4  // faults that were detected at the same levels all are named
	mostNamedLevels = 2
)

// renderScreen writes what a run shows on one screen: the verdict, the headline, the toll, the catch, and what to do next.
func renderScreen(a *verdict.Analysis, s Screen) ([]byte, error) {
	sections := shortToll(a)
	for _, of := range reportOf(a).sections {
		if of.Short {
			sections = append(sections, of)
		}
	}
	return oneScreen(a, s, append(sections, shortCatch(a)...))
}

// renderVerdict writes the first part of it, and what to do next.
func renderVerdict(a *verdict.Analysis, s Screen) ([]byte, error) { return oneScreen(a, s, nil) }

func oneScreen(a *verdict.Analysis, s Screen, sections []section) ([]byte, error) {
	r := &report{columns: s.Columns, sections: append(sections, nextSection(a, s))}
	shown, notes := r.in(inText)
	t := &text{notes: notes, columns: s.Columns}
	t.summary(a)
	for _, s := range shown {
		s.Blocks = withoutNotes(s.Blocks)
		t.section(s)
	}
	return []byte(t.String()), nil
}

// withoutNotes are blocks without references to footnotes, which one screen has no room for.
func withoutNotes(blocks []block) []block {
	out := slices.Clone(blocks)
	for i, b := range out {
		if t, ok := b.(table); ok {
			t.Silent |= inText
			out[i] = t.in(inText)
		}
	}
	return out
}

// summary writes the verdict, why it is that, and the headline.
func (t *text) summary(a *verdict.Analysis) {
	r := a.Run
	t.WriteString(t.wrap("", "  ", fmt.Sprintf("run %s: profile %s, environment %s, %s, %s", r.ID, r.Profile, r.Environment,
		count(len(r.Levels), "level"), count(len(r.Faults), "fault"))))
	of, reasons := rulingOf(a), a.Reasons
	if of.Class == unjudgedClass && len(reasons) > 0 {
		of.Meaning, reasons = reasons[0], reasons[1:]
	}
	t.WriteString(t.wrap("", "  ", fmt.Sprintf("verdict: %s %s (%s)", of.Sign, of.Title(), of.Meaning)))
	for _, reason := range reasons[:min(len(reasons), mostReasons)] {
		t.WriteString(t.wrap("  - ", "    ", reason))
	}
	if more := len(reasons) - mostReasons; more > 0 {
		t.WriteString(t.wrap("  - ", "    ", "and "+count(more, "more reason")))
	}
	t.WriteByte('\n')
	for _, sentence := range headline(a) {
		t.WriteString(t.wrap("", "  ", sentence))
	}
}

// shortToll is the toll of the levels by few metrics, each interval below its estimate where the levels are few. Where the faults are
// many, it also counts what the levels caught of them.
func shortToll(a *verdict.Analysis) []section {
	metrics, _ := measuredOf(a, placed(metricsOf(a), func(m verdict.Metric) int { return m.Few }))
	tallies := shortTallies(a)
	if len(metrics) == 0 && tallies == nil {
		return nil
	}
	out := table{Columns: heads(true, "level"), Narrow: true}
	for _, m := range metrics {
		out.Columns = append(out.Columns, column{Head: cell{Text: head(m)}, Right: true})
	}
	few := len(a.Run.Levels) <= mostSeenLevels
	for _, level := range a.Run.Levels {
		out.Rows = append(out.Rows, append([]cell{{Text: level.Name}}, shortTollCells(a, level.Name, metrics, few)...))
	}
	heading, says := "The toll", "change over "+baselineArm(a).Level+" with its "+confidence(a)+" interval; "+same+" means no significant change"
	if !few {
		says = "change over " + baselineArm(a).Level + "; " + same + " means no significant change at " + confidence(a) + " (intervals with -v)"
	}
	if tallies != nil {
		out.Columns = append(out.Columns, column{Head: cell{Text: "detected"}, Right: true}, column{Head: cell{Text: "cause"}, Right: true})
		of := judgedAlike(tallies)
		for i, level := range a.Run.Levels {
			out.Rows[i] = append(out.Rows[i], tallyCells(tallies, level.Name, of)...)
		}
		caught := "how many faults were detected, and their cause named"
		if of > 0 {
			caught = "how many of " + count(int(of), "fault") + " were detected, and their cause named"
		}
		if heading, says = "The toll and the catch", says+"; "+caught; len(metrics) == 0 {
			heading, says = "The catch", caught
		}
	}
	return []section{{Heading: heading, Blocks: []block{lead{Text: say(says)}, out}}}
}

// shortTollCells are the baseline's own values, or what a level changes.
func shortTollCells(a *verdict.Analysis, level string, metrics []verdict.Metric, intervals bool) []cell {
	var out []cell
	for _, m := range metrics {
		c := cell{Text: unknown}
		for _, t := range a.Toll {
			if t.Arm.Role == result.RoleLevel && t.Arm.Level == level {
				c = shortTollCell(t, m)
			}
		}
		if level == baselineArm(a).Level {
			c = cell{Text: amount(baselineOf(a, m), m.Unit)}
		}
		if !intervals {
			c.Gloss = nil
		}
		out = append(out, c)
	}
	return out
}

// shortTollCell is an effect with its interval in a line of its own.
func shortTollCell(t verdict.LevelToll, m verdict.Metric) cell {
	estimate, interval, both := strings.Cut(tollCell(t, m), " [")
	if !both {
		return cell{Text: estimate}
	}
	return cell{Text: estimate, Gloss: []string{"[" + interval}}
}

// shortCatch is the catch: the matrix where it is small, and faults that were detected at the same levels together where it is not. A
// sweep has its limits instead.
func shortCatch(a *verdict.Analysis) []section {
	m := a.Catch
	if m == nil || len(m.Faults) == 0 || a.Run.Sweep != nil && len(a.Limits) > 0 {
		return nil
	}
	blocks := []block{lead{Text: say("time from the effect of a fault to the first expected alert; cause: the level's telemetry names it")}, shortMatrix(m)}
	if crowded(a) {
		blocks = []block{lead{Text: say("an expected alert fired in every pass that was judged; with -v fault by fault, with times and causes")}, patternList(a.Frontier)}
	}
	blocks = append(blocks, standingAlarms(m), falseAlarms(m))
	if busy := m.Lateness.Busy(); busy != "" {
		blocks = append(blocks, list{Items: []item{{Sign: "!", Text: busy}}})
	}
	if h := a.Run.History; h != nil {
		blocks = append(blocks, list{Items: []item{historyItem(h)}})
	}
	return []section{{Heading: "The catch", Blocks: blocks}}
}

// shortMatrix has the faults as rows and the levels as columns, without the names of the alerts.
func shortMatrix(m *catch.Matrix) table {
	out := table{Columns: heads(false, append([]string{"fault"}, m.Levels...)...), Narrow: true}
	for _, f := range m.Faults {
		row := texts(f.Name())
		for i := range m.Levels {
			c := cellAt(f, i)
			line, _ := cellWords(c)
			if c.Diagnosed {
				line += ", cause"
			}
			row = append(row, cell{Sign: stateMark(c.State), Text: line})
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// few is an enumeration of a few names, and how many more there are.
func few(names []string) string {
	if more := len(names) - mostNames; more > 0 {
		return strings.Join(names[:mostNames], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return join(names)
}

// standingAlarms are the alerts that fire whether or not there is a fault, but for dead man's switches that do as they should.
func standingAlarms(m *catch.Matrix) list {
	out := standingList(m)
	out.Items = slices.DeleteFunc(out.Items, func(i item) bool { return i.Sign != "!" })
	return out
}

// falseAlarms names the alerts that fired falsely, and during which faults; or says how long none did.
func falseAlarms(m *catch.Matrix) list {
	var alerts []string
	places := map[string][]string{}
	for _, f := range m.Faults {
		levels := map[string][]string{} // by alert
		for i, level := range m.Levels {
			for _, alert := range cellAt(f, i).False {
				if slices.Contains(m.Always(level), alert) {
					continue
				}
				if !slices.Contains(alerts, alert) {
					alerts = append(alerts, alert)
				}
				levels[alert] = append(levels[alert], level)
			}
		}
		during := "during " + f.Name()
		if f.Fault.ID == result.NoFault {
			during = "without a fault"
		}
		for alert, at := range levels {
			places[alert] = append(places[alert], during+" at "+fewLevels(at))
		}
	}
	if len(alerts) == 0 {
		return list{Items: []item{{Sign: "-", Text: "no false alarm" + watched(m)}}}
	}
	var out list
	for _, alert := range alerts[:min(len(alerts), mostNames)] {
		out.Items = append(out.Items, item{Sign: stateMark(catch.Noisy), Text: "false alarm: " + alert + " " + few(places[alert])})
	}
	if more := len(alerts) - mostNames; more > 0 {
		out.Items = append(out.Items, item{Sign: stateMark(catch.Noisy), Text: count(more, "more alert") + " fired falsely"})
	}
	return out
}

// fewLevels names levels, each once, or says how many they are.
func fewLevels(levels []string) string {
	if levels = slices.Compact(levels); len(levels) > mostNamedLevels {
		return count(len(levels), "level")
	}
	return join(levels)
}

// watched says for how long every level was watched without a fault; "" where that is not known.
func watched(m *catch.Matrix) string {
	least := time.Duration(0)
	for i, a := range m.Alarms {
		if i == 0 || a.Clean < least {
			least = a.Clean
		}
	}
	if least <= 0 {
		return ""
	}
	return ", also in the " + elapsed(least) + " without a fault"
}

// nextSection says what to do next, and where the rest is.
func nextSection(a *verdict.Analysis, s Screen) section {
	at := cmp.Or(shellWord(strings.TrimSuffix(Printable(s.Dir), "/")), "RUN")
	var steps []string
	if text := nextStep(a, at); text != "" {
		steps = append(steps, text)
	}
	page := "make a page with pictures: tollgate report --write " + at
	if s.Page != "" {
		page = "look at the pictures: " + Printable(s.Page)
	}
	steps = append(steps, page, "see all numbers: tollgate report -v "+at+more(a))
	return section{Heading: "Next", Blocks: []block{list{Items: bullets("", steps)}}}
}

// nextStep is what the verdict asks for; "" where it asks for nothing.
func nextStep(a *verdict.Analysis, at string) string {
	level := "LEVEL"
	if n := len(a.Run.Levels); n > 0 {
		level = a.Run.Levels[n-1].Name
	}
	switch {
	case a.Outcome == verdict.Invalid:
		return "do what the failed controls ask for, then measure again"
	case a.Run.Status != result.Complete:
		return "measure again, to the end"
	case a.Outcome == verdict.Inconclusive && a.Run.Plan.Launches > 0:
		return fmt.Sprintf("measure longer: the same command with --launches %d", 2*max(a.Run.Plan.Launches, a.Load.Launches))
	case a.Outcome == verdict.Fail:
		return "find what changed: tollgate compare BEFORE " + at
	case a.Outcome == verdict.Pass && len(a.Budgets) == 0 && len(a.Toll) > 0:
		return fmt.Sprintf("judge it: tollgate gate %s --budget '%s: cpu <= +20%%'", at, level)
	case a.Outcome == verdict.Pass && len(a.Budgets) == 0 && a.Catch != nil && a.Run.Sweep == nil:
		return fmt.Sprintf("judge it: tollgate gate %s --budget '%s: all detected'", at, level)
	default:
		return ""
	}
}

// more counts what else the report in full has to say.
func more(a *verdict.Analysis) string {
	var out []string
	if n := len(a.Run.Warnings) + len(a.Run.RuleNotes); n > 0 {
		out = append(out, count(n, "warning"))
	}
	if n := len(a.Notes); n > 0 {
		out = append(out, count(n, "note"))
	}
	if len(out) == 0 {
		return ""
	}
	return " (and " + join(out) + ")"
}

var plainWord = regexp.MustCompile(`^[\w./:@%+,-]+$`)

// shellWord is a text as one word of a shell.
func shellWord(s string) string {
	if s == "" || plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
