package reports

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// fixtureCatch has one pass of 18 s per fault.
func fixtureCatch(start time.Time, faults []result.Fault) *catch.Matrix {
	c := &catch.Matrix{
		Levels: []string{"off", "metrics", "traces-10", "full"},
		Coverage: []catch.Coverage{
			{Alert: "ConsumerLagHigh", For: []string{"consumer-lag"}, Tried: []string{"consumer-lag"}},
			{Alert: "EventAgeHigh", Other: []string{"none"}, Tried: []string{"consumer-lag"}},
			{Alert: "BudgetBurn", Why: "it needs data that are 3h old (offset)"},
		},
		Repeats: []catch.Repeats{{Fault: "consumer-lag", Level: "full", Detected: 2, N: 2, Open: 1, Share: stats.ExactShare(2, 2, 0.95),
			Detect: []time.Duration{3 * time.Second, 5 * time.Second}, Soonest: 2 * time.Second, Clear: []time.Duration{4 * time.Second}}},
		Waivers: []catch.Waiver{
			{Waiver: result.Waiver{Waive: result.WaiveMissed, Fault: "model-drift", Level: "off", Reason: "needs metrics", Expires: "2026-03-31"}, Used: []string{"model-drift at off"}},
			{Waiver: result.Waiver{Waive: result.WaiveFalseAlarm, Alert: "EventAgeHigh", Reason: "<b>known</b>", Expires: "2025-12-31"}, Expired: true},
		},
	}
	for i, f := range faults {
		begin := start.Add(time.Duration(i) * 20 * time.Second)
		fc := catch.Row{Fault: f, Start: begin, End: at(begin, 18), Took: 18 * time.Second}
		for _, p := range []struct {
			name     string
			from, to float64
		}{{"settle", 0, 1.5}, {"clean", 1.5, 5.5}, {"inject", 5.5, 5.9}, {"hold", 5.9, 13}, {"revert", 13, 13.5}, {"clear", 13.5, 18}} {
			fc.Phases = append(fc.Phases, catch.Phase{Name: p.name, Start: at(begin, p.from), End: at(begin, p.to)})
		}
		for j, level := range c.Levels {
			fc.Cells = append(fc.Cells, fixtureCell(begin, f.ID, level, j))
		}
		fc.Felt = fixtureFelt(f.ID, c.Levels)
		c.Faults = append(c.Faults, fc)
	}
	for i, level := range c.Levels {
		a := catch.Alarms{Level: level, Clean: 29 * time.Second}
		a.PerHour.Hi = 3 / a.Clean.Hours()
		if i == 3 {
			a.N, a.PerHour.Lo, a.PerHour.Mid, a.PerHour.Hi = 1, 3.1, 124, 692
		}
		c.Alarms = append(c.Alarms, a)
	}
	c.Stories = fixtureStories(c)
	c.Standing = []catch.Standing{
		{Alert: `Watchdog{severity="none"}`, Switch: true, Levels: c.Levels[:3], Broken: []string{"full: it fell silent for 2s, 3s after the start of model-drift"}},
		{Alert: "DiskAlmostFull", Levels: c.Levels},
	}
	return c
}

// fixtureFelt is what users felt: nothing without a fault, default content at all levels with one, and at full errors, too.
func fixtureFelt(fault string, levels []string) catch.Felt {
	changes := func(errors, content float64) []catch.Change {
		var out []catch.Change
		for _, f := range catch.Feelings() {
			c := catch.Change{Feeling: f, Clean: 0.02, Fault: 0.02}
			switch f.ID {
			case "errors":
				c.Clean, c.Fault = 0.001, 0.001+errors
			case "default":
				c.Fault += content
			case "p95":
				c.Clean, c.Fault = 0.0212, 0.0218
				c.Blunt = fault == "model-drift"
			case "conversion":
				continue // nobody clicked
			}
			half := 0.003
			c.Diff.Lo, c.Diff.Mid, c.Diff.Hi = c.Fault-c.Clean-half, c.Fault-c.Clean, c.Fault-c.Clean+half
			c.Felt = c.Diff.Lo > 0
			out = append(out, c)
		}
		return out
	}
	switch fault {
	case "none", "model-drift":
		return catch.Felt{Pooled: changes(0, 0), Levels: []catch.LevelFelt{{Level: levels[0], Changes: changes(0, 0)}}}
	case "profile-attribute-missing":
		out := catch.Felt{Pooled: changes(0.02, 0.28)}
		for i, level := range levels {
			out.Levels = append(out.Levels, catch.LevelFelt{Level: level, Changes: changes(0.08*float64(i/3), 0.28)})
		}
		return out
	}
	return catch.Felt{}
}

func fixtureCell(begin time.Time, fault, level string, j int) catch.Cell {
	cell := catch.Cell{Level: level, State: catch.Missed, Confirmed: at(begin, 5.8+0.03*float64(j)), Reverted: at(begin, 13.4)}
	caught := func(alert string, detect, least, clears float64) {
		seen := 5.8 + detect
		cell.State, cell.Alert = catch.Detected, alert
		cell.Detect, cell.LeastDetect, cell.Clear = seconds(detect), seconds(least), seconds(clears)
		cell.Spans = append(cell.Spans,
			catch.Span{Alert: alert, State: result.Pending, Expected: true, Start: at(begin, seen-1), End: at(begin, seen)},
			catch.Span{Alert: alert, State: result.Firing, Expected: true, Start: at(begin, seen), End: at(begin, 13.4+clears)})
	}
	switch {
	case fault == "none" && level == "full":
		cell.State, cell.False = catch.Noisy, []string{"ClickThroughLow"}
		cell.Spans = []catch.Span{{Alert: "ClickThroughLow", State: result.Firing, Start: at(begin, 4), End: at(begin, 6.5)}}
	case fault == "none":
		cell.State = catch.Quiet
	case fault == "consumer-lag":
		caught("ConsumerLagHigh", 3.2+0.1*float64(j), 1.75, 1.2)
		if level == "metrics" {
			cell.False = []string{"ClickThroughLow"}
		}
		if level == "full" {
			cell.Evidence, cell.Diagnosed = "span attribute messaging.kafka.offset, 412 spans", true
		}
	case fault == "profile-attribute-missing" && level != "off":
		caught("FeatureMissing", 4.1+0.2*float64(j), 2.5, 3.4)
		cell.Also = []string{"DefaultContentHigh"}
		cell.Spans = append(cell.Spans, catch.Span{Alert: "DefaultContentHigh", State: result.Firing, Expected: true, Start: at(begin, 11), End: at(begin, 16)})
		if level != "metrics" {
			cell.Evidence, cell.Diagnosed = "log attribute perso.attribute=age, 318 records", true
		}
	case fault == "model-drift" && level == "off":
		cell.State = catch.CannotFire
		cell.Cannot = []string{"InputDrift cannot fire here: it needs the fault for 15s (for: 15s, 15m as written) and the fault is held for 7s: " +
			"set catch.hold to 20s or more, or raise alerts.lapse"}
		cell.Note = cell.Cannot[0]
	case fault == "model-drift" && level == "metrics":
		caught("InputDrift", 5.6, 4.5, 2.4)
		cell.Clear = -1
	case fault == "model-drift" && level == "traces-10":
		cell.State, cell.Note = catch.UnderPowered, "full: the pipeline refused no item, but its queue reached 71 % of its limit"
	case fault == "model-drift" && level == "full":
		cell.State = catch.Unconfirmed
	}
	return cell
}

func at(t time.Time, s float64) time.Time { return t.Add(seconds(s)) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
