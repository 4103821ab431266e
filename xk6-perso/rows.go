package perso

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errEnd is what a rowReader returns after the last row.
var errEnd = errors.New("no more rows")

// columns are all columns of a session file; the first three are required.
var columns = []string{colSession, colItem, colTime, colUser, colChannel, colEvent}

// table reads TSV and CSV with a header line.
type table struct {
	csv    *csv.Reader
	header []string
	line   int
}

func newTable(name string, text []byte, comma rune) (*table, error) {
	t := &table{csv: csv.NewReader(bytes.NewReader(text))}
	t.csv.Comma = comma
	t.csv.ReuseRecord = true
	t.csv.LazyQuotes = comma == '\t' // a quotation mark in a TSV file is itself
	header, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: the file is empty: want a header line with %s", name, strings.Join(columns[:3], ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, unwrapCSV(err))
	}
	t.header = slices.Clone(header)
	for _, column := range columns[:3] {
		if !slices.Contains(t.header, column) {
			return nil, fmt.Errorf("%s:1: column %s is missing; the header has %s", name, column, strings.Join(t.header, ", "))
		}
	}
	return t, nil
}

func (t *table) next() (row, int, error) {
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, t.line, errEnd
	}
	if err != nil {
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			t.line = bad.Line
		}
		if errors.Is(err, csv.ErrFieldCount) {
			err = fmt.Errorf("%d columns, but the header has %d", len(record), len(t.header))
		}
		return nil, t.line, unwrapCSV(err)
	}
	t.line, _ = t.csv.FieldPos(0)
	r := row{}
	for i, column := range t.header {
		if slices.Contains(columns, column) {
			r[column] = strings.TrimSpace(record[i])
		}
	}
	return r, t.line, nil
}

// unwrapCSV drops the position that package csv puts before its errors, since ours name file and line themselves.
func unwrapCSV(err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return bad.Err
	}
	return err
}

// jsonLines reads one JSON object a line; empty lines are passed over.
type jsonLines struct {
	text []byte
	line int
}

func (l *jsonLines) next() (row, int, error) {
	for len(l.text) > 0 {
		var text []byte
		text, l.text, _ = bytes.Cut(l.text, []byte("\n"))
		l.line++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			r, err := parseObject(text)
			return r, l.line, err
		}
	}
	return nil, l.line, errEnd
}

// parseObject reads the known fields of one object; ids and times may be strings or numbers.
func parseObject(text []byte) (row, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	r := row{}
	for i, column := range columns {
		raw, ok := object[column]
		if !ok && i < 3 {
			return nil, fmt.Errorf("%s is missing", column)
		}
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
