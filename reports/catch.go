package reports

import (
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// catchSection is the fault × level matrix.
func catchSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Faults) == 0 {
		return nil
	}
	lines := table{Only: inText | inMarkdown, Columns: heads(false, append([]string{"fault"}, a.Catch.Levels...)...), Narrow: true, Silent: inText}
	for _, f := range a.Catch.Faults {
		line := texts(f.Name())
		for level, name := range a.Catch.Levels {
			line = append(line, stateCell(cellAt(f, level), a.Catch.Always(name)))
		}
		lines.Rows = append(lines.Rows, line)
	}
	return []section{{ID: "catch", Heading: "The catch", Blocks: []block{
		lead{Only: inText | inMarkdown, Text: say("time to detect and the first expected alert")},
		lead{Only: inHTML, Text: say("which faults would have been noticed at this level, after how long, and could the cause have been named?")},
		lines,
		matrixOf(a.Catch, anchorsOf(a.Catch)),
		picture{matrixLegend(a.Catch)},
		standingList(a.Catch),
		alarmList(a.Catch),
		alarmRecords(a.Catch),
	}}}
}

// standingList tells of the alerts that fire whether or not there is a fault.
func standingList(m *catch.Matrix) list {
	var out list
	for _, s := range m.Standing {
		sign := "!"
		if s.Switch && len(s.Broken) == 0 {
			sign = "-"
		}
		out.Items = append(out.Items, item{Sign: sign, Text: standingStory(s), Hang: 2})
	}
	return out
}

// stateCell is what a cell of the matrix says: a time or a state, where there is one the alert, and the false alarms, but for
// those of alerts that stand and are told once.
func stateCell(c catch.Cell, standing []string) cell {
	line, alert := cellWords(c)
	out := cell{Sign: stateMark(c.State), Text: line, Note: c.Note}
	if alert != "" {
		out.Gloss = append(out.Gloss, alert)
	}
	for _, alarm := range c.False {
		if c.State != catch.Noisy && !slices.Contains(standing, alarm) {
			out.Gloss = append(out.Gloss, stateMark(catch.Noisy)+" "+alarm)
		}
	}
	return syntheticCell(out, c)
}

// alarmList tells how often alerts fired without a fault, alike levels together.
func alarmList(m *catch.Matrix) list {
	var out list
	var told, levels []string
	for _, a := range m.Alarms {
		text := alarmStory(a)
		if i := slices.Index(told, text); i >= 0 {
			levels[i] += ", " + a.Level
			continue
		}
		told, levels = append(told, text), append(levels, a.Level)
	}
	for i, text := range told {
		out.Items = append(out.Items, item{Sign: "-", Text: "false alarms at " + levels[i] + ": " + text, Hang: 2})
	}
	return out
}

// alarmStory tells the rate of false alarms at a level.
func alarmStory(a catch.Alarms) string {
	switch {
	case a.Clean <= 0:
		return "no time without a fault was watched"
	case a.N == 0:
		return fmt.Sprintf("none in %s without a fault: fewer than %s an hour at 95 %% (rule of three: 3 / time)",
			elapsed(a.Clean), rate(a.PerHour.Hi))
	default:
		return fmt.Sprintf("%d in %s without a fault: %s an hour [%s, %s] at 95 %% (Poisson, exact)", a.N, elapsed(a.Clean),
			rate(a.PerHour.Mid), rate(a.PerHour.Lo), rate(a.PerHour.Hi))
	}
}

func rate(x float64) string { return fixed(x, digits(x, 2)) }

// alarmRecords are the same for the CSV.
func alarmRecords(m *catch.Matrix) table {
	var records []map[string]any
	for _, a := range m.Alarms {
		records = append(records, map[string]any{"level": a.Level, "metric": "false_alarms_per_hour", "value": a.PerHour.Mid,
			"lo": a.PerHour.Lo, "hi": a.PerHour.Hi, "alarms": a.N, "clean_seconds": a.Clean})
	}
	return recordsOf(records)
}
