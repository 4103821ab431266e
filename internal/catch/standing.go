package catch

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
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

// standing finds the alerts that fire whether or not there is a fault: by their expression, or by what they did at every level
// where they fired.
func standing(run result.Run, rules *rules, spans map[string][]alertSpan, passes []*pass) []Standing {
	clean := map[string]time.Time{} // the first clean window of every level that had one
	var levels []result.Level
	for _, l := range run.Levels {
		var at time.Time
		for _, p := range inLaunch(passes, run.CatchLaunch(l.Name)) {
			at = first(at, p.clean)
		}
		if clean[l.Name] = at; !at.IsZero() {
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
			if broken := interruption(spans[l.Name], s.Alert, inLaunch(passes, run.CatchLaunch(l.Name))); broken != "" {
				s.Broken = append(s.Broken, l.Name+": "+broken)
			} else if !slices.Contains(s.Levels, l.Name) {
				s.Levels = append(s.Levels, l.Name)
			}
		}
	}
	for _, l := range levels {
		for _, span := range spans[l.Name] {
			if span.state == result.Firing && span.open && !span.start.After(clean[l.Name]) && !rules.isSwitch(span.alert) {
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

// interruption says when a dead man's switch did not fire at a level; "" if it never ceased once it had begun.
func interruption(spans []alertSpan, alert string, passes []*pass) string {
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
		if s.open {
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
