package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// meaning says what an outcome says, in one clause.
func meaning(o verdict.Outcome) string {
	switch o {
	case verdict.Pass:
		return "the controls hold and no budget is exceeded"
	case verdict.Fail:
		return "a budget is exceeded"
	case verdict.Inconclusive:
		return "the run cannot tell: measure longer, or allow more"
	case verdict.Invalid:
		return "the run may not be believed: act on the controls first"
	default:
		return "no verdict that this version knows"
	}
}

// outcomeMark is the sign beside an outcome.
func outcomeMark(o verdict.Outcome) string {
	switch o {
	case verdict.Pass:
		return "✓"
	case verdict.Fail:
		return "✗"
	default:
		return "?"
	}
}

// controlMark is the sign of a control.
func controlMark(c verdict.Control) string {
	switch {
	case c.OK:
		return "✓"
	case c.Undecided:
		return "?"
	default:
		return "✗"
	}
}

// controlWord says how a control came out.
func controlWord(c verdict.Control) string {
	switch {
	case c.OK:
		return "holds"
	case c.Undecided:
		return "undecided"
	default:
		return "fails"
	}
}

// stateMark is the sign of a cell; each state has its own, so that it can stand without colour.
func stateMark(s catch.State) string {
	switch s {
	case catch.Detected:
		return "✓"
	case catch.Missed:
		return "✗"
	case catch.Quiet:
		return "○"
	case catch.Noisy:
		return "▲"
	case catch.CannotFire:
		return "⊘"
	case catch.UnderPowered:
		return "◇"
	case catch.Skipped:
		return "–"
	case catch.Unfinished:
		return "…"
	default:
		return "?"
	}
}

// stateMeaning explains a state in a legend.
func stateMeaning(s catch.State) string {
	switch s {
	case catch.Detected:
		return "an expected alert fired"
	case catch.Missed:
		return "no expected alert fired"
	case catch.Quiet:
		return "nothing injected, nothing fired"
	case catch.Noisy:
		return "nothing injected, and something fired"
	case catch.CannotFire:
		return "no expected alert can fire in this run, whatever the level has: no blame for it"
	case catch.UnderPowered:
		return "too little load for any expected alert"
	case catch.Unconfirmed:
		return "the effect of the fault was not seen: no credit, no blame"
	case catch.Skipped:
		return "not injected"
	case catch.Unfinished:
		return "the run ended before"
	default:
		return "a state that this version does not know"
	}
}

// cellWords is what a cell of the matrix says: a line, and where there is one the alert as a second.
func cellWords(c catch.Cell) (line, alert string) {
	switch c.State {
	case catch.Detected:
		return elapsed(c.Detect), c.Alert
	case catch.Noisy:
		return string(c.State), strings.Join(c.False, ", ")
	case "":
		return unknown, ""
	default:
		return string(c.State), ""
	}
}

// cellStory tells one cell in clauses: how it was detected, cleared and diagnosed, and what else fired.
func cellStory(c catch.Cell) []string {
	var out []string
	switch c.State {
	case catch.Detected:
		out = append(out, fmt.Sprintf("%s %s after the confirmation, %s after the injection (least time to detect %s)",
			c.Alert, elapsed(c.Detect), elapsed(c.Injected), elapsed(c.LeastDetect)))
		if c.Clear < 0 {
			out = append(out, "not seen to clear")
		} else {
			out = append(out, "clear "+elapsed(c.Clear)+" after the revert")
		}
	case catch.Quiet:
		return append(out, "quiet: nothing fired, as it should be")
	case "":
		return append(out, unknown)
	case catch.CannotFire:
		out = append(out, "cannot fire: no expected alert can notice the fault in this run")
	default:
		out = append(out, string(c.State))
	}
	if len(c.False) > 0 {
		out = append(out, "false alarms: "+strings.Join(c.False, ", "))
	} else if c.State == catch.Detected || c.State == catch.Missed || c.State == catch.CannotFire || c.State == catch.UnderPowered {
		out = append(out, "no false alarm")
	}
	if len(c.Also) > 0 {
		out = append(out, "also fired: "+strings.Join(c.Also, ", "))
	}
	switch {
	case c.Diagnosed:
		out = append(out, "diagnosed by "+c.Evidence)
	case c.Evidence != "":
		out = append(out, "not diagnosed: "+c.Evidence)
	}
	return out
}

