// Package scriptrun compares two runs of a k6 script that tollgate did not conduct: of their interval logs (package hlog), or of
// the summaries that k6 writes.
package scriptrun

import (
	"fmt"
	"os"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Confidence of all intervals.
const Confidence = 0.95

// Comparison is two runs, or rather recordings of them, side by side.
type Comparison struct {
	A, B     Side
	Of       string // what was compared: interval logs, or k6 summaries
	Interval string // which interval is possible from it, and what it leaves out
	Series   []Series
	Warnings []string // what makes the runs unlike, or is wrong with one
}

// Side is one of the two runs.
type Side struct {
	Path string
	Text string // what it says of itself, without its path
}

// Series is what both runs measured under one name.
type Series struct {
	Name   string // as in the file
	Title  string // for people
	Unit   string // ms; "": values without a unit
	NA, NB int64  // values; 0: not known
	Stats  []Stat
	Note   string // what was left out, and why
}

// Interval is an estimate with the ends of its interval, which are NaN where none is possible.
type Interval = stats.Interval

// Stat is a statistic of both runs, in the unit of its series.
type Stat struct {
	Name             string
	A, B, Difference Interval // Difference: B − A
}

// Known says whether the difference has an interval.
func (s Stat) Known() bool { return s.Difference.Finite() }

// Files compares two files, which must be of one kind. The error says what they are.
func Files(a, b string) (*Comparison, error) {
	kindA, err := kindOf(a)
	if err != nil {
		return nil, err
	}
	kindB, err := kindOf(b)
	switch {
	case err != nil:
		return nil, err
	case kindA != kindB:
		return nil, fmt.Errorf("compare: %s is %s and %s is %s: both must be of one kind", a, kindA, b, kindB)
	case kindA == isLog:
		return logs(a, b)
	default:
		return summaries(a, b)
	}
}

// What a file is.
const (
	isLog     = "an interval log"
	isSummary = "a k6 summary"
)

// kindOf tells a log from a summary by its first character.
func kindOf(path string) (string, error) {
	f, err := os.Open(path) // #nosec G304 -- the user names it
	if err != nil {
		return "", fmt.Errorf("compare: %w", err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := f.Read(head)
	if n == 0 {
		return "", fmt.Errorf("compare: %s is empty (%w): want an interval log of `k6 run --out perso=FILE`, or a k6 summary as JSON", path, err)
	}
	for _, c := range head[:n] {
		switch c {
		case ' ', '\t', '\r', '\n':
		case '#':
			return isLog, nil
		case '{':
			return isSummary, nil
		default:
			return "", fmt.Errorf("compare: %s begins with %q: want an interval log of `k6 run --out perso=FILE`, or a k6 summary as JSON "+
				"(--summary-export, or JSON.stringify(data) in handleSummary)", path, rune(c))
		}
	}
	return "", fmt.Errorf("compare: %s holds nothing but white space", path)
}

// common are the names that both have, and warnings of those that one has alone.
func common(a, b []string) (both, warnings []string) {
	for _, name := range a {
		if slices.Contains(b, name) {
			both = append(both, name)
		}
	}
	for _, side := range []struct {
		name     string
		of, than []string
	}{{"A", a, b}, {"B", b, a}} {
		var alone []string
		for _, name := range side.of {
			if !slices.Contains(side.than, name) {
				alone = append(alone, hlog.Title(name))
			}
		}
		if len(alone) > 0 {
			warnings = append(warnings, fmt.Sprintf("only %s has %s", side.name, list(alone)))
		}
	}
	return both, warnings
}

// list names things, the first ten of many.
func list(names []string) string {
	const most = 10
	text, more := "", ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	for i, name := range names {
		if i > 0 {
			text += "; "
		}
		text += name
	}
	return text + more
}
