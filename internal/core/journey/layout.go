package journey

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// colOffset is a column of some files: milliseconds to be added to Time.
const colOffset = "Offset"

// layout is how a file of recorded sessions is written. The zero value is the form of our own: a header with our columns.
type layout struct {
	name, title string            // of a preset
	format      string            // one of Formats; "": by the name of the file, or by its first line
	separator   rune              // of columns; 0: a comma in CSV, a tab in TSV
	header      []string          // of a file that has no header line
	numbered    bool              // the file has no header line, and columns are called by their numbers from 1 on
	columns     map[string]string // ours → as the file has it; a column that is not here is called as here
	clock       string            // how Time is written: one of units, or a layout of package time; "": seconds, or RFC 3339
	events      map[string]string // as the file has it → ours, or "" for what has no place in a journey; nil: ours
	channels    map[string]string // as the file has it → ours; nil: ours
	nobody      string            // what UserId has where nobody is logged in, besides nothing
	idle        time.Duration     // above 0: SessionId is a visitor, and a session ends after that long without an event
	anyOrder    bool              // lines of a session may stand in any order
	gaps        bool              // lines without a session are known of such files, and are left out
	nested      bool              // a line is a session with all of its events, as otto has it
	note        string            // what a replay cannot know, for people
}

// theirs is what the file calls a column of ours.
func (l *layout) theirs(column string) string { return cmp.Or(l.columns[column], column) }

// own says whether the file has the names of our columns.
func (l *layout) own() bool { return len(l.columns) == 0 && len(l.header) == 0 && !l.nested }

// Separators of columns, by the names that an option has for them.
var separators = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|', "space": ' '}

// ColumnsHelp says in one clause what an option for columns takes.
func ColumnsHelp() string {
	return "how the file is laid out: " + strings.Join(Presets(), ", ") + "; or pairs such as SessionId=visit,ItemId=sku,Time=ts,time=ms"
}

// layoutOf reads an option for columns: "", the name of a preset, or pairs. Errors name what is legal.
func layoutOf(text string) (*layout, error) {
	if text == "" {
		return new(layout), nil
	}
	if !strings.Contains(text, "=") {
		for _, p := range presets {
			if p.name == text {
				return &p, nil
			}
		}
		return nil, fmt.Errorf("columns: unknown layout %q: legal are %s, or pairs such as SessionId=visit,ItemId=sku,Time=ts,time=ms",
			text, strings.Join(Presets(), ", "))
	}
	l := &layout{columns: map[string]string{}}
	for _, pair := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || value == "" {
			return nil, fmt.Errorf("columns: want pairs such as Time=ts, separated by commas, got %q", pair)
		}
		if err := l.set(key, value); err != nil {
			return nil, fmt.Errorf("columns: %w", err)
		}
	}
	return l, l.check()
}

// set takes one pair.
func (l *layout) set(key, value string) (err error) {
	switch key {
	case colSession, colItem, colTime, colUser, colChannel, colEvent, colOffset:
		l.columns[key] = value
	case "time":
		l.clock, err = clockOf(value)
	case "separator":
		separator, ok := separators[value]
		if !ok {
			return fmt.Errorf("separator must be one of %s, got %q", strings.Join(slices.Sorted(maps.Keys(separators)), ", "), value)
		}
		l.separator = separator
		if l.format = csvFormat; separator == '\t' {
			l.format = tsv
		}
	case "header":
		if value != "none" {
			return fmt.Errorf("header must be none where the file has no header line, got %q", value)
		}
		l.numbered = true
	case "order":
		if value != "any" {
			return fmt.Errorf("order must be any where lines are not in the order of time, got %q", value)
		}
		l.anyOrder = true
	case "idle":
		if l.idle, err = time.ParseDuration(value); err != nil || l.idle <= 0 {
			return fmt.Errorf("idle must be a duration above 0 such as 30m, got %q", value)
		}
		l.anyOrder = true
	case Click, Purchase, View, "ignore":
		l.events = rename(l.events, key, value)
	case Web, App, Store:
		l.channels = rename(l.channels, key, value)
	default:
		return fmt.Errorf("unknown key %q: legal are %s, %s for the names of columns; time, separator, header, order, idle; %s, %s, %s, "+
			"ignore for what %s has; %s, %s, %s for what %s has", key, strings.Join(columns, ", "), colOffset, Click, Purchase, View, colEvent, Web, App, Store, colChannel)
	}
	return err
}

// rename lets the values of a column, separated by |, mean one of ours.
func rename(to map[string]string, ours, values string) map[string]string {
	if to == nil {
		to = map[string]string{}
	}
	if ours == "ignore" {
		ours = ""
	}
	for _, value := range strings.Split(values, "|") {
		to[value] = ours
	}
	return to
}

func (l *layout) check() error {
	if !l.numbered {
		return nil
	}
	for _, column := range columns[:3] {
		if l.columns[column] == "" {
			return fmt.Errorf("columns: header=none needs the number of the column %s, as in %[1]s=1", column)
		}
	}
	for column, value := range l.columns {
		if n, err := strconv.Atoi(value); err != nil || n < 1 {
			return fmt.Errorf("columns: with header=none columns are called by their numbers from 1 on, got %s=%s", column, value)
		}
	}
	return nil
}

// checkHeader refuses a header line without the columns that a layout names, or with one of them twice.
func (l *layout) checkHeader(name string, line int, header []string) error {
	for i, ours := range append(slices.Clone(columns), colOffset) {
		theirs := l.theirs(ours)
		first := slices.Index(header, theirs)
		if first < 0 && (l.columns[ours] != "" || i < 3) {
			return fmt.Errorf("%s:%d: column %s is missing, which is %s in this layout; the header has %q", name, line, theirs, ours, header)
		}
		if first >= 0 && slices.Contains(header[first+1:], theirs) {
			second := first + 1 + slices.Index(header[first+1:], theirs)
			return fmt.Errorf("%s:%d: column %s is there twice, as columns %d and %d: take one of them out", name, line, theirs, first+1, second+1)
		}
	}
	return nil
}
