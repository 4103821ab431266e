package journey

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// errEnd is what a rowReader returns after the last row.
var errEnd = errors.New("no more rows")

// columns are all columns of a session file; the first three are required.
var columns = []string{colSession, colItem, colTime, colUser, colChannel, colEvent}

// table reads TSV and CSV with a header line.
type table struct {
	read   func() (fields []string, line int, err error) // err is errEnd after the last line
	header []string
}

func newTable(name, format string, read func() ([]string, int, error), o Options) (*table, error) {
	header, line, err := read()
	if errors.Is(err, errEnd) {
		return nil, fmt.Errorf("%s: the file is empty: want a header line with %s", name, strings.Join(columns[:3], ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	t := &table{read: read, header: slices.Clone(header)}
	for i := range t.header {
		t.header[i] = strings.TrimSpace(t.header[i])
	}
	if sep, ok := strings.CutPrefix(strings.Join(t.header, ","), "sep="); ok && len(sep) <= 3 {
		return nil, fmt.Errorf("%s:%d: this line is for Excel alone: take it out (tail -n +2 %[1]s > without.%[3]s)%s",
			name, line, format, map[bool]string{true: ", and separate the columns by commas, or by tabs in a file .tsv"}[strings.Contains(sep, ";")])
	}
	return t, checkHeader(name, line, format, t.header, o)
}

func (t *table) next() (row, int, error) {
	record, line, err := t.read()
	if err != nil {
		return nil, line, err
	}
	if len(record) != len(t.header) {
		return nil, line, fmt.Errorf("%d columns, but the header has %d", len(record), len(t.header))
	}
	r := row{}
	for i, column := range t.header {
		if slices.Contains(columns, column) {
			r[column] = strings.TrimSpace(record[i])
		}
	}
	return r, line, nil
}

// readCSV reads comma-separated values as RFC 4180 has them.
func readCSV(text []byte) func() ([]string, int, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1 // the table counts
	return func() ([]string, int, error) {
		record, err := r.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil, 0, errEnd
		case errors.As(err, &bad):
			return nil, bad.Line, bad.Err
		case err != nil:
			return nil, 0, err
		}
		line, _ := r.FieldPos(0)
		return record, line, nil
	}
}

// readTSV reads tab-separated values, in which a quotation mark is itself.
func readTSV(text []byte) func() ([]string, int, error) {
	lines := lines{text: text}
	return func() ([]string, int, error) {
		text, line, err := lines.next()
		if err != nil {
			return nil, line, err
		}
		return strings.Split(string(text), "\t"), line, nil
	}
}

// lines goes through a text line by line; empty ones are passed over.
type lines struct {
	text []byte
	line int
}

func (l *lines) next() ([]byte, int, error) {
	for len(l.text) > 0 {
		var text []byte
		text, l.text, _ = bytes.Cut(l.text, []byte("\n"))
		l.line++
		if text = bytes.TrimSuffix(text, []byte("\r")); len(bytes.TrimSpace(text)) > 0 {
			return text, l.line, nil
		}
	}
	return nil, l.line, errEnd
}

// jsonLines reads one JSON object a line.
type jsonLines struct {
	lines
	checked map[string]bool // names of objects, joined, without a fault
}

func (l *jsonLines) next() (row, int, error) {
	text, line, err := l.lines.next()
	if err != nil {
		return nil, line, err
	}
	if t := bytes.TrimSpace(text); line == 1 && t[0] == '[' {
		return nil, line, errors.New("this is a JSON array: want one object a line (jq -c '.[]' FILE > clicks.jsonl)")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return nil, line, fmt.Errorf("want a JSON object in each line, such as %s: %w (an object over several lines: jq -c . FILE > clicks.jsonl)",
			`{"SessionId": "1", "ItemId": "7", "Time": 1396860669.277}`, cmp.Or(err, errors.New("got "+string(text[:min(len(text), 40)]))))
	}
	names := slices.Sorted(maps.Keys(object))
	if key := strings.Join(names, "\x00"); !l.checked[key] {
		if faults := faultsOf(names); len(faults) > 0 {
			return nil, line, fmt.Errorf("%s; the object has %s", strings.ReplaceAll(strings.Join(faults, "; "), "column ", ""), strings.Join(names, ", "))
		}
		l.checked[key] = true
	}
	r, err := parseObject(object)
	return r, line, err
}

// parseObject reads the known fields of one object; ids and times may be strings or numbers.
func parseObject(object map[string]json.RawMessage) (row, error) {
	r := row{}
	for _, column := range columns {
		raw, ok := object[column]
		if !ok || string(raw) == "null" {
			continue
		}
		var value string
		if raw[0] != '"' {
			var number json.Number
			if err := json.Unmarshal(raw, &number); err != nil {
				return nil, fmt.Errorf("%s must be a string or a number, got %s", column, raw)
			}
			value = number.String()
		} else if err := json.Unmarshal(raw, &value); err != nil {
			return nil, fmt.Errorf("%s: %w", column, err)
		}
		r[column] = strings.TrimSpace(value)
	}
	return r, nil
}
