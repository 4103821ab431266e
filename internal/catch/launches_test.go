package catch_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// apart is the run as it would be if some of its levels had a launch of the catch of their own, so much later.
func apart(d *result.Data, by time.Duration, levels ...string) {
	all := func(yes bool) (out []string) {
		for _, l := range d.Run.Levels {
			if slices.Contains(levels, l.Name) == yes {
				out = append(out, l.Name)
			}
		}
		return out
	}
	d.Run.CatchLaunches = [][]string{all(false), all(true)}
	d.Run.StartUp = append(d.Run.StartUp, d.Run.StartUp[len(d.Run.StartUp)-1])
	d.Run.Ended = d.Run.Ended.Add(by)
	var events, second []result.FaultEvent
	for _, e := range d.Faults {
		later := e
		later.Time, later.Launch = e.Time.Add(by), 1
		if !e.Since.IsZero() {
			later.Since = e.Since.Add(by)
		}
		switch own := slices.Contains(levels, e.Arm); {
		case e.Phase == result.PhaseEvidence:
			events = append(events, e)
		case e.Arm == "":
			events, second = append(events, e), append(second, later)
		case own:
			second = append(second, later)
		default:
			events = append(events, e)
		}
	}
	d.Faults = slices.Concat(events, second)
	for i, e := range d.Alerts {
		if slices.Contains(levels, e.Arm) {
			d.Alerts[i].Time = e.Time.Add(by)
		}
	}
	for i, s := range d.Slots {
		if s.Phase == slot.Catch && slices.Contains(levels, s.Arm) {
			d.Slots[i].Start, d.Slots[i].End, d.Slots[i].Launch = s.Start.Add(by), s.End.Add(by), s.Launch+1
		}
	}
	for i, l := range d.Latency {
		if l.Phase == slot.Catch && slices.Contains(levels, l.Arm) {
			d.Latency[i].Launch++
		}
	}
}

// What a level caught does not depend on whether it had the other levels beside it.
func TestLaunches(t *testing.T) {
	const by = 20 * time.Minute
	one, two := small(), small()
	apart(two, by, "logs", "full")
	m, n := analyze(t, one), analyze(t, two)
	if len(m.Faults) != len(n.Faults) {
		t.Fatalf("%d rows, want %d", len(n.Faults), len(m.Faults))
	}
	for i, row := range m.Faults {
		other := n.Faults[i]
		if other.Name() != row.Name() || !other.Start.Equal(row.Start) || !other.End.Equal(row.End) || other.Took != 2*row.Took || row.Took != row.End.Sub(row.Start) {
			t.Errorf("%s from %s to %s, %s in all; want %s from %s to %s, twice %s", other.Name(), other.Start, other.End, other.Took, row.Name(), row.Start, row.End, row.Took)
		}
		for k, c := range row.Cells {
			got, want := other.Cells[k], time.Duration(0)
			if c.Level == "logs" || c.Level == "full" {
				want = by
			}
			if got.Later != want {
				t.Errorf("%s at %s: %s later, want %s", row.Name(), c.Level, got.Later, want)
			}
			if g, w := cellText(got), cellText(c); g != w {
				t.Errorf("%s at %s in a launch of its own:\ngot  %s\nwant %s", row.Name(), c.Level, g, w)
			}
		}
		if got, want := fmt.Sprint(other.Felt.Pooled), fmt.Sprint(row.Felt.Pooled); got != want {
			t.Errorf("%s felt\ngot  %s\nwant %s", row.Name(), got, want)
		}
	}
	if got, want := fmt.Sprint(n.Standing, n.Alarms), fmt.Sprint(m.Standing, m.Alarms); got != want {
		t.Errorf("standing and alarms\ngot  %s\nwant %s", got, want)
	}
}

func cellText(c catch.Cell) string {
	return fmt.Sprint(c.State, c.Alert, c.Detect, c.Injected, c.LeastDetect, c.Clear, c.Also, c.False, c.Diagnosed, c.Evidence, len(c.Spans), c.Note)
}

