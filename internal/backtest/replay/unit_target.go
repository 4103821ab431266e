package replay

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// target is the time at which an alert of some name fired, from which its test is made.
type target struct {
	alert, level, pass string
	what               string // that it must not fire before, in words
	from, silent, at   int64  // ms: begin of the series, a time at which it must not fire, and when it fired
}

// Ranks of what an alert did in a pass, the best first.
const (
	asFirst = iota // it detected the fault
	asOther        // it fired with another
	asFalse        // it was a false alarm
	asNothing
)

// targets is one for every alert that fired in a pass, in the order of the rules; for those that detected a fault, where they did.
func (w *unitWriter) targets() []target {
	var out []target
	var seen []string
	for _, a := range w.run.Run.Alerts {
		if a.Constant == result.AlwaysTrue || slices.Contains(seen, a.Name) {
			continue
		}
		seen = append(seen, a.Name)
		if t, ok := w.target(a.Name); ok {
			out = append(out, t)
		}
	}
	return out
}

// target finds the best time of an alert; false if it fired in no pass.
func (w *unitWriter) target(name string) (best target, ok bool) {
	ids, rank := w.ids(name), asNothing
	for _, row := range w.matrix.Faults {
		for l, level := range w.matrix.Levels {
			is := rankOf(row.Cells[l], ids)
			clean := startOf(row, "clean")
			at, fired := w.fired(level, name, clean, row.End)
			if is >= rank || !fired {
				continue
			}
			t := target{alert: name, level: level, pass: row.Name(), at: at.UnixMilli(), silent: startOf(row, "inject").UnixMilli(), what: "the injection"}
			if is == asFalse || t.silent >= t.at {
				t.silent, t.what = t.at-w.hold(name)-2*w.eval, "the time in the run"
			}
			t.from = min(clean.UnixMilli(), t.at-w.past(name), t.silent)
			t.from = t.at - (t.at-t.from+w.eval-1)/w.eval*w.eval // evaluations are in step with the one at which it fired
			best, ok, rank = t, true, is
		}
	}
	return best, ok
}

// ids are the IDs of the rules of a name.
func (w *unitWriter) ids(name string) []string {
	var out []string
	all := result.Rules(w.run.Run.Alerts)
	for i, a := range all {
		if a.Name == name {
			out = append(out, all.ID(i))
		}
	}
	return out
}

func rankOf(c catch.Cell, ids []string) int {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return slices.Contains(ids, id) })
	}
	switch {
	case slices.Contains(ids, c.Alert):
		return asFirst
	case has(c.Also):
		return asOther
	case has(c.False):
		return asFalse
	default:
		return asNothing
	}
}

// startOf is when a phase of a pass began, or the pass.
func startOf(row catch.Row, phase string) time.Time {
	for _, p := range row.Phases {
		if p.Name == phase {
			return p.Start
		}
	}
	return row.Start
}

// fired is when an alert began to fire at a level in a time.
func (w *unitWriter) fired(level, name string, from, to time.Time) (time.Time, bool) {
	for _, e := range w.run.Alerts {
		if e.Arm == level && e.Alert == name && e.To == result.Firing && !e.Time.Before(from) && !e.Time.After(to) {
			return e.Time, true
		}
	}
	return time.Time{}, false
}

// hold is the longest for of the rules of a name, ms.
func (w *unitWriter) hold(name string) int64 {
	var out time.Duration
	for _, a := range w.run.Run.Alerts {
		if a.Name == name {
			out = max(out, a.RunFor)
		}
	}
	return out.Milliseconds()
}

// past is how long before it fires the data of an alert must begin, so that its windows are full, ms.
func (w *unitWriter) past(name string) int64 {
	const most = time.Hour
	var out time.Duration
	for _, a := range w.run.Run.Alerts {
		if a.Name == name {
			need := result.Plus(result.Plus(result.Plus(a.Window, a.Window), a.Reach), result.Plus(a.RunFor, a.QueryOffset))
			out = max(out, min(need, most))
		}
	}
	return (out + w.conditions(w.of).lookback).Milliseconds()
}

// quiet is the longest clean window without a pending or firing alert at the last level that has one, ms.
func quiet(m *catch.Matrix) (level, pass string, from, to int64, ok bool) {
	for l, name := range slices.Backward(m.Levels) {
		for _, row := range m.Faults {
			at := slices.IndexFunc(row.Phases, func(p catch.Phase) bool { return p.Name == "clean" })
			if at < 0 {
				continue
			}
			p := row.Phases[at]
			disturbed := slices.ContainsFunc(row.Cells[l].Spans, func(s catch.Span) bool { return s.Start.Before(p.End) && s.End.After(p.Start) })
			if length := p.End.Sub(p.Start).Milliseconds(); !disturbed && length > to-from {
				level, pass, from, to, ok = name, row.Name(), p.Start.UnixMilli(), p.End.UnixMilli(), true
			}
		}
		if ok {
			return level, pass, from, to, ok
		}
	}
	return "", "", 0, 0, false
}
