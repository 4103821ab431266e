package verdict_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func analyze(t *testing.T, d *result.Data) *verdict.Analysis {
	t.Helper()
	a, err := verdict.Analyze(d)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Reasons) == 0 {
		t.Error("an analysis without a reason")
	}
	return a
}

func effect(t *testing.T, a *verdict.Analysis, arm, metric string) verdict.Effect {
	t.Helper()
	for _, l := range a.Toll {
		for _, e := range l.Effects {
			if l.Arm.Name == arm && e.Metric.ID == metric {
				return e
			}
		}
	}
	t.Fatalf("no effect %s of %s", metric, arm)
	return verdict.Effect{}
}

func TestTollIsRecovered(t *testing.T) {
	for seed := range int64(3) {
		s := verdicttest.Default(seed)
		s.Catch = false
		a := analyze(t, verdicttest.Build(s))
		if a.Outcome != verdict.Pass {
			t.Fatalf("seed %d: outcome %s: %s", seed, a.Outcome, a.Reasons)
		}
		for _, c := range []struct {
			arm, metric string
			truth       float64
			significant bool
		}{
			{verdicttest.Repeat, "p50", 0, false},
			{verdicttest.Repeat, "cpu", 0, false},
			{verdicttest.KnownDelay, "cpu", 0, false},
			{"metrics", "cpu", 0.04, true},
			{"logs", "cpu", 0.07, true},
			{"full", "cpu", 0.15, true},
			// Latency is the service time, which the effect scales, and 70 µs of lateness, which it does not.
			{"full", "p50", 0.15 * 1900 / 1970, true},
			{"full", "p90", 0.15 * 2790 / 2860, true},
			{"full", "p95", 0.15 * 3110 / 3180, true},
			{"full", "rss", 0.15, true},
			{"full", "rss-peak", 0.15, true},
			{"full", "gc-cpu", 0.15, true}, // a tenth of the CPU time that requests cost
			{"full", "allocs", 0, false},
			{"full", "idle-cpu", 0, false},
		} {
			e := effect(t, a, c.arm, c.metric)
			const slack = 1e-6
			if c.truth < e.Ratio.Lo-slack || c.truth > e.Ratio.Hi+slack || e.Significant != c.significant {
				t.Errorf("seed %d: %s of %s: %+.4f, significant %v; want %+.4f, %v", seed, c.metric, c.arm, e.Ratio, e.Significant, c.truth, c.significant)
			}
			if half := (e.Ratio.Hi - e.Ratio.Lo) / 2; e.Detectable != half {
				t.Errorf("seed %d: %s of %s: detectable %v, want %v", seed, c.metric, c.arm, e.Detectable, half)
			}
		}
	}
}

// TestCounts checks telemetry that is the same in every slot: exact, and without a ratio where the baseline has none.
func TestCounts(t *testing.T) {
	a := analyze(t, verdicttest.Data(1))
	for _, c := range []struct {
		arm, metric string
		diff, ratio float64
	}{
		{"full", "spans", 7000, math.NaN()},
		{"metrics", "spans", 0, math.NaN()},
		{"logs", "log-records", 2000, math.NaN()},
		{"metrics", "data-points", 6000, math.NaN()},
		{"metrics", "series", 1122, 1122.0 / 118},
	} {
		e := effect(t, a, c.arm, c.metric)
		if math.Abs(e.Diff.Mid-c.diff) > 1e-6 || e.Significant != (c.diff != 0) {
			t.Errorf("%s of %s: %v, significant %v; want %v", c.metric, c.arm, e.Diff, e.Significant, c.diff)
		}
		if same := math.Abs(e.Ratio.Mid-c.ratio) < 1e-6; !same && !math.IsNaN(c.ratio) || math.IsNaN(c.ratio) != math.IsNaN(e.Ratio.Mid) {
			t.Errorf("%s of %s: ratio %v, want %v", c.metric, c.arm, e.Ratio.Mid, c.ratio)
		}
	}
}

