package catch

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Ruling is how a demand came out.
type Ruling int

// Rulings. A demand is open as long as something that it is about was not tried: a fault whose effect was not confirmed is neither
// caught nor missed.
const (
	Open Ruling = iota
	Kept
	Broken
)

// Finding is a demand held against a matrix.
type Finding struct {
	Ruling   Ruling
	Sentence string
	Saw      float64 // the longest time to detect in seconds, the share, or the number of false alarms; NaN where there is none
	sure     bool    // it is broken on any machine: what a demand is about cannot fire
}

// demandConfidence is that of the one-sided bound by which shares and rates are judged.
const demandConfidence = 0.95

// Hold judges a demand at a level, which RulesLevel stands for in demands on rules. Faults of which a demand "missed ok" speaks at
// this level are exempt from demands on all. A nil matrix has caught nothing. What a machine that was too busy for the catch seems to
// break is open: there, alerts fire, or do not, for want of CPU time.
func (m *Matrix) Hold(d Demand, level string, exempt []string) Finding {
	if m == nil {
		return Finding{Sentence: at(level) + "the catch was not measured in this run", Saw: math.NaN()}
	}
	var f Finding
	switch {
	case d.Kind == WantFired:
		f = m.holdFired(d)
	case d.Kind == WantFalseAlarms && d.Hourly:
		f = m.holdRate(d, level)
	case d.Kind == WantFalseAlarms:
		f = m.holdAlarms(d, level)
	case d.Kind == MissedOK:
		f = m.holdMissed(d, level)
	case d.Subject == All:
		f = m.holdAll(d, level, exempt)
	default:
		f = m.holdOne(d, d.Subject, level)
	}
	if f.Ruling == Broken && !f.sure && m.Lateness.Busy() != "" {
		f.Ruling = Open
		f.Sentence += fmt.Sprintf("; this does not count against it, since the machine was too busy to tell (the load generator was late in %d %% of the seconds)",
			m.Lateness.Percent())
	}
	f.Sentence = at(level) + f.Sentence
	return f
}

func at(level string) string {
	if level == RulesLevel {
		return "rules: "
	}
	return "level " + level + ": "
}

// trial is what the passes of one fault came to at one level.
type trial struct {
	hits, misses int
	longest      time.Duration // to detect
	why          string        // the first miss, or what the first pass lacked that is neither
	open         int
	skipped      bool
	cannot       bool // a miss of which no expected alert can fire
}

// n is how many passes speak for or against the level.
func (t trial) n() int { return t.hits + t.misses }

// try holds every pass of a fault against a demand.
func (m *Matrix) try(d Demand, fault, level string) trial {
	var t trial
	m.eachCell(func(row Row, c Cell) {
		if row.Fault.ID != fault || c.Level != level {
			return
		}
		why := m.against(d, c)
		switch {
		case c.State == Skipped:
			t.skipped, t.why = true, "was skipped: "+row.Fault.Skipped
		case !c.State.Judged() || c.State == UnderPowered && d.Kind == WantDetected:
			t.open++
			if t.misses == 0 {
				t.why = unjudged(c.State)
			}
		case why == "":
			t.hits++
			t.longest = max(t.longest, m.rule(d, c.Detect))
		default:
			if t.misses++; t.misses == 1 {
				t.why = why
			}
			t.cannot = t.cannot || d.Kind == WantDetected && c.State == CannotFire
		}
	})
	return t
}

// unjudged says why a cell speaks neither for nor against its level.
func unjudged(s State) string {
	switch s {
	case Unconfirmed:
		return "had no effect that was confirmed"
	case UnderPowered:
		return "showed in too few requests for any alert that it should fire"
	default:
		return "was not finished"
	}
}

// against says what speaks against a level that a fault was injected at; "" if it does what is demanded.
func (m *Matrix) against(d Demand, c Cell) string {
	switch {
	case d.Kind == WantDiagnosed && !c.Diagnosed && c.Evidence == "":
		return "was not diagnosed: the level has no evidence of it"
	case d.Kind == WantDiagnosed && !c.Diagnosed:
		return "was not diagnosed: " + c.Evidence
	case d.Kind == WantDiagnosed:
		return ""
	case c.State == CannotFire:
		return "was missed: no alert that it should fire can fire here"
	case c.State != Detected:
		return "was missed"
	case d.Within > 0 && m.rule(d, c.Detect) > d.Within:
		return fmt.Sprintf("was detected after %s only (%s)", d.clock(m.rule(d, c.Detect)), c.Alert)
	default:
		return ""
	}
}

// rule is a time of the run in the time in which a demand has its limit.
func (m *Matrix) rule(d Demand, t time.Duration) time.Duration {
	if d.Wall || !(m.Lapse > 0) {
		return t
	}
	return time.Duration(float64(t) * m.Lapse)
}

// clock is a time with the clock that it is of.
func (d Demand) clock(t time.Duration) string {
	if d.Wall {
		return short(t) + " of wall time"
	}
	return short(t.Round(time.Second)) + " of rule time"
}