// standingStory tells in a sentence of an alert that fires whether or not there is a fault.
func standingStory(s catch.Standing) string {
	if !s.Switch {
		return fmt.Sprintf("%s fired all the time at %s: it cannot tell a fault from none; mend its threshold, or write it as a dead man's "+
			"switch (vector(1))", s.Alert, join(s.Levels))
	}
	text := s.Alert + " is a dead man's switch: it fires with a fault and without, and counts in no cell"
	if len(s.Levels) > 0 {
		text += "; it fired from start to end at " + join(s.Levels)
	}
	if len(s.Broken) > 0 {
		text += "; not so at " + strings.Join(s.Broken, "; ")
	}
	return text
}

// cellAt is the cell of a level, the zero cell if an odd analysis has none.
func cellAt(f catch.Row, i int) catch.Cell {
	if i < len(f.Cells) {
		return f.Cells[i]
	}
	return catch.Cell{}
}

// statesOf lists the states that occur in a matrix, in the order of their definition.
func statesOf(c *catch.Matrix) []catch.State {
	all := []catch.State{catch.Detected, catch.Missed, catch.CannotFire, catch.Quiet, catch.Noisy, catch.UnderPowered,
		catch.Unconfirmed, catch.Skipped, catch.Unfinished}
	return slices.DeleteFunc(all, func(s catch.State) bool {
		return !slices.ContainsFunc(c.Faults, func(f catch.Row) bool {
			return slices.ContainsFunc(f.Cells, func(cell catch.Cell) bool { return cell.State == s })
		})
	})
}

// machineLine says in one line where a run was made.
func machineLine(m result.Machine) string {
	return fmt.Sprintf("%s/%s %s, %s, %s, %s", m.OS, m.Arch, m.Kernel, m.CPU, count(m.Cores, "core"), machine.Size(m.MemoryMiB*machine.MiB))
}

func count(n int, noun string) string {
	plural := noun + "s"
	if strings.HasSuffix(noun, "ch") || strings.HasSuffix(noun, "ss") {
		plural = noun + "es"
	}
	if n == 1 {
		plural = noun
	}
	return strconv.Itoa(n) + " " + plural
}

// some is a count, and of nothing a word.
func some(n int, noun string) string {
	if n == 0 {
		return "no " + noun + "s"
	}
	return count(n, noun)
}

// stamp is a moment in UTC, to the second; "" if there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// confidence is the level of all intervals: "95 %".
func confidence(a *verdict.Analysis) string {
	return fixed(100*a.Confidence, digits(100*a.Confidence, 2)) + " %"
}

// looks says when the budgets were judged, and by what rule; "" where there was one look.
func looks(a *verdict.Analysis) string {
	if len(a.Looks) == 0 {
		return ""
	}
	var rule, made []string
	for _, l := range a.Run.Plan.Looks {
		rule = append(rule, strconv.Itoa(l.Launches))
	}
	early, each := "", ""
	for _, l := range a.Looks {
		at := fmt.Sprintf("at %.3g %%", 100*l.Confidence)
		switch {
		case l.CountsAlone():
			at = fmt.Sprintf("counts alone, at %.3g %%", 100*l.Counts)
			early, each = ", at first those on counts alone", " for either kind"
		case l.Counts != l.Confidence:
			at += fmt.Sprintf(", counts at %.3g %%", 100*l.Counts)
		}
		made = append(made, fmt.Sprintf("after %s %s: %d open", count(l.Launches, "launch"), at, l.Open))
	}
	return fmt.Sprintf("Looks: %s. The rule, fixed before the first launch: judge after %s launches while a budget is open that more may decide%s; "+
		"the error rates of all looks add up to %.3g %%%s.", strings.Join(made, "; "), join(rule), early, 100*(1-a.Confidence), each)
}

// join lists in prose: "3", "3 and 6", "3, 6 and 12".
func join(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
