package catch

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Story is what an engineer would have known of one pass of a fault, and when.
type Story struct {
	Fault    result.Fault
	Pass     int // counts the passes of this fault, from 0
	Injected time.Time
	Users    []Moment     // what happened, whether or not anybody knew of it: the injection, what users felt, the revert
	Levels   []LevelStory // by Matrix.Levels
}

// Name is that of the pass, as in Row.
func (s Story) Name() string { return Row{Fault: s.Fault, Pass: s.Pass}.Name() }

// LevelStory is what happened at one level, in order of time.
type LevelStory struct {
	Level     string
	State     State // of the cell
	Moments   []Moment
	Example   *result.Example // the record that names the cause; nil: none was kept
	Waterfall []Bar           // the spans of its trace
}

// Kind is what a Moment is about.
type Kind string

// Kinds of moments, in the order in which they usually come.
const (
	Injected  Kind = "injected"
	Affected  Kind = "confirmed" // the injector saw the effect
	Noticed   Kind = "felt"      // by users; no telemetry is needed to feel it, and no engineer knows of it
	Waiting   Kind = "pending"   // an alert, before its for is over
	Fired     Kind = "firing"
	Named     Kind = "named"  // the level's telemetry says what the cause is
	Reverting Kind = "revert" // the end of the fault was asked for
	Over      Kind = "gone"   // the injector saw the end of the effect
	Cleared   Kind = "cleared"
)

// Moment is something that happened in a pass.
type Moment struct {
	Kind  Kind
	At    time.Duration // since the injection, by the clock on the wall
	Rules time.Duration // the same as the alert rules count it, before the time-lapse; 0 for what is no alert's
	Alert string        // Waiting, Fired: its ID
	Text  string        // Fired: the summary, with the labels of the alert; Named: what was found; Affected, Over: what the injector saw
	Felt  *Change       // Noticed
	// Whole says that At is only the end of the fault, since it cannot be told when it began: of a percentile, or of evidence that
	// is a query made then.
	Whole bool
}

// Known says that whoever is on call knows of it: an alert fires, or the cause is written where one looks.
func (m Moment) Known() bool { return m.Kind == Fired || m.Kind == Named }

// First is the first moment of a kind; false if there is none.
func (l LevelStory) First(kind Kind) (Moment, bool) {
	at := slices.IndexFunc(l.Moments, func(m Moment) bool { return m.Kind == kind })
	if at < 0 {
		return Moment{}, false
	}
	return l.Moments[at], true
}

// mostFired is how many alerts a level's story tells of.
const mostFired = 12

// stories tells every pass whose effect was confirmed somewhere. A run without examples of evidence is older, or no level could name
// a cause, and has none.
func stories(d *result.Data, m *Matrix, passes [][]*pass, rules *rules, f *feelings) []Story {
	if len(d.Examples) == 0 {
		return nil
	}
	var out []Story
	for i, together := range passes {
		confirmed := func(p *pass) bool { return len(p.confirmed) > 0 }
		p := together[0] // with several launches, users are told of as the first one saw them
		if p.fault.ID == noFault || p.inject.IsZero() || !slices.ContainsFunc(together, confirmed) {
			continue
		}
		t := teller{pass: p, data: d, rules: rules, row: m.Faults[i]}
		s := Story{Fault: p.fault, Pass: p.nth, Injected: p.inject, Users: t.users(f.since(p, t.row.Felt))}
		for _, c := range t.row.Cells {
			at := slices.IndexFunc(together, func(p *pass) bool { return d.Run.InCatchLaunch(p.launch, c.Level) })
			t.pass = together[max(0, at)]
			s.Levels = append(s.Levels, t.level(c))
		}
		out = append(out, s)
	}
	return out
}

// teller tells one pass.
type teller struct {
	*pass
	data  *result.Data
	rules *rules
	row   Row
}

func (t *teller) moment(kind Kind, at time.Time) Moment {
	return Moment{Kind: kind, At: at.Sub(t.inject)}
}

// ofRules is a moment of an alert.
func (t *teller) ofRules(kind Kind, at time.Time, alert string) Moment {
	m := t.moment(kind, at)
	m.Alert = alert
	if x := float64(m.At) * t.data.Run.Lapse; x < float64(result.Unreachable) {
		m.Rules = time.Duration(x)
	} else {
		m.Rules = result.Unreachable
	}
	return m
}

