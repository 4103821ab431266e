package verdict_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// near says that two figures are the same but for the rounding to nanoseconds.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(math.Abs(a), math.Abs(b)) }

// brief is a run of two launches of 7 rounds, without faults.
func brief(change func(*verdicttest.Spec)) *result.Data {
	s := verdicttest.Default(1)
	s.Launches, s.Rounds, s.Catch = 2, 7, false
	if change != nil {
		change(&s)
	}
	return verdicttest.Build(s)
}

// exact is a spec in which nothing varies.
func exact(s *verdicttest.Spec) { s.RoundSD, s.SlotSD, s.LaunchSD, s.Spikes = 0, 0, 0, 0 }

// TestIdleIsTakenOff: the same run with and without a cost at rest has the same cost of requests.
func TestIdleIsTakenOff(t *testing.T) {
	busy := analyze(t, brief(func(s *verdicttest.Spec) { s.Idle = 0 }))
	idle := analyze(t, brief(func(s *verdicttest.Spec) { s.Idle = 0.3 }))
	for _, arm := range []string{verdicttest.Repeat, "metrics", "full"} {
		for _, id := range []string{"cpu", "pipeline-cpu"} {
			a, b := effect(t, busy, arm, id), effect(t, idle, arm, id)
			if !near(a.Value, b.Value) || !near(a.Diff.Lo, b.Diff.Lo) || !near(a.Diff.Hi, b.Diff.Hi) || !near(a.Ratio.Mid, b.Ratio.Mid) {
				t.Errorf("%s of %s: %+v without a cost at rest, %+v with one", id, arm, a, b)
			}
			if !strings.Contains(a.Note, "toll.idle") {
				t.Errorf("%s: nothing says that the cost at rest is not known", id)
			}
		}
		if stack, pipeline := effect(t, idle, arm, "idle-cpu"), effect(t, idle, arm, "idle-pipeline-cpu"); !near(stack.Value, 0.3*3600) ||
			!near(pipeline.Value, 0.15*3600) || stack.Rounds != 2 || stack.Significant {
			t.Errorf("at rest: %+v and %+v", stack, pipeline)
		}
	}
}

// TestIdleOfASlotThatSaysNotHowLong: a slot without its metered time lasted from its start until it had drained.
func TestIdleOfASlotThatSaysNotHowLong(t *testing.T) {
	with := brief(exact)
	without := brief(exact)
	for i := range without.Slots {
		without.Slots[i].Metered = 0
	}
	a, b := effect(t, analyze(t, with), "full", "cpu"), effect(t, analyze(t, without), "full", "cpu")
	sent := float64(with.Slots[len(with.Slots)-1].Work.Sent)
	if more := 0.02 * 0.001 / sent * 1000; !near(b.Value-a.Value, more) { // a millisecond at 0.02 cores is not taken off
		t.Errorf("%v s more, want %v", b.Value-a.Value, more)
	}
}

// TestNoMoreThanAtRest: where a slot used no more than the arm does at rest there is a difference, but no ratio, and no
// control pretends to have judged one.
func TestNoMoreThanAtRest(t *testing.T) {
	d := brief(nil)
	for i, s := range d.Slots {
		if s.Phase == slot.Idle {
			d.Slots[i].CPU["gateway"] += 90 * time.Millisecond // of about 95 that a slot's requests take, and in a shorter time
			d.Slots[i].CPU["telemetry"] += 5 * time.Millisecond
		}
	}
	d.Run.Budgets = []string{"full: cpu <= +5%", "full: cpu <= +1s"}
	a := analyze(t, d)
	e := effect(t, a, "full", "cpu")
	if !math.IsNaN(e.Ratio.Mid) || !near(e.Diff.Mid, effect(t, analyze(t, brief(nil)), "full", "cpu").Diff.Mid) || !e.Significant {
		t.Errorf("cpu of full: %+v", e)
	}
	if !strings.Contains(e.Note, "no more was used than at rest") {
		t.Errorf("cpu of full: no note says why there is no ratio: %q", e.Note)
	}
	for _, c := range a.Controls {
		if (c.Name == "repeated baseline" || c.Name == "carry-over") && (!c.OK || !strings.Contains(c.Saw, "no more was used than at rest")) {
			t.Errorf("%+v", c)
		}
	}
	if r := a.Budgets[0]; r.Outcome != verdict.Inconclusive || !strings.Contains(r.Sentence, "absolute terms") {
		t.Errorf("relative budget: %s: %s", r.Outcome, r.Sentence)
	}
	if r := a.Budgets[1]; r.Outcome != verdict.Pass {
		t.Errorf("absolute budget: %s: %s", r.Outcome, r.Sentence)
	}
}

// TestMemory: what is held before the second half of a launch is no steady memory; the peak is the highest of a launch.
func TestMemory(t *testing.T) {
	d := brief(exact)
	for i, s := range d.Slots {
		if s.Arm != "full" || s.Phase != slot.Toll {
			continue
		}
		for service := range s.RSS {
			d.Slots[i].RSS[service], d.Slots[i].Peak[service] = 10, 40
			if s.Round < 3 {
				d.Slots[i].RSS[service] = 1 << 40
			}
		}
		if s.Round == 5 {
			d.Slots[i].RSS["model"], d.Slots[i].Peak["model"] = 30, 50
		}
	}
	a := analyze(t, d)
	if steady, peak := effect(t, a, "full", "rss").Value, effect(t, a, "full", "rss-peak").Value; steady != 6*10 || peak != 6*40+10 {
		t.Errorf("steady %v and peak %v of six services, want 60 and 250", steady, peak)
	}
}

// TestRuntimes: a launch's collections are spread over its requests, and a runtime's own clock is not believed beyond what
// the kernel has counted.
func TestRuntimes(t *testing.T) {
	d := brief(exact)
	for i, s := range d.Slots {
		if s.Arm != "full" || s.Phase != slot.Toll {
			continue
		}
		d.Slots[i].Runtime = map[string]result.Runtime{"gateway": {}, "model": {AllocBytes: 3000 * s.Work.Sent, AllocObjects: 4 * s.Work.Sent}}
		if s.Round == 2 { // the only one in which collections end: one that is credible, and one as long as a stopped process
			d.Slots[i].CPU["model"] = 50 * time.Millisecond
			d.Slots[i].Runtime["model"] = result.Runtime{AllocBytes: 3000 * s.Work.Sent, AllocObjects: 4 * s.Work.Sent, GCCPU: 9 * time.Second}
			d.Slots[i].Runtime["gateway"] = result.Runtime{GCCPU: 2 * time.Millisecond}
		}
	}
	a := analyze(t, d)
	for id, want := range map[string]float64{"allocs": 3e6, "alloc-objects": 4000, "gc-cpu": 1000 * 0.052 / (7 * 150)} {
		if got := effect(t, a, "full", id).Value; !near(got, want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}
