package journey

import (
	"errors"
	"fmt"
	"time"
)

// reader reads one file.
type reader struct {
	Report
	how       Reading
	layout    *layout
	text      *text
	assembler *assembler // of a file that fits into memory
	deal      *deal      // of one that does not; nil: it does so far
	people    *people
}

// rows reads all rows.
func (r *reader) rows(rows rowReader) error {
	for {
		values, line, err := rows.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		r.Lines++
		if err == nil {
			err = r.row(values, line)
		}
		if err = r.forgive(line, err); err != nil {
			if _, _, end := rows.next(); errors.Is(end, errEnd) && r.text.tail.last != '\n' {
				err = fmt.Errorf("%w (the file ends within this line: it was probably cut off)", err)
			}
			return err
		}
	}
}

// row takes one row.
func (r *reader) row(values row, line int) error {
	e, err := r.layout.parseEvent(values)
	if err != nil {
		return err
	}
	if err := r.within(e.at); err != nil {
		return err
	}
	_, named := values[colUser]
	one := entry{recorded: e, session: values[colSession], line: line, named: named}
	if r.deal != nil {
		return r.deal.add(one)
	}
	if err := r.assembler.add(one); err != nil {
		return err
	}
	limit := r.how.held
	if limit == 0 {
		limit = heldEvents
	}
	if r.assembler.events > limit {
		return r.spill()
	}
	return nil
}

// spill deals what is in memory into temporary files.
func (r *reader) spill() (err error) {
	if r.deal, err = newDeal(); err != nil {
		return err
	}
	for _, d := range r.assembler.drafts {
		for i, e := range d.events {
			if err := r.deal.add(entry{recorded: e, session: d.id, line: d.lines[i], named: d.named}); err != nil {
				return err
			}
		}
	}
	r.OnDisk, r.assembler = true, nil
	return nil
}

// forgive returns what is wrong with a line, or nil if it is left out for that.
func (r *reader) forgive(line int, err error) error {
	if err == nil {
		return nil
	}
	var wrong *lineError
	if !errors.As(err, &wrong) {
		if r.text.gzip || line == 0 {
			return r.text.explain(err)
		}
		return fmt.Errorf("%s:%d: %w", r.text.name, line, err)
	}
	if wrong.meant || r.how.LeaveOut {
		r.leave(line, wrong)
		return nil
	}
	return fmt.Errorf("%s:%d: %w", r.text.name, line, err)
}

// within refuses a time that is too far from those before it.
func (r *reader) within(at time.Time) error {
	begin, end := r.Begin, r.End
	if begin.IsZero() || at.Before(begin) {
		begin = at
	}
	if at.After(end) {
		end = at
	}
	if end.Sub(begin) > longestSpan {
		return bad(colTime+" is far from the others", "%s is %s, and the file has times from %s to %s: they must be within 30 years, so one of them is wrong",
			colTime, at.Format(time.RFC3339), begin.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	r.Begin, r.End = begin, end
	return nil
}

// finish puts the sessions together.
func (r *reader) finish() (*File, error) {
	sessions, err := r.gather()
	if err != nil {
		return nil, err
	}
	if sessions.size() == 0 {
		return nil, r.none()
	}
	if r.how.From > 0 {
		sessions, err = later(sessions, r.how.From, &r.Report)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.text.name, err)
		}
	}
	r.Sessions = sessions.size()
	for i := range r.Sessions {
		one := sessions.at(i)
		r.Events += len(one.events)
		r.people.add(one)
	}
	r.Identity = r.people.count()
	r.note()
	return &File{Report: r.Report, store: sessions}, nil
}

// none says why there are no sessions.
func (r *reader) none() error {
	if n := r.LeftOut(); n > 0 {
		l := r.Left[0]
		return fmt.Errorf("%s: no sessions: all %d lines were left out, the first of them line %d: %s", r.text.name, n, l.First[0], l.Example)
	}
	return fmt.Errorf("%s: no sessions: want columns %s, %s and %s and a line for every click",
		r.text.name, r.layout.theirs(colSession), r.layout.theirs(colItem), r.layout.theirs(colTime))
}

// gather puts the sessions together, in memory or on disk.
func (r *reader) gather() (store, error) {
	if r.deal == nil {
		var lines []int
		var all Sessions
		err := r.assembler.finish(func(s session, line int) error {
			all, lines = append(all, s), append(lines, line)
			return nil
		})
		r.Resorted = r.assembler.resort
		return byLine(all, lines), err
	}
	sessions, err := newSpool()
	if err != nil {
		return nil, err
	}
	for _, p := range r.deal.parts {
		a := newAssembler(r.layout)
		if err := p.entries(func(e entry) error { return r.forgive(e.line, a.add(e)) }); err != nil {
			return nil, err
		}
		if err := a.finish(sessions.add); err != nil {
			return nil, err
		}
		r.Resorted += a.resort
	}
	return sessions, errors.Join(sessions.seal(), r.deal.close())
}

// note says what is to be known of the times and the layout.
func (r *reader) note() {
	add := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if r.layout.note != "" {
		add("%s", r.layout.note)
	}
	if r.Begin.Unix() < oldest && (r.layout.clock == "" || units[r.layout.clock] > 0) {
		unit := r.layout.clock
		if unit == "" {
			unit = "s"
		}
		add("times begin in %d, too early to tell their unit by their size: they are taken for %s; if they are not, name it: time=ms among the columns", r.Begin.Year(), unit)
	}
	if r.text.tail.last != '\n' {
		add("the last line has no end: if the file was cut off, its last value may be")
	}
	if r.OnDisk {
		add("the sessions are too many for memory, and are in a temporary file")
	}
}
