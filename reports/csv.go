package reports

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderCSV writes one long table: a line per arm and metric (section toll), per item of a bill (money), per arm (capacity), per control (controls), per budget
// and level (budgets) and per fault and level (catch); columns that do not apply are empty. Durations are seconds; a number that does not exist is empty,
// an open end is Inf or -Inf. Text that a spreadsheet would take for a formula has a ' before it.
func renderCSV(a *verdict.Analysis) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := csvColumns()
	rows := slices.Concat(csvToll(a), csvMoney(a), csvCapacity(a), csvControls(a), csvBudgets(a))
	if a.Catch != nil {
		rows = append(rows, csvCatch(a.Catch)...)
	}
	if err := w.Write(head); err != nil {
		return nil, err
	}
	for _, row := range rows {
		line := make([]string, len(head))
		for i, column := range head {
			line[i] = row[column]
		}
		if err := w.Write(line); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func csvColumns() []string {
	return []string{"section", "arm", "role", "level", "metric", "unit", "per", "value", "diff", "diff_lo", "diff_hi",
		"ratio", "ratio_lo", "ratio_hi", "significant", "detectable", "rounds", "budget", "limit", "control", "result", "saw", "want",
		"fault", "state", "alert", "detect_seconds", "least_detect_seconds", "clear_seconds", "also", "false_alarms", "diagnosed", "evidence",
		"item", "quantity", "of", "price"}
}

func csvToll(a *verdict.Analysis) []map[string]string {
	var rows []map[string]string
	base := baselineArm(a)
	for _, b := range a.Baseline {
		rows = append(rows, map[string]string{"section": "toll", "arm": csvText(base.Name), "role": csvText(base.Role), "level": csvText(base.Level),
			"metric": csvText(b.Metric.ID), "unit": csvText(string(b.Metric.Unit)), "per": csvText(string(b.Metric.Per)), "value": csvNumber(b.Value)})
	}
	for _, t := range a.Toll {
		for _, e := range t.Effects {
			rows = append(rows, map[string]string{"section": "toll", "arm": csvText(t.Arm.Name), "role": csvText(t.Arm.Role), "level": csvText(t.Arm.Level),
				"metric": csvText(e.Metric.ID), "unit": csvText(string(e.Metric.Unit)), "per": csvText(string(e.Metric.Per)), "value": csvNumber(e.Value),
				"diff": csvNumber(e.Diff.Mid), "diff_lo": csvNumber(e.Diff.Lo), "diff_hi": csvNumber(e.Diff.Hi),
				"ratio": csvNumber(e.Ratio.Mid), "ratio_lo": csvNumber(e.Ratio.Lo), "ratio_hi": csvNumber(e.Ratio.Hi),
				"significant": strconv.FormatBool(e.Significant), "detectable": csvNumber(e.Detectable), "rounds": strconv.Itoa(e.Rounds)})
		}
	}
	return rows
}

// csvCapacity is like the toll. The rounds are launches; where no limit was found, saw says as much.
func csvCapacity(a *verdict.Analysis) []map[string]string {
	if a.Capacity == nil {
		return nil
	}
	var rows []map[string]string
	for _, c := range a.Capacity.Arms {
		e := c.Effect
		row := map[string]string{"section": "capacity", "arm": csvText(c.Arm.Name), "role": csvText(c.Arm.Role), "level": csvText(c.Arm.Level),
			"metric": csvText(e.Metric.ID), "unit": csvText(string(e.Metric.Unit)), "value": csvNumber(e.Value), "saw": csvText(c.Bound)}
		if c.Arm.Role != result.RoleBaseline {
			row["diff"], row["diff_lo"], row["diff_hi"] = csvNumber(e.Diff.Mid), csvNumber(e.Diff.Lo), csvNumber(e.Diff.Hi)
			row["ratio"], row["ratio_lo"], row["ratio_hi"] = csvNumber(e.Ratio.Mid), csvNumber(e.Ratio.Lo), csvNumber(e.Ratio.Hi)
			row["significant"], row["detectable"], row["rounds"] = strconv.FormatBool(e.Significant), csvNumber(e.Detectable), strconv.Itoa(e.Rounds)
		}
		rows = append(rows, row)
	}
	return rows
}

func csvControls(a *verdict.Analysis) []map[string]string {
	var rows []map[string]string
	for _, c := range a.Controls {
		rows = append(rows, map[string]string{"section": "controls", "control": csvText(c.Name), "result": controlWord(c),
			"saw": csvText(c.Saw), "want": csvText(c.Want)})
	}
	return rows
}

// csvBudgets puts what was seen where the toll has it: in ratio for a relative budget, else in diff.
func csvBudgets(a *verdict.Analysis) []map[string]string {
	var rows []map[string]string
	for _, r := range a.Budgets {
		kind := "diff"
		if r.Budget.Relative {
			kind = "ratio"
		}
		rows = append(rows, map[string]string{"section": "budgets", "level": csvText(r.Level), "metric": csvText(r.Budget.Metric),
			kind: csvNumber(r.Saw.Mid), kind + "_lo": csvNumber(r.Saw.Lo), kind + "_hi": csvNumber(r.Saw.Hi),
			"budget": csvText(r.Budget.Text), "limit": csvNumber(r.Budget.Limit), "result": csvText(string(r.Outcome)), "saw": csvText(r.Sentence)})
	}
	return rows
}

func csvCatch(c *catch.Matrix) []map[string]string {
	var rows []map[string]string
	for _, f := range c.Faults {
		for i, level := range c.Levels {
			cell := cellAt(f, i)
			row := map[string]string{"section": "catch", "fault": csvText(f.Fault.ID), "level": csvText(level), "state": csvText(string(cell.State)),
				"alert": csvText(cell.Alert), "also": csvText(strings.Join(cell.Also, " ")), "false_alarms": csvText(strings.Join(cell.False, " ")),
				"diagnosed": strconv.FormatBool(cell.Diagnosed), "evidence": csvText(cell.Evidence)}
			if cell.State == catch.Detected {
				row["detect_seconds"], row["least_detect_seconds"] = csvSeconds(cell.Detect), csvSeconds(cell.LeastDetect)
				row["clear_seconds"] = csvSeconds(cell.Clear)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// csvText guards text against being run as a formula by a spreadsheet.
func csvText(s string) string {
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

func csvNumber(x float64) string {
	switch {
	case math.IsNaN(x):
		return ""
	case math.IsInf(x, 0):
		return strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+")
	default:
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
}

func csvSeconds(d time.Duration) string {
	if d < 0 {
		return ""
	}
	return csvNumber(d.Seconds())
}