// TestPure analyzes the same run twice, once from disk: the same seed must give the same bytes.
func TestPure(t *testing.T) {
	d := verdicttest.Data(2)
	dir := t.TempDir()
	if err := verdicttest.Write(dir, d); err != nil {
		t.Fatal(err)
	}
	read, err := result.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := analyze(t, d), analyze(t, read)
	asText := func(m *catch.Matrix) string { // of what pointers point at, too
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if x, y := asText(a.Catch), asText(b.Catch); x != y {
		t.Errorf("the catch differs:\n%s\n%s", x, y)
	}
	if x, y := fmt.Sprintf("%+v%+v%+v", a.Toll, a.Controls, a.Notes), fmt.Sprintf("%+v%+v%+v", b.Toll, b.Controls, b.Notes); x != y {
		t.Errorf("the toll differs:\n%s\n%s", x, y)
	}
}

func TestBrokenControls(t *testing.T) {
	eachSlot := func(change func(*result.Slot)) func(*result.Data) {
		return func(d *result.Data) {
			for i := range d.Slots {
				if d.Slots[i].Phase == slot.Toll {
					change(&d.Slots[i])
				}
			}
		}
	}
	for _, c := range []struct {
		control string
		spec    func(*verdicttest.Spec)
		change  func(*result.Data)
	}{
		{control: "repeated baseline", spec: func(s *verdicttest.Spec) { s.Effect[verdicttest.Repeat] = 0.12 }},
		{control: "known delay", change: eachSlot(func(s *result.Slot) { s.Work.Spun *= 3 })},
		{control: "known delay", change: eachSlot(func(s *result.Slot) { s.Work.SpunN = 0 })},
		{control: "dropped arrivals", change: eachSlot(func(s *result.Slot) { s.Work.Dropped = 1 })},
		{control: "generator on time", change: func(d *result.Data) {
			for _, l := range d.Latency {
				if h, err := l.Histogram(); err == nil && l.Kind == result.Lag {
					for range 2 {
						result.Record(h, 20*time.Millisecond)
					}
				}
			}
		}},
		{control: "generator CPU", change: eachSlot(func(s *result.Slot) { s.GeneratorCPU = 600 * time.Millisecond })},
		{control: "equal work", change: eachSlot(func(s *result.Slot) {
			if s.Arm == "full" {
				s.Work.Sent -= 5
			}
		})},
		{control: "telemetry pipeline", change: func(d *result.Data) { d.Slots[9].Telemetry.Refused = 1 }},
		{control: "telemetry arrives", change: eachSlot(func(s *result.Slot) {
			if s.Arm == "full" {
				s.Telemetry.Spans, s.Telemetry.Roots = 0, 0
			}
		})},
		{control: "errors", change: eachSlot(func(s *result.Slot) { s.Work.Failed = 1 })},
		{control: "carry-over", change: eachSlot(func(s *result.Slot) { s.Drained = s.Position > 0 })},
	} {
		t.Run(c.control, func(t *testing.T) {
			s := verdicttest.Default(1)
			s.Launches, s.Rounds, s.Catch = 2, 9, false
			if c.spec != nil {
				c.spec(&s)
			}
			d := verdicttest.Build(s)
			if c.change != nil {
				c.change(d)
			}
			a := analyze(t, d)
			if a.Outcome != verdict.Invalid || !strings.HasPrefix(a.Reasons[0], c.control+": saw ") {
				t.Errorf("outcome %s: %q, want invalid for the %s", a.Outcome, a.Reasons, c.control)
			}
			for _, got := range a.Controls {
				if got.OK == (got.Name == c.control) && !(c.control == "repeated baseline" && got.Name == "known delay") {
					t.Errorf("control %+v", got)
				}
				if got.Saw == "" || got.Want == "" || got.Remedy == "" {
					t.Errorf("control %q does not say all of what it saw, wants and advises: %+v", got.Name, got)
				}
			}
		})
	}
}

// TestKnownDelay: a delay that was spun may have side effects, one by which requests were held back has none.
func TestKnownDelay(t *testing.T) {
	for _, c := range []struct {
		held bool
		want string
	}{
		{false, "203 µs as the gateway measured it, within the interval ± 51 µs"},
		{true, "203 µs by which its requests were held back, within the interval ± 30 µs"},
	} {
		s := verdicttest.Default(1)
		s.Catch = false
		d := verdicttest.Build(s)
		for i := range d.Run.Arms {
			d.Run.Arms[i].Held = c.held && d.Run.Arms[i].Role == result.RoleKnownDelay
		}
		for _, got := range analyze(t, d).Controls {
			if got.Name == "known delay" && (!got.OK || got.Want != c.want) {
				t.Errorf("held %t: %+v, want %q", c.held, got, c.want)
			}
		}
	}
}

func TestSmallRuns(t *testing.T) {
	killed := func(d *result.Data) { d.Run.Status, d.Run.Ended = result.Running, time.Time{} }
	for _, c := range []struct {
		name             string
		launches, rounds int
		change           func(*result.Data)
		outcome          verdict.Outcome
		says             string
	}{
		{"zero rounds", 2, 0, nil, verdict.Invalid, "no complete round"},
		{"only faults were asked for", 0, 0, nil, verdict.Pass, "no toll was to be measured"},
		// What was ended early is not invalid, but no pass either: it was not measured to its end.
		{"killed before the first slot", 1, 0, killed, verdict.Inconclusive, "no complete round"},
		{"one round", 1, 1, killed, verdict.Inconclusive, "too few"},
		{"nine rounds", 1, 9, nil, verdict.Inconclusive, "too few"},
		{"ten rounds in one launch", 1, 10, nil, verdict.Pass, "no budget"},
		{"two launches", 2, 5, nil, verdict.Pass, "no budget"},
		{"killed after some rounds", 2, 8, killed, verdict.Inconclusive, "partial"},
		// Half of the second round was lost: what is left is one round.
		{"killed within a round", 1, 2, func(d *result.Data) { killed(d); d.Slots = d.Slots[:6+9] }, verdict.Inconclusive, "(1 complete, launches: 1)"},
		{"no baseline finished", 1, 9, func(d *result.Data) { d.Latency = nil }, verdict.Invalid, "no complete round"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := verdicttest.Default(3)
			s.Launches, s.Rounds, s.Catch = c.launches, c.rounds, false
			d := verdicttest.Build(s)
			if c.change != nil {
				c.change(d)
			}
			a := analyze(t, d)
			if text := strings.Join(a.Reasons, "\n"); a.Outcome != c.outcome || !strings.Contains(text, c.says) {
				t.Errorf("outcome %s: %s\nwant %s: … %s …", a.Outcome, text, c.outcome, c.says)
			}
			if d.Run.Status != result.Complete && !strings.Contains(a.Reasons[len(a.Reasons)-1], "partial") {
				t.Errorf("the reasons do not say that the run is partial: %q", a.Reasons)
			}
		})
	}
}

