package catch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// storyOf is the story of a fault.
func storyOf(t *testing.T, m *catch.Matrix, fault string) catch.Story {
	t.Helper()
	for _, s := range m.Stories {
		if s.Fault.ID == fault {
			return s
		}
	}
	t.Fatalf("no story of %s among %d", fault, len(m.Stories))
	return catch.Story{}
}

// told are moments, a line each.
func told(moments []catch.Moment) string {
	var out []string
	for _, m := range moments {
		line := fmt.Sprintf("%v %s", m.At, m.Kind)
		if m.Rules > 0 {
			line += fmt.Sprintf(" (%v)", m.Rules)
		}
		for _, part := range []string{m.Alert, m.Text} {
			if part != "" {
				line += " " + part
			}
		}
		if m.Whole {
			line += " at the end"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// TestStory: what is known at each level in the order in which it is, by the clock on the wall and by that of the rules, which are 30
// times as fast.
func TestStory(t *testing.T) {
	d := small()
	for i := range d.Run.Alerts {
		if a := &d.Run.Alerts[i]; a.Name == "AttributeMissingLogged" {
			a.Summary = `{{ $labels.reason }}: {{ $value | humanize }} a second{{ $labels.none }}`
		}
	}
	for i, e := range d.Alerts {
		if e.Alert == "AttributeMissingLogged" {
			d.Alerts[i].Labels = map[string]string{"reason": "attribute-missing"}
		}
	}
	m := analyze(t, d)
	s := storyOf(t, m, "profile-attribute-missing")
	for level, want := range map[string]string{
		"off": "1s confirmed effect seen\n17s gone effect gone",
		"metrics": "1.1s confirmed effect seen\n4s pending (2m0s) DefaultContentHigh\n6.5s firing (3m15s) DefaultContentHigh Many slates are default content\n" +
			"17.1s gone effect gone\n23s cleared (11m30s)",
		"logs": "500ms named 212 log records say attribute-missing: age\n1.2s confirmed effect seen\n3s pending (1m30s) AttributeMissingLogged\n" +
			"5s firing (2m30s) AttributeMissingLogged attribute-missing: … a second…\n7s firing (3m30s) DefaultContentHigh Many slates are default content\n" +
			"17.2s gone effect gone\n24s cleared (12m0s)",
	} {
		i := slices.Index(m.Levels, level)
		if got := told(s.Levels[i].Moments); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", level, got, want)
		}
	}
	if got, want := told(s.Users), "0s injected\n16s revert"; got != want {
		t.Errorf("users:\n%s\nwant\n%s", got, want)
	}
	logs, full := s.Levels[2], s.Levels[3]
	if logs.Example == nil || logs.Example.Log.Attributes["perso.attribute"] != "age" || len(logs.Waterfall) != 0 || len(full.Waterfall) != 3 {
		t.Errorf("examples %+v and %+v", logs.Example, full.Waterfall)
	}
	// What was there before the fault names no cause, and a cause that only a query finds is known when it is made.
	if _, named := storyOf(t, m, "model-drift").Levels[3].First(catch.Named); named {
		t.Error("evidence that was there before the fault names its cause")
	}
	for i, e := range d.Faults {
		if e.Fault == "model-drift" && e.Phase == result.PhaseEvidence {
			d.Faults[i].Values = map[string]float64{"fault": 2}
		}
	}
	drift := storyOf(t, analyze(t, d), "model-drift").Levels[3]
	if m, named := drift.First(catch.Named); !named || !m.Whole || m.At != 16*time.Second || !m.Known() {
		t.Errorf("evidence without an example: %+v", m)
	}
}

// TestNoStory: without an example of evidence there is none, and what was not injected or had no effect has none.
func TestNoStory(t *testing.T) {
	d := small()
	for _, s := range analyze(t, d).Stories {
		if s.Fault.ID == "none" {
			t.Error("nothing has a story")
		}
	}
	d.Faults = slices.DeleteFunc(d.Faults, func(e result.FaultEvent) bool {
		return e.Fault == "consumer-lag" && e.Phase == result.PhaseConfirmed
	})
	if got := len(analyze(t, d).Stories); got != 2 {
		t.Errorf("%d stories, want those of the two faults that had an effect", got)
	}
	d.Examples = nil
	if got := analyze(t, d).Stories; got != nil {
		t.Errorf("an older run has %d stories", len(got))
	}
}

// TestFeltSince: a change is felt from the second on from which it stays felt. What is felt for a while and then is not, is told
// nowhere.
func TestFeltSince(t *testing.T) {
	story := func(broken func(second int) bool) catch.Story {
		d := small()
		start := passAt(d, "profile-attribute-missing")
		for i := range d.Slots {
			s := &d.Slots[i]
			at := s.Start.Sub(start)
			if s.Phase == slot.Catch && at >= 13*time.Second && at < 29*time.Second && broken(int(at/time.Second)-13) {
				s.Work.Default = map[string]int64{"attribute-missing": 12}
			}
		}
		return storyOf(t, analyze(t, d), "profile-attribute-missing")
	}
	whole := story(func(int) bool { return true })
	late := story(func(second int) bool { return second >= 8 })
	early := story(func(second int) bool { return second < 3 })
	felt := func(s catch.Story) time.Duration {
		for _, m := range s.Users {
			if m.Kind == catch.Noticed && m.Felt.Feeling.ID == "default" && !m.Whole {
				return m.At
			}
		}
		return -1
	}
	if at := felt(whole); at < 2*time.Second || at > 4*time.Second {
		t.Errorf("felt %v after the injection, want at once: %s", at, told(whole.Users))
	}
	if at := felt(late); at < 9*time.Second || at > 15*time.Second {
		t.Errorf("felt %v after the injection, want some seconds after 8 s: %s", at, told(late.Users))
	}
	if at := felt(early); at >= 0 && at < 15*time.Second {
		t.Errorf("felt %v after the injection though it was over by then: %s", at, told(early.Users))
	}
}

// TestWaterfall: spans stand below those that they are part of, whatever a trace claims.
func TestWaterfall(t *testing.T) {
	d := small()
	for i := range d.Examples {
		if e := &d.Examples[i]; e.Arm == "full" {
			e.Trace = verdicttest.Trace(e.First)
			for j, parents := range []string{"1", "missing", "a", "b", "self"} { // an orphan, a circle, and a span in itself
				e.Trace = append(e.Trace, result.TraceSpan{ID: []string{"x", "1", "b", "a", "self"}[j], Parent: parents, Name: parents})
			}
		}
	}
	var got []string
	for _, b := range storyOf(t, analyze(t, d), "profile-attribute-missing").Levels[3].Waterfall {
		got = append(got, fmt.Sprintf("%d %s", b.Depth, b.ID))
	}
	want := "0 00f067aa0ba90201, 1 00f067aa0ba902b7, 2 00f067aa0ba90203, 0 1, 1 x, 0 b, 1 a, 0 self"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
