package journey

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errEnd is what a rowReader returns after the last row.
var errEnd = errors.New("no more rows")

// columns are all columns of a session file; the first three are required.
var columns = []string{colSession, colItem, colTime, colUser, colChannel, colEvent}

// table reads TSV and CSV.
type table struct {
	read  func() (fields []string, line int, err error) // err is errEnd after the last line
	width int
	place map[string]int // of our columns, from 0
	first []string       // the first line, where it is no header; nil: it was read
	line  int            // of first
}

// newTable reads the header line, if the layout has one.
func newTable(name, format string, read func() ([]string, int, error), l *layout, o Options) (*table, error) {
	first, line, err := read()
	if errors.Is(err, errEnd) {
		return nil, fmt.Errorf("%s: the file is empty: want a header line with %s", name, strings.Join(columns[:3], ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, line, err)
	}
	t := &table{read: read, line: line}
	header := slices.Clone(first)
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	if l.header != nil || l.numbered {
		t.first, header = header, l.header
		for i := len(header); l.numbered && i < len(first); i++ {
			header = append(header, strconv.Itoa(i+1))
		}
	}
	if sep, ok := strings.CutPrefix(strings.Join(header, ","), "sep="); ok && len(sep) <= 3 {
		return nil, fmt.Errorf("%s:%d: this line is for Excel alone: take it out (tail -n +2 %[1]s > without.%[3]s)%s",
			name, line, format, map[bool]string{true: ", and separate the columns by commas, or by tabs in a file .tsv"}[strings.Contains(sep, ";")])
	}
	t.width = len(header)
	if l.own() {
		err = checkHeader(name, line, format, header, o)
	} else {
		err = l.checkHeader(name, line, header)
	}
	t.place = map[string]int{}
	for _, column := range append(slices.Clone(columns), colOffset) {
		if i := slices.Index(header, l.theirs(column)); i >= 0 {
			t.place[column] = i
		}
	}
	return t, err
}

func (t *table) next() (row, int, error) {
	record, line, err := t.first, t.line, error(nil)
	if t.first = nil; record == nil {
		record, line, err = t.read()
	}
	if err != nil {
		return nil, line, err
	}
	if len(record) != t.width {
		return nil, line, bad("another number of columns than the header has", "%d columns, but the header has %d", len(record), t.width)
	}
	r := row{}
	for column, i := range t.place {
		r[column] = strings.TrimSpace(record[i])
	}
	return r, line, nil
}

// readCSV reads comma-separated values as RFC 4180 has them, with any separator.
func readCSV(text io.Reader, separator rune) func() ([]string, int, error) {
	held := &leash{Reader: text}
	r := csv.NewReader(held)
	r.FieldsPerRecord = -1 // the table counts
	r.Comma = cmp.Or(separator, ',')
	last := 0
	return func() ([]string, int, error) {
		held.read = 0
		record, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil, last, errEnd
		case errors.Is(err, errLong):
			return nil, last + 1, fmt.Errorf("the record that begins here has more than %d bytes: a quotation mark in it is probably not closed", maxLine)
		case errors.As(err, &wrong):
			last = wrong.Line
			return nil, wrong.Line, bad("quotation marks that do not pair", "%w", wrong.Err)
		case err != nil:
			return nil, last + 1, err
		}
		line, _ := r.FieldPos(0)
		last, _ = r.FieldPos(len(record) - 1)
		return record, line, legible([]byte(strings.Join(record, "")))
	}
}

// legible is an error if text is not UTF-8, or has a byte 0.
func legible(text []byte) error {
	if bytes.IndexByte(text, 0) >= 0 {
		return bad("a byte 0", "there is a byte 0, so this is no text: want TSV, CSV or JSON lines in UTF-8")
	}
	if !utf8.Valid(text) {
		return bad("not UTF-8", "the byte 0x%02x is not UTF-8: turn the file into UTF-8; if it is in Latin-1: iconv -f ISO-8859-1 -t UTF-8 FILE > utf8-FILE", text[invalid(text)])
	}
	return nil
}

