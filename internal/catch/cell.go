package catch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// State says what happened to one fault at one level.
type State string

// States of a cell.
const (
	Detected     State = "detected"
	Missed       State = "missed"
	Quiet        State = "quiet"         // fault "none": nothing fired, as it should be
	Noisy        State = "noisy"         // fault "none": something fired
	UnderPowered State = "under-powered" // not detected, and the load could not have supported any expected alert
	Unconfirmed  State = "unconfirmed"   // the effect was not seen: no credit and no blame
	Skipped      State = "skipped"
	Unfinished   State = "unfinished" // the run ended before the pass did
)

// Cell is one fault at one level.
type Cell struct {
	Level       string
	State       State
	Alert       string        // the expected alert that fired first; "" if none
	Detect      time.Duration // time to detect of Alert: first firing − confirmation (0 when it fired before it)
	Injected    time.Duration // first firing − injection: the effect began between injection and confirmation
	LeastDetect time.Duration // the least time to detect that the rule of Alert leaves: see result.Alert
	Clear       time.Duration // last expected alert inactive − revert confirmed; −1: not seen
	Confirmed   time.Time
	Reverted    time.Time
	Also        []string // other expected or allowed alerts that fired
	False       []string // alerts that fired in the clean window, or that the fault does not explain
	Evidence    string   // what the evidence query found; "" where there is none at this level
	Diagnosed   bool     // evidence in the fault window and none in the clean one
	Spans       []Span   // for the timeline
	Note        string   // footnote; "" if there is nothing to say
}

// judge finds what one fault did at one level.
type judge struct {
	*pass
	data  *result.Data
	level result.Level
	spans []alertSpan // of the level, over the whole run
	end   time.Time   // of the pass
	said  []string    // the parts of the cell's note
}

func (j *judge) cell() Cell {
	c := Cell{
		Level: j.level.Name, Clear: -1,
		Confirmed: j.confirmed[j.level.Name], Reverted: j.reverted[j.level.Name],
	}
	if e, found := j.evidence[j.level.Name]; found {
		c.Evidence = e.Detail
		c.Diagnosed = e.Values["fault"] > 0 && e.Values["clean"] == 0
	}
	if j.fault.Skipped != "" {
		c.State = Skipped
		c.Note = j.fault.ID + ": skipped: " + j.fault.Skipped
		return c
	}
	if j.start.IsZero() {
		c.State = Unfinished
		c.Note = j.fault.ID + ": the run ended before its turn"
		return c
	}
	c.Spans = j.timeline()
	if !c.Confirmed.IsZero() && j.fault.ID != noFault {
		j.detect(&c)
	}
	c.False = j.falseAlarms(c.Confirmed)
	c.State = j.state(c)
	c.Note = strings.Join(j.said, "; ")
	return c
}

// state is the state of a cell whose alerts have been looked at.
func (j *judge) state(c Cell) State {
	switch {
	case j.done.IsZero():
		return Unfinished
	case j.fault.ID == noFault && len(c.False) > 0:
		return Noisy
	case j.fault.ID == noFault:
		return Quiet
	case c.Confirmed.IsZero():
		return Unconfirmed
	case c.Alert != "":
		return Detected
	case j.underPowered():
		return UnderPowered
	default:
		return Missed
	}
}

// timeline is every stretch of every alert that touches the pass, cut to it.
func (j *judge) timeline() []Span {
	var out []Span
	for _, s := range j.spans {
		if s.end.After(j.start) && s.start.Before(j.end) {
			out = append(out, Span{
				Alert: s.alert, State: s.state, Expected: j.explains(s.alert),
				Start: later(s.start, j.start), End: first(s.end, j.end),
			})
		}
	}
	return out
}

// explains says that the fault accounts for an alert.
func (j *judge) explains(alert string) bool {
	return slices.Contains(j.fault.Expect, alert) || slices.Contains(j.fault.Allow, alert)
}

// detect looks for the expected alerts. One counts when it starts to fire after the injection and before the effect is
// gone again at this level; one that already fired before is no detection, whatever it goes on to do.
func (j *judge) detect(c *Cell) {
	gone := j.end
	if !c.Reverted.IsZero() {
		gone = c.Reverted
	}
	var fired []alertSpan
	for _, s := range j.spans {
		if s.state != result.Firing || s.start.Before(j.inject) || s.start.After(j.end) || !j.explains(s.alert) {
			continue
		}
		switch expected := slices.Contains(j.fault.Expect, s.alert); {
		case expected && s.start.After(gone):
			j.say("%s fired only after the fault was gone", s.alert)
			c.Also = add(c.Also, s.alert)
		case expected && c.Alert == "":
			c.Alert = s.alert
			c.Detect = max(0, s.start.Sub(c.Confirmed))
			c.Injected = s.start.Sub(j.inject)
			c.LeastDetect = j.leastDetect(s.alert)
			fired = append(fired, s)
		default:
			if expected {
				fired = append(fired, s)
			}
			if s.alert != c.Alert {
				c.Also = add(c.Also, s.alert)
			}
		}
	}
	c.Also = slices.DeleteFunc(c.Also, func(a string) bool { return a == c.Alert })
	c.Clear = j.clear(fired, c.Reverted)
}

// clear is how long after the revert the last of the alerts ceased to fire: 0 if before it, −1 if that was not seen.
func (j *judge) clear(fired []alertSpan, reverted time.Time) time.Duration {
	if len(fired) == 0 || reverted.IsZero() {
		return -1
	}
	var last time.Time
	for _, s := range fired {
		if s.open || s.end.After(j.end) {
			return -1
		}
		last = later(last, s.end)
	}
	return max(0, last.Sub(reverted))
}

func (j *judge) leastDetect(alert string) time.Duration {
	for _, a := range j.data.Run.Alerts {
		if a.Name == alert {
			return a.LeastDetect
		}
	}
	return 0
}

// falseAlarms are the alerts that fired in the clean window, or later without being explained by the fault. Where the
// fault was not confirmed, only the clean window counts. An alert that was already firing when the pass began is the
// tail of what came before: it is noted, not counted.
func (j *judge) falseAlarms(confirmed time.Time) []string {
	var out []string
	for _, s := range j.spans {
		if s.state != result.Firing || !s.end.After(j.start) || s.start.After(j.end) {
			continue
		}
		if s.start.Before(j.start) {
			j.say("%s was still firing from before this pass", s.alert)
			continue
		}
		inClean := !j.clean.IsZero() && s.end.After(j.clean) && (j.inject.IsZero() || s.start.Before(j.inject))
		underFault := !j.inject.IsZero() && !s.start.Before(j.inject)
		switch {
		case inClean:
			out = add(out, s.alert)
		case underFault && j.fault.ID == noFault:
			out = add(out, s.alert)
		case underFault && !confirmed.IsZero() && !j.explains(s.alert):
			out = add(out, s.alert)
		}
	}
	return out
}

// say adds a part to the cell's note, once.
func (j *judge) say(format string, args ...any) { j.said = add(j.said, fmt.Sprintf(format, args...)) }

// add appends s unless it is there.
func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
