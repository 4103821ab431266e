package catch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// holdAlarms judges how many false alarms a level had, waived ones left out.
func (m *Matrix) holdAlarms(d Demand, level string) Finding {
	n, waived, unfinished := 0, 0, false
	var names []string
	m.eachCell(func(row Row, c Cell) {
		if c.Level != level {
			return
		}
		unfinished = unfinished || c.State == Unfinished
		for _, alert := range c.False {
			if m.waived(result.WaiveFalseAlarm, row.Fault.ID, alert, level) {
				waived++
				continue
			}
			n++
			names = add(names, fmt.Sprintf("%s (%s)", alert, row.Name()))
		}
	})
	f := Finding{Saw: float64(n), Sentence: fmt.Sprintf("%d false alarms", n)}
	if len(names) > 0 {
		f.Sentence += ": " + strings.Join(names, ", ")
	}
	if waived > 0 {
		f.Sentence += fmt.Sprintf("; waived: %d", waived)
	}
	f.Sentence += fmt.Sprintf("; limit %.0f", d.Most)
	switch {
	case float64(n) > d.Most:
		f.Ruling = Broken
	case unfinished:
		f.Sentence += "; not every pass was finished"
	default:
		f.Ruling = Kept
	}
	return f
}

// holdRate judges the false alarms per hour without a fault by the bounds of their rate.
func (m *Matrix) holdRate(d Demand, level string) Finding {
	f := Finding{Saw: math.NaN(), Sentence: "no time without a fault was watched"}
	i := slices.IndexFunc(m.Alarms, func(a Alarms) bool { return a.Level == level })
	if i < 0 || m.Alarms[i].Clean <= 0 {
		return f
	}
	a := m.Alarms[i]
	per := stats.PoissonRate(a.N, a.Clean.Hours(), 2*demandConfidence-1) // each end is a bound at demandConfidence
	if a.N == 0 {
		per = a.PerHour
	}
	f.Saw = per.Mid
	f.Sentence = fmt.Sprintf("%d false alarms in %s without a fault: at 95 %% at least %.2g and at most %.2g an hour, which ", a.N, short(a.Clean), per.Lo, per.Hi)
	switch limit := fmt.Sprintf("%.3g an hour", d.Most); {
	case per.Hi <= d.Most:
		f.Ruling, f.Sentence = Kept, f.Sentence+"keeps the limit of "+limit
	case per.Lo > d.Most:
		f.Ruling, f.Sentence = Broken, f.Sentence+"is over the limit of "+limit
	default:
		f.Sentence += "does not decide on the limit of " + limit + "; watch longer, with more passes or a longer catch.clean"
	}
	return f
}

// holdFired judges whether alerts have fired for a fault that should fire them, at some level.
func (m *Matrix) holdFired(d Demand) Finding {
	var fired int
	var broken, open, waived []string
	sure := false
	for _, c := range m.Coverage {
		switch {
		case d.Subject != All && d.Subject != c.Alert:
		case len(c.For) > 0:
			fired++
		case m.waived(result.WaiveNeverFired, "", c.Alert, ""):
			waived = append(waived, c.Alert)
		case len(c.Tried) == 0 && m.expectedSomewhere(c.Alert):
			open = append(open, c.Alert)
		default:
			broken = append(broken, c.Alert)
			sure = sure || c.Why != "" || len(c.Tried) == 0 // it cannot, or no fault of the run should fire it
		}
	}
	n := fired + len(broken) + len(open)
	f := Finding{Saw: float64(fired), Sentence: fmt.Sprintf("%d of %d alerts fired for a fault that should fire them", fired, n), sure: sure}
	switch {
	case len(broken) > 0:
		f.Ruling = Broken
	case len(open) == 0 && fired+len(waived) > 0:
		f.Ruling = Kept
	}
	for _, more := range []struct {
		what  string
		names []string
	}{{"the others did not", broken}, {"not judged, since the effect of their fault was not confirmed", open}, {"waived", waived}} {
		if len(more.names) > 0 {
			f.Sentence += "; " + more.what + ": " + strings.Join(more.names, ", ")
		}
	}
	return f
}

// expectedSomewhere says that a fault of the run should fire an alert.
func (m *Matrix) expectedSomewhere(alert string) bool {
	return slices.ContainsFunc(m.Faults, func(r Row) bool { return slices.Contains(r.Expected, alert) })
}