// readTSV reads separated values in which a quotation mark is itself.
func readTSV(text *bufio.Reader, separator rune) func() ([]string, int, error) {
	lines := lines{text: text}
	return func() ([]string, int, error) {
		text, line, err := lines.next()
		if err != nil {
			return nil, line, err
		}
		return strings.Split(string(text), string(cmp.Or(separator, '\t'))), line, nil
	}
}

// jsonLines reads one JSON object a line.
type jsonLines struct {
	lines
	layout  *layout
	checked map[string]bool // names of objects, joined, without a fault
}

func (l *jsonLines) next() (row, int, error) {
	object, line, err := l.object()
	if err != nil {
		return nil, line, err
	}
	names := slices.Sorted(maps.Keys(object))
	if key := strings.Join(names, "\x00"); !l.checked[key] && l.layout.own() {
		if faults := faultsOf(names); len(faults) > 0 {
			return nil, line, bad("names that are missing or unknown",
				"%s; the object has %s", strings.ReplaceAll(strings.Join(faults, "; "), "column ", ""), strings.Join(names, ", "))
		}
		l.checked[key] = true
	}
	r, err := parseObject(object, l.layout)
	return r, line, err
}

// object reads the object of the next line.
func (l *jsonLines) object() (map[string]json.RawMessage, int, error) {
	text, line, err := l.lines.next()
	if err != nil {
		return nil, line, err
	}
	if t := bytes.TrimSpace(text); line == 1 && t[0] == '[' {
		return nil, line, errors.New("this is a JSON array: want one object a line (jq -c '.[]' FILE > clicks.jsonl)")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return nil, line, bad("no JSON object", "want a JSON object in each line, such as %s: %w (an object over several lines: jq -c . FILE > clicks.jsonl)",
			`{"SessionId": "1", "ItemId": "7", "Time": 1396860669.277}`, cmp.Or(err, errors.New("got "+string(text[:min(len(text), 40)]))))
	}
	return object, line, nil
}

// parseObject reads the known fields of one object; ids and times may be strings or numbers.
func parseObject(object map[string]json.RawMessage, l *layout) (row, error) {
	r := row{}
	for _, column := range append(slices.Clone(columns), colOffset) {
		raw, ok := object[l.theirs(column)]
		if !ok || string(raw) == "null" {
			continue
		}
		value, err := scalar(raw)
		if err != nil {
			return nil, bad(column+" that is no string or number", "%s %w", column, err)
		}
		r[column] = value
	}
	return r, nil
}

// scalar is the text of a JSON string or number.
func scalar(raw json.RawMessage) (string, error) {
	var value string
	if raw[0] == '"' {
		err := json.Unmarshal(raw, &value)
		return strings.TrimSpace(value), err
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return "", fmt.Errorf("must be a string or a number, got %s", raw)
	}
	return number.String(), nil
}

// nestedLines reads one session a line, as OTTO publishes them: {"session": 1, "events": [{"aid": 2, "ts": 3, "type": "clicks"}]}.
type nestedLines struct {
	jsonLines
	rows []row // of the line that was read
	line int
}

func (l *nestedLines) next() (row, int, error) {
	for len(l.rows) == 0 {
		object, line, err := l.object()
		if err != nil {
			return nil, line, err
		}
		var session string
		var events []struct {
			Aid, Ts json.RawMessage
			Type    string
		}
		if session, err = scalar(json.RawMessage(cmp.Or(string(object["session"]), "null"))); err == nil {
			err = json.Unmarshal(object["events"], &events)
		}
		if err != nil || len(events) == 0 {
			return nil, line, bad("no session with events", `want {"session": 1, "events": [{"aid": 2, "ts": 3, "type": "clicks"}]} in each line`)
		}
		for _, e := range events {
			r := row{colSession: session, colEvent: e.Type}
			for column, raw := range map[string]json.RawMessage{colItem: e.Aid, colTime: e.Ts} {
				if raw != nil {
					r[column], _ = scalar(raw) // "" is refused as empty
				}
			}
			l.rows = append(l.rows, r)
		}
		l.line = line
	}
	r := l.rows[0]
	l.rows = l.rows[1:]
	return r, l.line, nil
}