// A run that ended before the second launch has nothing to say of its levels.
func TestSecondLaunchMissing(t *testing.T) {
	d := small()
	apart(d, time.Hour, "logs", "full")
	d.Faults = slices.DeleteFunc(d.Faults, func(e result.FaultEvent) bool { return e.Launch == 1 })
	m := analyze(t, d)
	for _, row := range m.Faults {
		for _, c := range row.Cells {
			if (c.State == catch.Unfinished) != (c.Level == "logs" || c.Level == "full") {
				t.Errorf("%s at %s is %s", row.Name(), c.Level, c.State)
			}
		}
	}
}

// twice is the run as it would be if all levels were deployed again so much later, and the same happened.
func twice(d *result.Data, by time.Duration) {
	var levels []string
	for _, l := range d.Run.Levels {
		levels = append(levels, l.Name)
	}
	d.Run.CatchLaunches = [][]string{levels, levels}
	d.Run.StartUp = append(d.Run.StartUp, d.Run.StartUp[len(d.Run.StartUp)-1])
	for i := range d.Run.Faults {
		d.Run.Faults[i].Passes = 2 * max(1, d.Run.Faults[i].Passes)
	}
	for _, e := range slices.Clone(d.Faults) {
		e.Time, e.Pass, e.Launch = e.Time.Add(by), e.Pass+1, 1
		if !e.Since.IsZero() {
			e.Since = e.Since.Add(by)
		}
		if e.Phase == result.PhaseEvidence {
			e.Launch = 0 // the search does not say
		}
		d.Faults = append(d.Faults, e)
	}
	state := map[string]result.AlertEvent{}
	first := slices.Clone(d.Alerts)
	for _, e := range first {
		state[e.Arm+e.Alert+fmt.Sprint(e.Labels)] = e
	}
	for _, e := range state { // the first launch takes along what still fires
		if e.To != result.Inactive {
			d.Alerts = append(d.Alerts, result.AlertEvent{Time: d.Run.Ended, Arm: e.Arm, Alert: e.Alert, Labels: e.Labels, From: e.To, To: result.Inactive})
		}
	}
	for _, e := range first {
		e.Time = e.Time.Add(by)
		d.Alerts = append(d.Alerts, e)
	}
	for _, s := range slices.Clone(d.Slots) {
		if s.Phase == slot.Catch {
			s.Start, s.End, s.Launch, s.Order = s.Start.Add(by), s.End.Add(by), s.Launch+1, s.Order+100_000
			d.Slots = append(d.Slots, s)
		}
	}
	for _, l := range slices.Clone(d.Latency) {
		if l.Phase == slot.Catch {
			l.Launch++
			d.Latency = append(d.Latency, l)
		}
	}
	d.Run.Ended = d.Run.Ended.Add(by)
}

// What happens in a second launch of the same levels is judged like the first.
func TestDeployedAgain(t *testing.T) {
	d := small()
	twice(d, 30*time.Minute)
	m := analyze(t, d)
	rows := len(m.Faults) / 2
	for i, row := range m.Faults[:rows] {
		again := m.Faults[rows+i]
		if again.Fault.ID != row.Fault.ID || again.Pass != row.Pass+1 {
			t.Fatalf("row %d is %s, want the second pass of %s", rows+i, again.Name(), row.Name())
		}
		for k, c := range row.Cells {
			got, want := again.Cells[k], c
			// What was still on at the end of the first launch was seen to end there.
			got.Clear, want.Clear = 0, 0
			if g, w := cellText(got), cellText(want); g != w || got.Later != 0 {
				t.Errorf("%s at %s again:\ngot  %s\nwant %s", row.Name(), c.Level, g, w)
			}
		}
	}
	for _, r := range m.Repeats {
		if r.Fault == "profile-attribute-missing" && r.Level == "metrics" && (r.Detected != 2 || r.N != 2) {
			t.Errorf("%+v", r)
		}
	}
}