// holdOne judges a demand on one fault.
func (m *Matrix) holdOne(d Demand, fault, level string) Finding {
	t := m.try(d, fault, level)
	f := Finding{Saw: math.NaN()}
	passes := ""
	if t.n() > 1 {
		passes = fmt.Sprintf(" in %d of %d passes", t.hits, t.n())
	}
	did := fault + " was " + string(d.Kind) + passes
	switch {
	case t.n() == 0 && t.open == 0 && !t.skipped:
		f.Sentence = fault + " was not injected"
	case t.n() == 0:
		f.Sentence = fault + " " + t.why
	case d.Share > 0:
		return shareFinding(did, t, d.Share)
	case t.misses > 0 && m.waived(waiveOf(d.Kind), fault, "", level):
		f.Ruling, f.Sentence = Kept, fault+" "+t.why+passes+", which is waived"
	case t.misses > 0:
		f.Ruling, f.Sentence, f.sure = Broken, fault+" "+t.why+passes, t.cannot
	case t.open > 0:
		f.Sentence = fmt.Sprintf("%s, but in %d more it %s", did, t.open, t.why)
	default:
		f.Ruling, f.Sentence = Kept, did
	}
	if d.Kind == WantDetected && t.misses == 0 && t.hits > 0 {
		f.Saw = t.longest.Seconds()
		f.Sentence += fmt.Sprintf(" (after %s at most", d.clock(t.longest))
		if d.Within > 0 {
			f.Sentence += ", limit " + short(d.Within)
		}
		f.Sentence += ")"
	}
	return f
}

// shareFinding judges a share of passes by its exact interval.
func shareFinding(did string, t trial, least float64) Finding {
	share := stats.ShareBounds(t.hits, t.n(), demandConfidence)
	f := Finding{Saw: share.Mid, Sentence: fmt.Sprintf("%s: at 95 %% at least %.0f %% and at most %.0f %% of all, which ", did, 100*share.Lo, 100*share.Hi)}
	switch limit := fmt.Sprintf("%.3g %%", 100*least); {
	case share.Lo >= least:
		f.Ruling, f.Sentence = Kept, f.Sentence+"keeps its least share of "+limit
	case share.Hi < least:
		f.Ruling, f.Sentence = Broken, f.Sentence+"is under its least share of "+limit
	default:
		f.Sentence += "does not decide on its least share of " + limit + "; set catch.repeats higher"
	}
	return f
}

func waiveOf(k Want) string {
	if k == WantDiagnosed {
		return result.WaiveUndiagnosed
	}
	return result.WaiveMissed
}

// holdAll judges a demand on every fault that was injected.
func (m *Matrix) holdAll(d Demand, level string, exempt []string) Finding {
	var broken, open, skipped, let []string
	kept, sure := 0, false
	for _, fault := range m.injected() {
		if slices.Contains(exempt, fault) {
			let = append(let, fault)
			continue
		}
		t := m.try(d, fault, level)
		f := m.holdOne(d, fault, level)
		switch {
		case t.skipped && t.n() == 0:
			skipped = append(skipped, fault)
		case f.Ruling == Broken:
			broken = append(broken, fault+" "+t.why)
			sure = sure || f.sure
		case f.Ruling == Open:
			open = append(open, strings.TrimPrefix(f.Sentence, fault+" was "+string(d.Kind)+", but "))
		case t.misses > 0:
			let = append(let, fault)
		default:
			kept++
		}
	}
	n := kept + len(broken) + len(open)
	f := Finding{Saw: float64(kept), Sentence: fmt.Sprintf("%d of %d faults were %s", kept, n, d.Kind), sure: sure}
	if d.Within > 0 {
		f.Sentence += " within " + d.clock(d.Within)
	}
	switch {
	case len(broken) > 0:
		f.Ruling = Broken
	case len(open) == 0 && kept+len(let) > 0:
		f.Ruling = Kept
	}
	for _, more := range []struct {
		what  string
		names []string
	}{{"not so", broken}, {"not judged", open}, {"may be missed", let}, {"skipped", skipped}} {
		if len(more.names) > 0 {
			f.Sentence += "; " + more.what + ": " + strings.Join(more.names, ", ")
		}
	}
	return f
}

// injected are the faults of the run that do something.
func (m *Matrix) injected() []string {
	var out []string
	for _, row := range m.Faults {
		if row.Fault.ID != noFault {
			out = add(out, row.Fault.ID)
		}
	}
	return out
}

// holdMissed judges that a fault may be missed: it only has to have been tried.
func (m *Matrix) holdMissed(d Demand, level string) Finding {
	t := m.try(Demand{Kind: WantDetected}, d.Subject, level)
	f := Finding{Saw: math.NaN(), Ruling: Kept}
	switch {
	case t.n() == 0 && t.why == "":
		f.Ruling, f.Sentence = Open, d.Subject+" was not injected"
	case t.n() == 0:
		f.Ruling, f.Sentence = Open, d.Subject+" "+t.why
	case t.misses == 0:
		f.Sentence = d.Subject + " may be missed, and was detected"
	default:
		f.Sentence = d.Subject + " " + t.why + ", as it may be"
	}
	return f
}
