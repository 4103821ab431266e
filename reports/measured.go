package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// measured says in one line what a run measured, and with which load; what it did not measure has no numbers.
func measured(r result.Run, load verdict.Load) string {
	p, rate := r.Plan, "requests/s"
	if p.Step != "" {
		rate = "turns/s of the script"
	}
	levels := some(len(r.Levels), "level")
	if r.Status == result.Running || r.Status == result.Partial {
		levels = "planned: " + levels // and unfinished says what there is of it
	}
	parts := []string{levels, some(len(r.Faults), "fault")}
	switch {
	case p.Launches > 0:
		launches := p.Launches
		if r.Status == result.Complete && load.Launches > 0 {
			launches = load.Launches // an open budget or a resolution may have asked for more, and counts for fewer
		}
		parts = append(parts, slotWords(launches, p.Rounds, p.Slot)+slicesOf(p), rateWords(p.Rate, rate, load.Toll))
		if len(r.Faults) > 0 {
			parts[len(parts)-1] += " (catch: " + catchRateWords(r, "per arm", load.Catch) + ")"
		}
	case len(r.Faults) > 0:
		parts = append(parts, "no toll", "catch: "+catchRateWords(r, rate+" per arm", load.Catch))
	default:
		parts = append(parts, "no toll")
	}
	if c := p.Capacity; c != nil {
		parts = append(parts, "capacity: "+slotWords(c.Launches, c.Rounds, c.Slot))
	}
	if r.Journeys != "" {
		parts = append(parts, "journeys: "+r.Journeys)
	}
	return strings.Join(parts, "; ")
}

// slotWords says how often an arm is measured.
func slotWords(launches, rounds int, slot time.Duration) string {
	return fmt.Sprintf("%s of %s of %s slots per arm", count(launches, "launch"), count(rounds, "round"), amount(slot.Seconds(), verdict.Seconds))
}

// rateWords says what was ordered and, where that is known, what was made of it.
func rateWords(ordered float64, unit string, made verdict.Rate) string {
	text := amount(ordered, verdict.Count) + " " + unit
	if made.Ordered == 0 || math.IsNaN(made.Made) {
		return text
	}
	return fmt.Sprintf("%s ordered, %s made", text, amount(made.Made, verdict.Count))
}

// unfinished says why a run is not complete and how far it came, "" if it is complete.
func unfinished(a *verdict.Analysis) string {
	if a.Run.Status == result.Complete {
		return ""
	}
	return strings.Join(append([]string{whyUnfinished(a.Run)}, madeOf(a)...), "; ")
}

// madeOf says of what there is less than was planned.
func madeOf(a *verdict.Analysis) []string {
	var out []string
	if planned := a.Run.Plan.Launches; planned > 0 {
		made := 0
		if len(a.Rounds) > 0 {
			for _, launch := range a.Rounds[0].Launches {
				if len(launch) > 0 {
					made++
				}
			}
		}
		if made < planned {
			out = append(out, fmt.Sprintf("the toll has rounds of %d of %s", made, count(planned, "launch")))
		}
	}
	if a.Catch != nil && len(a.Catch.Faults) > 0 {
		ended := 0
		for _, row := range a.Catch.Faults {
			if !slices.ContainsFunc(row.Cells, func(c catch.Cell) bool { return c.State == catch.Unfinished }) {
				ended++
			}
		}
		if passes := len(a.Catch.Faults); ended < passes {
			out = append(out, fmt.Sprintf("the catch has the end of %d of %s", ended, count(passes, "pass")))
		}
	}
	return out
}

func whyUnfinished(r result.Run) string {
	switch {
	case r.Status == result.Running:
		return "this run did not say how it ended: it was killed, or is still going on"
	case r.Reason != "":
		return "this run is " + r.Status + ": " + r.Reason
	default:
		return "this run is " + r.Status
	}
}

// slicesOf says, behind the length of a slot, in which slices it was, if it was in any.
func slicesOf(p result.Plan) string {
	if p.Slice == 0 {
		return ""
	}
	return fmt.Sprintf(" in slices of %s", amount(p.Slice.Seconds(), verdict.Seconds))
}
