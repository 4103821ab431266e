package reports

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// renderCSV writes one long table: a line per sentence of the headline (section headline), per arm and metric (toll), per level and metric
// over the next cheaper level (steps), per item of a bill (money), per arm (capacity), per control (controls), per budget and level
// (budgets), per fault and level (catch), and per row of any other section with a table.
// Columns that do not apply are empty. Durations are seconds; a number that does not exist is empty, an open end is Inf or -Inf.
// Text that a spreadsheet would take for a formula has a ' before it.
func renderCSV(r *report) ([]byte, error) {
	sections, _ := r.in(inCSV)
	head := csvColumns()
	var rows []map[string]string
	for _, s := range sections {
		for _, t := range tablesOf(s.Blocks) {
			for _, c := range t.Columns {
				if key := c.key(); !slices.Contains(head, key) {
					head = append(head, key)
				}
			}
			for _, cells := range t.Rows {
				row := map[string]string{"section": s.ID}
				for i, c := range cells {
					row[t.Columns[i].key()] = c.value()
				}
				rows = append(rows, row)
			}
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
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

// tablesOf are the tables among blocks and in their parts.
func tablesOf(blocks []block) []table {
	var out []table
	for _, b := range blocks {
		switch b := b.(type) {
		case table:
			out = append(out, b)
		case part:
			out = append(out, tablesOf(b.Blocks)...)
		}
	}
	return out
}

// csvColumns are the columns that are always there, in their order. Those of further sections come behind them.
func csvColumns() []string {
	return []string{"section", "arm", "role", "level", "metric", "unit", "per", "value", "diff", "diff_lo", "diff_hi",
		"ratio", "ratio_lo", "ratio_hi", "significant", "detectable", "rounds", "budget", "limit", "control", "result", "saw", "want",
		"fault", "state", "alert", "detect_seconds", "least_detect_seconds", "clear_seconds", "also", "false_alarms", "diagnosed", "evidence",
		"item", "quantity", "of", "price", "cannot_fire"}
}

// recordsOf is a table for the CSV alone, of records by column.
func recordsOf(records []map[string]any) table {
	out := table{Only: inCSV}
	var keys []string
	for _, r := range records {
		for key := range r {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		out.Columns = append(out.Columns, column{Key: key})
	}
	for _, r := range records {
		row := make([]cell, len(keys))
		for i, key := range keys {
			row[i].Raw = r[key]
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// key is the name of a column in the CSV.
func (c column) key() string {
	if c.Key != "" {
		return c.Key
	}
	return strings.ReplaceAll(strings.ToLower(c.Head.Text), " ", "_")
}

// value is what the CSV has of a cell.
func (c cell) value() string {
	switch raw := c.Raw.(type) {
	case nil:
		return csvText(c.Text)
	case string:
		return csvText(raw)
	case bool:
		return strconv.FormatBool(raw)
	case int:
		return strconv.Itoa(raw)
	case float64:
		return csvNumber(raw)
	case time.Duration:
		return csvSeconds(raw)
	default:
		panic("reports: a cell of the CSV can be a string, a bool, an int, a float64 or a time.Duration")
	}
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
