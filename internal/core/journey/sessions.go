package journey

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/files"
)

// View is a recorded event that only looks at a page; the others are Click and Purchase.
const View = "view"

// Columns of a session file, in any order. Others are passed over.
const (
	colSession = "SessionId" // required
	colItem    = "ItemId"    // required
	colTime    = "Time"      // required: seconds since 1970, or RFC 3339
	colUser    = "UserId"    // optional; empty: not logged in
	colChannel = "Channel"   // optional: web (default), app or store
	colEvent   = "Event"     // optional: click (default), purchase or view
)

// maxID is the most bytes of a session id: with what a replay adds, it has to fit into what the stack takes.
const maxID = 80

// Reading says how a file of recorded sessions is read. The zero value takes our own columns, and refuses a file with a line that is
// damaged.
type Reading struct {
	Format   string        // one of Formats; "": by the extension of the file, or by its first line
	Columns  string        // a layout: one of Presets, or pairs (ColumnsHelp); "": our own columns
	LeaveOut bool          // lines that are damaged are left out and counted
	From     time.Duration // sessions that begin earlier than this after the first one are left out
	Names    Options       // of the command, for messages

	held int // events in memory; 0: heldEvents
}

// File is a file of recorded sessions that was read to its end.
type File struct {
	Report
	store
}

// Report is what was read of a file of sessions, and what was left out.
type Report struct {
	Name, Format, Layout string // Layout: the name of a preset, "" for none
	Lines                int    // lines or records of events, read or left out
	Events, Sessions     int
	Begin, End           time.Time // of the events
	Left                 []Left    // by reason, in the order in which they came
	Resorted             int       // lines that stood before an earlier one of their session, and were put into the order of time
	Early                int       // sessions that Reading.From left out
	OnDisk               bool      // sessions are in a temporary file, since they were too many for memory
	Identity             Identity
	Notes                []string // what is to be known of the times and the layout
}

// store is sessions in the order in which they begin in their file.
type store interface {
	size() int
	at(i int) session
	begin(i int) time.Time // when session i begins
}

// Sessions are recorded sessions in memory.
type Sessions []session

func (s Sessions) size() int             { return len(s) }
func (s Sessions) at(i int) session      { return s[i] }
func (s Sessions) begin(i int) time.Time { return s[i].events[0].at }

// session is one recorded session, with at least one event.
type session struct {
	id     string
	named  bool   // the file has a column of users; if not, every session is given one
	user   string // "" if it never logged in
	events []recorded
}

// recorded is one event of a session; times never go back.
type recorded struct {
	at                        time.Time
	kind, channel, item, user string
}

// row is one line of a file, by column; a column that the file does not have is missing.
type row map[string]string

// rowReader reads a file row by row: it returns the row and its line number, and errEnd after the last.
type rowReader interface {
	next() (row, int, error)
}

// Formats of a file of sessions.
const (
	tsv       = "tsv"
	csvFormat = "csv"
	jsonl     = "jsonl"
)

// Formats are the formats of a file of sessions.
func Formats() []string { return []string{tsv, csvFormat, jsonl} }

// ReadFile reads the file at a path, as Read does.
func ReadFile(path string, how Reading) (*File, error) {
	file, err := files.OpenRegular(path) // the load generator reads it again
	if err != nil {
		return nil, fmt.Errorf("journeys: %w", err)
	}
	defer file.Close()
	return Read(path, file, how)
}

// Read reads sessions: text in UTF-8, or a gzip file of such text, of any length. Errors name the file, the line, and options that the
// command has. What it returns keeps a temporary file open if the sessions are too many for memory, until the process ends.
func Read(name string, file io.Reader, how Reading) (*File, error) {
	l, err := layoutOf(how.Columns)
	if err != nil {
		return nil, err
	}
	text, err := open(name, file)
	if err != nil {
		return nil, err
	}
	r := &reader{how: how, layout: l, text: text, assembler: newAssembler(l), people: newPeople()}
	r.Report = Report{Name: filepath.Base(name), Layout: l.name}
	rows, err := r.open()
	if err != nil {
		return nil, err
	}
	if err := r.rows(rows); err != nil {
		return nil, err
	}
	return r.finish()
}

// open chooses the reader of a format.
func (r *reader) open() (rowReader, error) {
	name, format := r.text.name, cmp.Or(r.how.Format, r.layout.format)
	if format == "" {
		head, _ := r.text.Peek(headBytes) // what there is of it
		format = formatOf(name, head)
	}
	r.Format = format
	lines := lines{text: r.text.Reader}
	switch {
	case r.layout.nested:
		return &nestedLines{jsonLines: jsonLines{lines: lines, layout: r.layout}}, nil
	case format == tsv:
		return newTable(name, tsv, readTSV(r.text.Reader, r.layout.separator), r.layout, r.how.Names)
	case format == csvFormat:
		return newTable(name, csvFormat, readCSV(r.text, r.layout.separator), r.layout, r.how.Names)
	case format == jsonl:
		return &jsonLines{lines: lines, layout: r.layout, checked: map[string]bool{}}, nil
	}
	todo := "let its name end in ." + strings.Join(Formats(), ", .")
	if r.how.Names.Format != "" {
		todo += fmt.Sprintf("; or set "+r.how.Names.Format, strings.Join(Formats(), "|"))
	}
	return nil, fmt.Errorf("%s: neither its name nor its first line tells the format: %s", name, todo)
}

// parseEvent checks the values of one row.
func (l *layout) parseEvent(r row) (recorded, error) {
	e := recorded{kind: Click, channel: Web, item: r[colItem], user: r[colUser]}
	if e.user == l.nobody {
		e.user = ""
	}
	err := choose(colEvent, r[colEvent], l.events, []string{Click, Purchase, View}, &e.kind)
	if err != nil {
		return e, err
	}
	for _, column := range []string{colSession, colItem, colTime} {
		switch {
		case r[column] != "":
		case column == colSession && l.gaps:
			return e, passed("%s is empty", l.theirs(column))
		default:
			return e, bad(column+" is empty", "%s is empty", column)
		}
	}
	if n := len(r[colSession]); n > maxID {
		return e, bad(colSession+" is too long", "%s must have at most %d bytes, got %d", colSession, maxID, n)
	}
	if e.at, err = l.parseClock(r[colTime]); err != nil {
		return e, bad(colTime+" cannot be read", "%w", err)
	}
	if offset := r[colOffset]; offset != "" {
		ms, err := time.ParseDuration(offset + "ms")
		if err != nil || ms < 0 {
			return e, bad(colOffset+" cannot be read", "%s must be milliseconds from 0 on, got %q", l.theirs(colOffset), offset)
		}
		e.at = e.at.Add(ms)
	}
	return e, choose(colChannel, r[colChannel], l.channels, []string{Web, App, Store}, &e.channel)
}

// choose takes a value that must be one of ours, or of those that mean one of ours. "" leaves what dst has.
func choose(column, value string, to map[string]string, legal []string, dst *string) error {
	if to == nil {
		switch {
		case value == "":
		case slices.Contains(legal, value):
			*dst = value
		default:
			return bad(column+" is unknown", "%s must be one of %s, got %q", column, strings.Join(legal, ", "), value)
		}
		return nil
	}
	ours, known := to[value]
	switch {
	case !known && value == "":
	case !known:
		return bad(column+" is unknown", "%s must be one of %s, got %q", column, strings.Join(slices.Sorted(maps.Keys(to)), ", "), value)
	case ours == "":
		return passed("%s %q has no place in a journey", column, value)
	default:
		*dst = ours
	}
	return nil
}