// TestUnsupportedQuantile has too few requests for p99 in any launch: no number, but a note of what it takes.
func TestUnsupportedQuantile(t *testing.T) {
	s := verdicttest.Default(4)
	s.Launches, s.Rounds, s.Catch = 2, 7, false
	a := analyze(t, verdicttest.Build(s))
	e := effect(t, a, "full", "p99")
	if !math.IsNaN(e.Diff.Mid) || e.Rounds != 0 || e.Significant {
		t.Fatalf("p99 from 7 rounds of 60 requests: %+v, want nothing but a note", e)
	}
	if !strings.Contains(e.Note, "groups of 9 rounds") {
		t.Errorf("note %q, want how many rounds are needed", e.Note)
	}
}

func TestContradictions(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*result.Data)
	}{
		{"no arm with role", func(d *result.Data) { d.Run.Arms = d.Run.Arms[1:] }},
		{"two arms named", func(d *result.Data) { d.Run.Arms[1].Name = "off" }},
		{`role "judge"`, func(d *result.Data) { d.Run.Arms[1].Role = "judge" }},
		{`changes to "loud"`, func(d *result.Data) { d.Alerts[0].To = "loud" }},
	} {
		s := verdicttest.Default(5)
		s.Launches, s.Rounds = 1, 1
		d := verdicttest.Build(s)
		c.change(d)
		if _, err := verdict.Analyze(d); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", err, c.says)
		}
	}
}

