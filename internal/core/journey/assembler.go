package journey

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is an event with where it stands.
type entry struct {
	recorded
	session string
	line    int
	named   bool // the file has a column of users
}

// assembler makes sessions of entries. It holds what it was given in memory.
type assembler struct {
	layout *layout
	drafts []draft
	index  map[string]int // by session id
	events int
	resort int // entries that stood before an earlier one
}

// draft is a session that more entries may belong to.
type draft struct {
	session
	lines  []int // of the events
	mixed  bool  // the events are not in the order of time
	latest time.Time
}

func newAssembler(l *layout) *assembler { return &assembler{layout: l, index: map[string]int{}} }

// add takes an entry; entries of a session come in the order of the file. A lineError says why it was not taken.
func (a *assembler) add(e entry) error {
	i, known := a.index[e.session]
	if known {
		d := &a.drafts[i]
		if e.user != "" && d.user != "" && d.user != e.user {
			return bad("a second user in a session", "session %q has two users, %q and %q", e.session, d.user, e.user)
		}
		if back := d.latest.Sub(e.at); back > 0 {
			if !a.layout.anyOrder {
				return bad("time goes back within a session", "session %q goes back in time, by %s: sort the file by time", e.session, back)
			}
			a.resort++
			d.mixed = true
		}
	} else {
		i = len(a.drafts)
		e.session = strings.Clone(e.session)
		a.index[e.session] = i
		a.drafts = append(a.drafts, draft{session: session{id: e.session}})
	}
	d := &a.drafts[i]
	d.named = d.named || e.named
	if e.user != "" && d.user == "" {
		d.user = strings.Clone(e.user)
	}
	if e.at.After(d.latest) {
		d.latest = e.at
	}
	e.item, e.user = strings.Clone(e.item), strings.Clone(e.user) // they are parts of a whole line
	d.events, d.lines = append(d.events, e.recorded), append(d.lines, e.line)
	a.events++
	return nil
}

// finish hands over the sessions, each with the line of its first event in the file.
func (a *assembler) finish(take func(s session, line int) error) error {
	for i := range a.drafts {
		d := &a.drafts[i]
		if d.mixed {
			d.sort()
		}
		for _, part := range d.split(a.layout.idle) {
			if err := take(part.session, slices.Min(part.lines)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sort puts the events into the order of time; those of one time keep theirs.
func (d *draft) sort() {
	order := make([]int, len(d.events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return d.events[a].at.Compare(d.events[b].at) })
	events, lines := make([]recorded, len(order)), make([]int, len(order))
	for i, from := range order {
		events[i], lines[i] = d.events[from], d.lines[from]
	}
	d.events, d.lines = events, lines
}

// split cuts what a visitor did into sessions, where there was no event for longer than idle; 0: it is one session.
func (d *draft) split(idle time.Duration) []draft {
	if idle == 0 {
		return []draft{*d}
	}
	var out []draft
	begin := 0
	for i := 1; i <= len(d.events); i++ {
		if i < len(d.events) && d.events[i].at.Sub(d.events[i-1].at) <= idle {
			continue
		}
		part := *d
		part.id += "-" + strconv.Itoa(len(out)+1)
		part.events, part.lines = d.events[begin:i], d.lines[begin:i]
		out = append(out, part)
		begin = i
	}
	return out
}
