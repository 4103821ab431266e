package catch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Waiver is what somebody has accepted, and what became of it in this run.
type Waiver struct {
	result.Waiver
	Expired bool
	Used    []string // where it was needed: FAULT at LEVEL, or the alert
}

// Text says what is waived, and until when.
func (w Waiver) Text() string {
	where := ""
	if w.Level != "" {
		where = " at " + w.Level
	}
	switch w.Waive {
	case result.WaiveMissed:
		return fmt.Sprintf("%s missed%s", w.Fault, where)
	case result.WaiveUndiagnosed:
		return fmt.Sprintf("%s not diagnosed%s", w.Fault, where)
	case result.WaiveFalseAlarm:
		if w.Fault != "" {
			where += " during " + w.Fault
		}
		return fmt.Sprintf("false alarms of %s%s", w.Alert, where)
	default:
		return fmt.Sprintf("%s never fires", w.Alert)
	}
}

// covers says that the waiver is about this: an empty field of it is about any.
func (w Waiver) covers(waive, fault, alert, level string) bool {
	return w.Waive == waive && cmp.Or(w.Fault, fault) == fault && cmp.Or(w.Alert, alert) == alert && cmp.Or(w.Level, level) == level
}

// waived says that something is waived, by a waiver that has not expired.
func (m *Matrix) waived(waive, fault, alert, level string) bool {
	return slices.ContainsFunc(m.Waivers, func(w Waiver) bool { return !w.Expired && w.covers(waive, fault, alert, level) })
}

// waivers finds out which waivers had expired when the run began, and where each was needed.
func (m *Matrix) waivers(of []result.Waiver, began time.Time) {
	for _, written := range of {
		w := Waiver{Waiver: written}
		if last, err := time.Parse(time.DateOnly, written.Expires); err == nil {
			w.Expired = !began.Before(last.AddDate(0, 0, 1))
		}
		m.eachCell(func(row Row, c Cell) {
			place := row.Fault.ID + " at " + c.Level
			if missed(c.State) && w.covers(result.WaiveMissed, row.Fault.ID, "", c.Level) ||
				c.State.Judged() && !c.Diagnosed && w.covers(result.WaiveUndiagnosed, row.Fault.ID, "", c.Level) {
				w.Used = add(w.Used, place)
			}
			for _, alert := range c.False {
				if w.covers(result.WaiveFalseAlarm, row.Fault.ID, alert, c.Level) {
					w.Used = add(w.Used, alert+" at "+c.Level)
				}
			}
		})
		for _, c := range m.Coverage {
			if len(c.For) == 0 && w.covers(result.WaiveNeverFired, "", c.Alert, "") {
				w.Used = add(w.Used, c.Alert)
			}
		}
		m.Waivers = append(m.Waivers, w)
	}
}

// eachCell goes through all cells.
func (m *Matrix) eachCell(do func(Row, Cell)) {
	for _, row := range m.Faults {
		for _, c := range row.Cells {
			do(row, c)
		}
	}
}

// missed says that a fault had its effect and no alert told of it.
func missed(s State) bool { return s == Missed || s == CannotFire }