func TestShapes(t *testing.T) {
	a := analyze(t, verdicttest.Data(6))
	if len(a.Shapes) != len(a.Run.Arms) {
		t.Fatalf("%d shapes of %d arms", len(a.Shapes), len(a.Run.Arms))
	}
	for _, s := range a.Shapes {
		for i, p := range s.Points {
			if i > 0 && (p.Q <= s.Points[i-1].Q || p.Seconds < s.Points[i-1].Seconds) {
				t.Errorf("%s: point %d does not rise: %v", s.Arm.Name, i, s.Points)
			}
		}
		if last := s.Points[len(s.Points)-1].Q; last != 0.99 {
			t.Errorf("%s: 2,520 requests support up to 0.99, not %v", s.Arm.Name, last)
		}
	}
}

// The toll of a script of the user's own is the latency of the step that the plan names.
func TestStepOfThePlan(t *testing.T) {
	const step = "search"
	ours, theirs := verdicttest.Data(1), verdicttest.Data(1)
	theirs.Run.Plan.Step = step
	for i := range theirs.Latency {
		theirs.Latency[i].Step = step
	}
	for i := range theirs.Slots {
		theirs.Slots[i].Work.Steps = map[string]int64{step: theirs.Slots[i].Work.Sent}
	}
	want, got := effect(t, analyze(t, ours), "full", "p50"), effect(t, analyze(t, theirs), "full", "p50")
	if got.Ratio != want.Ratio || got.Metric.Title != "p50 latency, search" || want.Metric.Title != "p50 latency, recommend" {
		t.Errorf("%s %v, want %s %v", got.Metric.Title, got.Ratio, want.Metric.Title, want.Ratio)
	}
	for _, c := range analyze(t, theirs).Controls {
		if c.Name == "equal work" && !strings.Contains(c.Saw, "in recorded search requests") {
			t.Errorf("equal work: %s", c.Saw)
		}
	}
	theirs.Run.Plan.Step = slot.AnyStep
	a := analyze(t, theirs)
	if a.Controls[0].Name != "rounds" || !strings.Contains(a.Controls[0].Saw, `no request of step "request"; steps seen: search`) || a.Outcome != verdict.Invalid {
		t.Errorf("a step that no request has: %s, %+v", a.Outcome, a.Controls)
	}
}

// A repeated baseline must be shown to be equal within what the plan states: one that is only not told apart leaves the run
// open, and one that is told apart breaks it, however much the plan allows.
func TestEqualWithin(t *testing.T) {
	for _, c := range []struct {
		name   string
		within map[string]float64
		repeat float64 // true difference
		want   verdict.Outcome
		says   string
	}{
		{"within", map[string]float64{"p50": 0.1, "p95": 0.3, "cpu": 0.1}, 0, verdict.Pass, "all 10 controls hold"},
		{"too noisy for it", map[string]float64{"p50": 0.1, "p95": 0.3, "cpu": 0.001}, 0, verdict.Inconclusive, "(wider than stated); want"},
		{"different within it", map[string]float64{"p50": 0.5, "p95": 0.5, "cpu": 0.5}, 0.12, verdict.Invalid, "broken: at 99.7 %"},
		{"none stated", nil, 0, verdict.Pass, "all 10 controls hold"},
	} {
		d := runOf(1, func(s *verdicttest.Spec) {
			s.Rounds = 9
			s.Effect[verdicttest.Repeat] = c.repeat
		})
		d.Run.Plan.EqualWithin = c.within
		a := analyze(t, d)
		if a.Outcome != c.want || !strings.Contains(a.Reasons[0], c.says) {
			t.Errorf("%s: %s: %q, want %s: … %s …", c.name, a.Outcome, a.Reasons, c.want, c.says)
		}
	}
}
