package catch

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Standing is an alert that fires whether or not there is a fault. It is told once for a run and counts in no cell as a
// detection.
type Standing struct {
	Alert string
	// Switch says that it is a dead man's switch: its expression is always true, so that its silence is what tells. It is no false
	// alarm. Otherwise it is an alert that fired all the time, a false alarm in every pass.
	Switch bool
	Levels []string // where it fired from start to end
	Broken []string // of a dead man's switch: where it did not, a clause each
}

// Always are the alerts that fire all the time at a level, dead man's switches apart.
func (m *Matrix) Always(level string) []string {
	var out []string
	for _, s := range m.Standing {
		if !s.Switch && slices.Contains(s.Levels, level) {
			out = append(out, s.Alert)
		}
	}
	return out
}

// standing finds the alerts that fire whether or not there is a fault: by their expression, or by what they did at every level
// where they fired.
func standing(run result.Run, rules *rules, spans map[string][]alertSpan, passes []*pass) []Standing {
	watched := map[string][]stretch{} // by level
	var levels []result.Level
	for _, l := range run.Levels {
		if watched[l.Name] = stretches(withLevel(run, passes, l.Name)); len(watched[l.Name]) > 0 {
			levels = append(levels, l)
		}
	}
	if len(levels) == 0 {
		return nil
	}
	byAlert := map[string]*Standing{}
	var order []string
	at := func(alert string) *Standing {
		if byAlert[alert] == nil {
			byAlert[alert] = &Standing{Alert: alert, Switch: rules.isSwitch(alert)}
			order = append(order, alert)
		}
		return byAlert[alert]
	}
	for i, a := range rules.all {
		if a.Constant != result.AlwaysTrue {
			continue
		}
		s := at(rules.ids[i])
		for _, l := range levels {
			if broken := interruption(spans[l.Name], s.Alert, withLevel(run, passes, l.Name), watched[l.Name]); broken != "" {
				s.Broken = append(s.Broken, l.Name+": "+broken)
			} else if !slices.Contains(s.Levels, l.Name) {
				s.Levels = append(s.Levels, l.Name)
			}
		}
	}
	for _, l := range levels {
		for _, span := range spans[l.Name] {
			if rules.isSwitch(span.alert) || byAlert[span.alert] != nil && slices.Contains(byAlert[span.alert].Levels, l.Name) {
				continue
			}
			if allThrough(spans[l.Name], span.alert, watched[l.Name]) {
				s := at(span.alert)
				s.Levels = append(s.Levels, l.Name)
			}
		}
	}
	var out []Standing
	for _, alert := range order {
		out = append(out, *byAlert[alert])
	}
	return out
}

// stretch is when a launch of the catch was watched: from its first clean window to the end of its last pass, zero if it has none.
type stretch struct{ from, to time.Time }

// stretches are those of the launches of passes, in their order.
func stretches(passes []*pass) []stretch {
	var out []stretch
	at := map[int]int{} // by launch
	for _, p := range passes {
		if p.clean.IsZero() {
			continue
		}
		i, known := at[p.launch]
		if !known {
			i = len(out)
			out, at[p.launch] = append(out, stretch{from: p.clean}), i
		}
		out[i].to = p.done
	}
	return out
}

// fires says that a span is of an alert that fires, from the start of a stretch to its end.
func (w stretch) fires(s alertSpan) bool {
	return s.state == result.Firing && !s.start.After(w.from) && (s.open || !w.to.IsZero() && !s.end.Before(w.to))
}

// allThrough says that an alert fired all the time that was watched.
func allThrough(spans []alertSpan, alert string, watched []stretch) bool {
	for _, w := range watched {
		if !slices.ContainsFunc(spans, func(s alertSpan) bool { return s.alert == alert && w.fires(s) }) {
			return false
		}
	}
	return len(watched) > 0
}

// interruption says when a dead man's switch did not fire at a level; "" if it never ceased once it had begun.
func interruption(spans []alertSpan, alert string, passes []*pass, watched []stretch) string {
	var firing []alertSpan
	for _, s := range spans {
		if s.alert == alert && s.state == result.Firing {
			firing = append(firing, s)
		}
	}
	if len(firing) == 0 {
		return "it never fired, so that its rule was not evaluated or its for is longer than the run"
	}
	for i, s := range firing {
		atEnd := func(w stretch) bool { return !s.start.After(w.to) && !w.to.IsZero() && !s.end.Before(w.to) }
		if s.open || slices.ContainsFunc(watched, atEnd) { // a launch took it along
			continue
		}
		where := "at " + s.end.UTC().Format("15:04:05")
		for _, p := range passes {
			if !p.start.IsZero() && !s.end.Before(p.start) && (p.done.IsZero() || !s.end.After(p.done)) {
				where = fmt.Sprintf("%s after the start of %s", short(s.end.Sub(p.start)), p.name())
			}
		}
		if i+1 < len(firing) {
			return fmt.Sprintf("it fell silent for %s, %s", short(firing[i+1].start.Sub(s.end)), where)
		}
		return fmt.Sprintf("it fell silent for good, %s", where)
	}
	return ""
}

// withLevel are the passes of the launches that have a level.
func withLevel(run result.Run, passes []*pass, level string) []*pass {
	return slices.DeleteFunc(slices.Clone(passes), func(p *pass) bool { return !run.InCatchLaunch(p.launch, level) })
}