// users is what happened without anybody's knowledge.
func (t *teller) users(since map[string]time.Time) []Moment {
	out := []Moment{t.moment(Injected, t.inject)}
	for _, c := range t.row.Felt.Pooled {
		if !c.Felt {
			continue
		}
		at, told := since[c.Feeling.ID]
		if !told {
			at = t.revert
		}
		m := t.moment(Noticed, at)
		m.Felt, m.Whole = &c, !told
		out = append(out, m)
	}
	if !t.revert.IsZero() {
		out = append(out, t.moment(Reverting, t.revert))
	}
	return inOrder(out)
}

// level is what happened at the level of a cell.
func (t *teller) level(c Cell) LevelStory {
	out := LevelStory{Level: c.Level, State: c.State}
	for i, e := range t.data.Examples {
		if e.Fault == t.fault.ID && e.Pass == t.nth && e.Arm == c.Level {
			out.Example, out.Waterfall = &t.data.Examples[i], waterfall(e.Trace)
		}
	}
	if !c.Confirmed.IsZero() {
		m := t.moment(Affected, c.Confirmed)
		m.Text = t.seen(result.PhaseConfirmed, c.Level)
		out.Moments = append(out.Moments, m)
	}
	out.Moments = append(out.Moments, t.alerts(c)...)
	switch {
	case !c.Diagnosed:
	case out.Example != nil:
		m := t.moment(Named, out.Example.First)
		m.Text = c.Evidence
		out.Moments = append(out.Moments, m)
	case !t.revert.IsZero():
		m := t.moment(Named, t.revert)
		m.Text, m.Whole = c.Evidence, true
		out.Moments = append(out.Moments, m)
	}
	if !c.Reverted.IsZero() {
		m := t.moment(Over, c.Reverted)
		m.Text = t.seen(result.PhaseReverted, c.Level)
		out.Moments = append(out.Moments, m)
		if c.Clear >= 0 {
			out.Moments = append(out.Moments, t.ofRules(Cleared, c.Reverted.Add(c.Clear), ""))
		}
	}
	out.Moments = inOrder(out.Moments)
	return out
}

// alerts are the first alert that was pending, and the first firing of each that the fault explains, the earliest ones.
func (t *teller) alerts(c Cell) []Moment {
	var pending, fired []Moment
	for _, s := range c.Spans {
		if !s.Expected || s.Start.Before(t.inject) {
			continue
		}
		known := slices.ContainsFunc(fired, func(m Moment) bool { return m.Alert == s.Alert })
		switch {
		case s.State == result.Pending && len(pending) == 0:
			pending = append(pending, t.ofRules(Waiting, s.Start, s.Alert))
		case s.State == result.Firing && !known && len(fired) < mostFired:
			m := t.ofRules(Fired, s.Start, s.Alert)
			m.Text = t.summary(c.Level, s)
			fired = append(fired, m)
		}
	}
	return append(pending, fired...)
}

// seen is what the injector saw at a level when it confirmed the effect, or its end.
func (t *teller) seen(phase, level string) string {
	for _, e := range t.data.Faults {
		if e.Fault == t.fault.ID && e.Pass == t.nth && e.Phase == phase && e.Arm == level {
			return e.Detail
		}
	}
	return ""
}

var (
	// labelOf is where a summary has a label of the alert.
	labelOf = regexp.MustCompile(`\{\{\s*\$labels\.(\w+)\s*\}\}`)
	// template is any place that is filled in when an alert fires: with a value, which is not recorded.
	template = regexp.MustCompile(`\{\{[^}]*\}\}`)
)

// summary is that of the rule of an alert, with the labels of the alert that fired, and … for values.
func (t *teller) summary(level string, s Span) string {
	rules := t.rules.with(s.Alert)
	if len(rules) == 0 {
		return ""
	}
	var labels map[string]string
	for _, e := range t.data.Alerts {
		if e.Arm == level && e.To == result.Firing && e.Time.Equal(s.Start) && t.rules.id(e) == s.Alert {
			labels = e.Labels
			break
		}
	}
	text := labelOf.ReplaceAllStringFunc(rules[0].Summary, func(of string) string {
		if value, has := labels[labelOf.FindStringSubmatch(of)[1]]; has {
			return value
		}
		return "…"
	})
	return template.ReplaceAllString(text, "…")
}

// inOrder sorts moments by their time; those of one time stay as they are.
func inOrder(moments []Moment) []Moment {
	slices.SortStableFunc(moments, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	return moments
}
