package journey

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/files"
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

// Sessions are recorded sessions, in the order in which they begin in their file.
type Sessions []session

// ReadSessions reads a file of recorded sessions, as ParseSessions does.
func ReadSessions(path string, o Options) (Sessions, error) {
	content, err := files.ReadRegular(path, maxText) // the load generator reads it again
	if err != nil {
		return nil, fmt.Errorf("journeys: %w", err)
	}
	return ParseSessions(path, "", content, o)
}

// Events is how many events the sessions have together.
func (s Sessions) Events() (n int) {
	for _, one := range s {
		n += len(one.events)
	}
	return n
}

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

// ParseSessions reads sessions in the order in which they begin in the file, which is text in UTF-8, or a gzip file of such
// text. Format is one of Formats; "" goes by the extension of name, and where that says nothing by the first line. Errors name
// the file, the line, and options that the command has.
func ParseSessions(name, format string, content []byte, o Options) (Sessions, error) {
	text, err := unzip(name, content)
	if err != nil {
		return nil, err
	}
	if err := recognize(name, text); err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	rows, err := openRows(name, format, text, o)
	if err != nil {
		return nil, err
	}
	b := builder{index: map[string]int{}}
	for {
		r, line, err := rows.next()
		if err == nil {
			err = b.add(r)
		} else if errors.Is(err, errEnd) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	if len(b.sessions) == 0 {
		return nil, fmt.Errorf("%s: no sessions: want columns %s, %s and %s and a line for every click", name, colSession, colItem, colTime)
	}
	return b.sessions, nil
}

// openRows chooses the reader of a format.
func openRows(name, format string, text []byte, o Options) (rowReader, error) {
	if format == "" {
		format = formatOf(name, text)
	}
	switch format {
	case tsv:
		return newTable(name, format, readTSV(text), o)
	case csvFormat:
		return newTable(name, format, readCSV(text), o)
	case jsonl:
		return &jsonLines{lines: lines{text: text}, checked: map[string]bool{}}, nil
	}
	todo := "let its name end in ." + strings.Join(Formats(), ", .")
	if o.Format != "" {
		todo += fmt.Sprintf("; or set "+o.Format, strings.Join(Formats(), "|"))
	}
	return nil, fmt.Errorf("%s: neither its name nor its first line tells the format: %s", name, todo)
}

// builder gathers rows into sessions.
type builder struct {
	sessions         []session
	index            map[string]int // by session id
	earliest, latest time.Time      // of all events
}

func (b *builder) add(r row) error {
	e, err := parseEvent(r)
	if err != nil {
		return err
	}
	if err := b.within(e.at); err != nil {
		return err
	}
	id := r[colSession]
	i, ok := b.index[id]
	if !ok {
		i = len(b.sessions)
		b.index[id] = i
		b.sessions = append(b.sessions, session{id: id})
	}
	s := &b.sessions[i]
	if n := len(s.events); n > 0 && e.at.Before(s.events[n-1].at) {
		return fmt.Errorf("session %q goes back in time, by %s: sort the file by time", id, s.events[n-1].at.Sub(e.at))
	}
	if _, ok := r[colUser]; ok {
		s.named = true
	}
	if e.user != "" {
		if s.user != "" && s.user != e.user {
			return fmt.Errorf("session %q has two users, %q and %q", id, s.user, e.user)
		}
		s.user = e.user
	}
	s.events = append(s.events, e)
	return nil
}

// within refuses a time that is too far from those before it.
func (b *builder) within(at time.Time) error {
	if b.earliest.IsZero() || at.Before(b.earliest) {
		b.earliest = at
	}
	if at.After(b.latest) {
		b.latest = at
	}
	if b.latest.Sub(b.earliest) > longestSpan {
		return fmt.Errorf("%s is %s, and the file has times from %s to %s: they must be within 30 years, so one of them is wrong",
			colTime, at.Format(time.RFC3339), b.earliest.Format(time.RFC3339), b.latest.Format(time.RFC3339))
	}
	return nil
}

// parseEvent checks the values of one row.
func parseEvent(r row) (recorded, error) {
	for _, column := range []string{colSession, colItem, colTime} {
		if r[column] == "" {
			return recorded{}, fmt.Errorf("%s is empty", column)
		}
	}
	if n := len(r[colSession]); n > maxID {
		return recorded{}, fmt.Errorf("%s must have at most %d bytes, got %d", colSession, maxID, n)
	}
	e := recorded{kind: Click, channel: Web, item: r[colItem], user: r[colUser]}
	var err error
	if e.at, err = parseTime(r[colTime]); err != nil {
		return recorded{}, err
	}
	for _, choice := range []struct {
		column string
		dst    *string
		legal  []string
	}{
		{colChannel, &e.channel, []string{Web, App, Store}},
		{colEvent, &e.kind, []string{Click, Purchase, View}},
	} {
		v := r[choice.column]
		if v == "" {
			continue
		}
		if !slices.Contains(choice.legal, v) {
			return recorded{}, fmt.Errorf("%s must be one of %s, got %q", choice.column, strings.Join(choice.legal, ", "), v)
		}
		*choice.dst = v
	}
	return e, nil
}
