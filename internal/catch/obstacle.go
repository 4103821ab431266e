package catch

import (
	"fmt"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// obstacle says why an alert cannot notice a fault in a run, and what to change; "" if it can. The fault is held for so long
// once its effect is confirmed, and the oldest data are of this age when it is gone; 0 where that is not known.
//
// It says so only of what is certain from the rule: an alert that has no obstacle may still be unlikely to fire.
func obstacle(a result.Alert, hold, age time.Duration) string {
	need := result.Plus(a.LeastDetect, a.Fill)
	switch {
	case a.Constant == result.AlwaysTrue:
		return "it is a dead man's switch, which fires with a fault and without: expect another alert"
	case a.Constant == result.NeverTrue:
		return "its expression reads no series and is never true: change the rule"
	case len(a.Absent) > 0:
		return fmt.Sprintf("no level has %s: correct the rule, or export it (a counter is not there before its first event)",
			strings.Join(a.Absent, ", "))
	case a.Reach == result.Unreachable:
		return "it reads a point in time (@) that is in no run: change the rule"
	case hold > 0 && need > hold:
		return fmt.Sprintf("it needs the fault for %s (%s) and the fault is held for %s: set catch.hold to %s or more, or raise alerts.lapse",
			short(need), parts(a), short(hold), short(ample(need)))
	case age > 0 && a.Reach > 0 && result.Plus(a.Reach, held(a)) > age:
		return fmt.Sprintf("it needs data that are %s old (offset)%s and the oldest are %s old when the fault ends: lengthen catch.settle by %s, or raise alerts.lapse",
			short(a.Reach), during(held(a)), short(age.Round(time.Second)), short((result.Plus(a.Reach, held(a))-age).Round(time.Second)+time.Second))
	default:
		return ""
	}
}

// held is how long the expression must have a result: for, rounded up to evaluations.
func held(a result.Alert) time.Duration { return a.LeastDetect - a.QueryOffset }

// Foreseen is an alert that cannot notice a fault.
type Foreseen struct {
	Alert string // its ID: see result.Rules
	Why   string // and what to change
}

// Foresee lists those of the expected alerts that cannot notice a fault: see obstacle. An alert that the rules do not have is
// among them.
func Foresee(all result.Rules, expect []string, hold, age time.Duration) []Foreseen {
	var out []Foreseen
	rules := rulesOf(all)
	for _, id := range rules.meant(expect) {
		if why := rules.obstacle(id, hold, age); why != "" {
			out = append(out, Foreseen{id, why})
		}
	}
	return out
}

// obstacle is why an alert cannot notice a fault; "" if a rule of this ID can.
func (r *rules) obstacle(id string, hold, age time.Duration) string {
	why := "the rules have no alert of that name: name one of yours in alerts.expect"
	for _, a := range r.with(id) {
		if why = obstacle(a, hold, age); why == "" {
			return ""
		}
	}
	return why
}

// parts says what makes up the time that a rule needs a fault for.
func parts(a result.Alert) string {
	var out []string
	if a.RunFor > 0 {
		text := "for: " + short(a.RunFor)
		if a.For != a.RunFor {
			text += ", " + short(a.For) + " as written"
		}
		out = append(out, text)
	}
	if a.Fill > 0 {
		out = append(out, "window: "+short(a.Fill)+" to fill")
	}
	if a.QueryOffset > 0 {
		out = append(out, "query_offset: "+short(a.QueryOffset))
	}
	if held(a) > a.RunFor {
		out = append(out, "evaluated every "+short(a.Interval))
	}
	return strings.Join(out, "; ")
}

func during(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " for " + short(d)
}

// ample is a third more than a time, in whole steps of 5 s: what is just enough for the rule is not enough for a run.
func ample(d time.Duration) time.Duration {
	const step = 5 * time.Second
	d = result.Plus(d, d/3)
	if rest := d % step; rest > 0 {
		d = result.Plus(d, step-rest)
	}
	return d
}

// short writes a duration without the parts that are zero: 15m and not 15m0s.
func short(d time.Duration) string {
	text := d.Round(100 * time.Millisecond).String()
	if d < time.Second {
		text = d.String()
	}
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
