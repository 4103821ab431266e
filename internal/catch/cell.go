package catch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// State says what happened to one fault at one level.
type State string

// States of a cell.
const (
	Detected     State = "detected"
	Missed       State = "missed"
	Quiet        State = "quiet"         // fault "none": nothing fired, as it should be
	Noisy        State = "noisy"         // fault "none": something fired
	CannotFire   State = "cannot-fire"   // not detected, and no expected alert can notice the fault in this run
	UnderPowered State = "under-powered" // not detected, and the load could not have supported any expected alert
	Unconfirmed  State = "unconfirmed"   // the effect was not seen: no credit and no blame
	Skipped      State = "skipped"
	Unfinished   State = "unfinished" // the run ended before the pass did
)

// Cell is one fault at one level. Alerts are named by their IDs: see result.Rules.
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
	Cannot      []string      // expected alerts that cannot notice the fault in this run: name, reason and what to change, a sentence each
	Also        []string      // other expected or allowed alerts that fired
	False       []string      // alerts that fired in the clean window, or that the fault does not explain
	Evidence    string        // what the evidence query found; "" where there is none at this level
	Diagnosed   bool          // evidence in the fault window and none in the clean one
	Spans       []Span        // for the timeline
	Synthetic   []string      // alerts behind the state, or false alarms, that were judged on synthetic history
	Later       time.Duration // by how much the injection was later than that of the row, in a launch of its own; may be negative
	Note        string        // footnote; "" if there is nothing to say
}

// judge finds what one fault did at one level.
type judge struct {
	*pass
	data     *result.Data
	level    result.Level
	rules    *rules
	spans    []alertSpan // of the level, over the whole run
	end      time.Time   // of the pass
	watched  time.Time   // until when its alerts were waited for: its end, or that of the next pass's wait for quiet
	before   *pass       // the one before it in its launch; nil: none
	began    time.Time   // see dataBegin
	whole    time.Time   // the end of the run's record
	expected []string    // alerts that should fire
	allowed  []string    // others that the fault explains
	always   []string    // alerts that fired all the time at this level, dead man's switches apart
	said     []string    // the parts of the cell's note

	cleanAlarms int // that began in the clean time of the pass, but for those of always
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
	c.State = j.state(&c)
	j.stuckOnes()
	j.rest(&c)
	c.Note = strings.Join(j.said, "; ")
	return c
}

// state is the state of a cell whose alerts have been looked at.
func (j *judge) state(c *Cell) State {
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
	case j.cannot(c):
		return CannotFire
	case j.underPowered():
		return UnderPowered
	default:
		j.halfSeen()
		return Missed
	}
}

// cannot notes the expected alerts that cannot notice the fault in this run, and says whether that is all of them.
func (j *judge) cannot(c *Cell) bool {
	for _, id := range j.expected {
		if why := j.obstacle(id); why != "" {
			c.Cannot = append(c.Cannot, id+" cannot fire here: "+why)
			j.say("%s cannot fire here: %s", id, why)
		}
	}
	return len(j.expected) > 0 && len(c.Cannot) == len(j.expected)
}

// obstacle is why an alert cannot notice the fault at this level; "" if a rule of this ID can.
func (j *judge) obstacle(id string) string {
	return j.rules.obstacle(id, j.hold(), j.age(id, j.gone()))
}

// halfSeen notes what a missed fault may be due to: alerts that fired before it and after it, evaluations that are farther
// apart than the fault is long, and windows that began before the run.
func (j *judge) halfSeen() {
	for _, id := range j.expected {
		if slices.Contains(j.always, id) {
			j.say("%s fired all the time, so that it cannot tell a fault", id)
		}
		for _, a := range j.rules.with(id) {
			if hold := j.hold(); hold > 0 && a.Interval > hold && emits(j.level, a.Needs) {
				j.say("%s is evaluated every %s and the fault is held for %s, so that chance decides whether it sees the fault",
					id, short(a.Interval), short(hold))
			}
			if age := j.age(id, j.gone()); age > 0 && a.Window > age && emits(j.level, a.Needs) && obstacle(a, j.hold(), age) == "" {
				j.say("%s has a window of %s, and the oldest data were %s old when the fault ended: a rate over it is lower than it would be later",
					id, short(a.Window), short(age))
			}
		}
	}
}

