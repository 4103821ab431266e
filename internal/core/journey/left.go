package journey

import (
	"fmt"
	"slices"
)

// lineError says that a line cannot be used; reading can go on behind it.
type lineError struct {
	why   string // for all lines of its kind alike
	meant bool   // such lines are known of the layout: they are left out, and no error
	err   error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// bad is a lineError of a damaged line.
func bad(why, format string, args ...any) error {
	return &lineError{why: why, err: fmt.Errorf(format, args...)}
}

// passed is a lineError of a line that a layout is known to have and a journey has no place for.
func passed(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &lineError{why: err.Error(), meant: true, err: err}
}

// Left are lines that were left out for one reason.
type Left struct {
	Why     string
	Damaged bool  // something is wrong with them; false: they have no place in a journey
	Lines   int   // how many
	First   []int // numbers of the first few of them
	Example string
}

// fewLines is how many line numbers are kept of each reason.
const fewLines = 3

// leave counts a line that is left out.
func (r *Report) leave(line int, e *lineError) {
	i := slices.IndexFunc(r.Left, func(l Left) bool { return l.Why == e.why })
	if i < 0 {
		i = len(r.Left)
		r.Left = append(r.Left, Left{Why: e.why, Damaged: !e.meant, Example: e.Error()})
	}
	l := &r.Left[i]
	if l.Lines++; len(l.First) < fewLines {
		l.First = append(l.First, line)
	}
}

// Damaged is how many lines were left out because something is wrong with them.
func (r *Report) Damaged() (n int) {
	for _, l := range r.Left {
		if l.Damaged {
			n += l.Lines
		}
	}
	return n
}

// LeftOut is how many lines were left out, for whatever reason.
func (r *Report) LeftOut() (n int) {
	for _, l := range r.Left {
		n += l.Lines
	}
	return n
}