// stuckOnes notes that the effect of the fault, or of the one before it, did not go away in time.
func (j *judge) stuckOnes() {
	if at := j.stuck[j.level.Name]; !at.IsZero() {
		j.say("the effect was still there %s after the fault was lifted, so that alerts after it may be due to it", short(at.Sub(j.revert)))
	}
	if j.before != nil && !j.before.stuck[j.level.Name].IsZero() {
		j.say("the effect of %s, the fault before it, had not gone away when this pass began", j.before.fault.ID)
	}
}

// gone is when the effect was gone again at this level, or the end of the pass if it never was.
func (j *judge) gone() time.Time {
	if reverted := j.reverted[j.level.Name]; !reverted.IsZero() {
		return reverted
	}
	return j.end
}

// timeline is every stretch of every alert that touches the pass, cut to it.
func (j *judge) timeline() []Span {
	var out []Span
	for _, s := range j.spans {
		if s.end.After(j.start) && s.start.Before(j.end) && !j.rules.isSwitch(s.alert) {
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
	return slices.Contains(j.expected, alert) || slices.Contains(j.allowed, alert)
}

// detect looks for the expected alerts. One counts when it starts to fire after the injection and before the effect is
// gone again at this level; one that already fired before is no detection, whatever it goes on to do.
func (j *judge) detect(c *Cell) {
	gone := j.gone()
	var fired []alertSpan
	for _, s := range j.spans {
		if s.state != result.Firing || s.start.Before(j.inject) || s.start.After(j.end) || !j.explains(s.alert) || j.rules.isSwitch(s.alert) {
			continue
		}
		switch expected := slices.Contains(j.expected, s.alert); {
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

// clear is how long after the revert the last of the alerts ceased to fire: 0 if before it, −1 if that was not seen, neither in the
// pass nor while the next one waited for quiet.
func (j *judge) clear(fired []alertSpan, reverted time.Time) time.Duration {
	if len(fired) == 0 || reverted.IsZero() {
		return -1
	}
	var last time.Time
	for _, s := range fired {
		if s.open || s.end.After(j.watched) {
			return -1
		}
		last = later(last, s.end)
	}
	return max(0, last.Sub(reverted))
}

func (j *judge) leastDetect(alert string) time.Duration {
	rules := j.rules.with(alert)
	if len(rules) == 0 {
		return 0
	}
	least := rules[0].LeastDetect
	for _, a := range rules {
		least = min(least, a.LeastDetect)
	}
	return least
}

// falseAlarms are the alerts that fired in the clean window, or later without being explained by the fault. Where the
// fault was not confirmed, only the clean window counts. An alert that was already firing when the pass began is the
// tail of what came before: it is noted, not counted, unless it fires all the time. What ended while the pass waited for quiet is
// not even noted. A dead man's switch is none.
func (j *judge) falseAlarms(confirmed time.Time) []string {
	var out, still []string
	for _, s := range j.spans {
		if s.state != result.Firing || !s.end.After(j.start) || s.start.After(j.end) || j.rules.isSwitch(s.alert) {
			continue
		}
		if slices.Contains(j.always, s.alert) {
			out = add(out, s.alert)
			continue
		}
		if s.start.Before(j.begin()) {
			if s.end.After(j.begin()) {
				still = add(still, s.alert+j.slowly(s.alert))
			}
			continue
		}
		inClean := !j.clean.IsZero() && s.end.After(j.clean) && (j.inject.IsZero() || s.start.Before(j.inject))
		underFault := !j.inject.IsZero() && !s.start.Before(j.inject)
		switch {
		case inClean, underFault && j.fault.ID == noFault:
			out = add(out, s.alert)
			j.cleanAlarms++
		case underFault && !confirmed.IsZero() && !j.explains(s.alert):
			out = add(out, s.alert)
		}
	}
	switch len(still) {
	case 0:
	case 1:
		j.say("%s was still firing when this pass began", still[0])
	default:
		last := len(still) - 1
		j.say("%s and %s were still firing when this pass began", strings.Join(still[:last], ", "), still[last])
	}
	return out
}

// begin is when what fires is no longer taken for the tail of the pass before: its clean window where it waited for quiet.
func (j *judge) begin() time.Time {
	if !j.quiet.IsZero() && j.settle.IsZero() && !j.clean.IsZero() {
		return j.clean
	}
	return j.start
}

// slowly says that an alert is known to clear slowly.
func (j *judge) slowly(id string) string {
	for _, a := range j.rules.with(id) {
		if a.Clears == result.Slowly {
			return " (which clears slowly and was not waited for)"
		}
	}
	return ""
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
