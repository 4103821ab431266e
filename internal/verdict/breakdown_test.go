package verdict_test

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// TestBreakdownByHand: the parts of a run in which nothing varies are what a reader makes of it with a pencil, and those of the stack
// make up its CPU time.
func TestBreakdownByHand(t *testing.T) {
	a := analyze(t, brief(exact))
	if len(a.Parts) != 4 {
		t.Fatalf("%d levels, want 4", len(a.Parts))
	}
	full, before := a.Parts[3], a.Parts[2]
	if full.Arm.Name != "full" || a.Parts[0].Arm.Role != result.RoleBaseline {
		t.Fatalf("the levels are not in the order of the run: %v first, %v last", a.Parts[0].Arm, full.Arm)
	}
	stack := 0.0
	for i, p := range full.Services {
		if p.Of != "telemetry" {
			stack += p.Value
		} else if want := (8e-3*1.15/150 + 2.5e-3*0.15*1.15) * 1000; !near(p.Value, want) || i != len(full.Services)-1 {
			t.Errorf("the pipeline is part %d with %v s, want the last with %v s", i, p.Value, want)
		}
		if p.Of == "backing" {
			t.Error("the broker and store that all arms share are a part")
		}
	}
	if want := 0.622 * 1.15; !near(stack, want) {
		t.Errorf("the services use %v s per 1,000 requests, want %v s", stack, want)
	}
	for i, want := range []float64{7000, 2000, 6000, (64000/150.0 + 350*2 + 420*7) * 1000, 1240} {
		if p := full.Signals[i]; !near(p.Value, want) || p.Over != p.Value-before.Signals[i].Value {
			t.Errorf("%s: %v, %v over the level before, want %v", p.Of, p.Value, p.Over, want)
		}
		if !math.IsNaN(a.Parts[0].Signals[i].Over) {
			t.Errorf("%s: the baseline is compared with something", full.Signals[i].Of)
		}
	}
}

// TestNoBreakdown: of a system that tells neither its CPU time nor its telemetry there is none.
func TestNoBreakdown(t *testing.T) {
	d := brief(exact)
	for i := range d.Slots {
		d.Slots[i].CPU, d.Slots[i].Telemetry = nil, result.Telemetry{}
	}
	if a := analyze(t, d); a.Parts != nil {
		t.Errorf("parts: %v", a.Parts)
	}
}

// TestRoundsInOrder: every arm has a value of each round, by launch, the baseline first.
func TestRoundsInOrder(t *testing.T) {
	d := brief(exact)
	a := analyze(t, d)
	if len(a.Rounds) != len(d.Run.Arms) || a.Rounds[0].Arm.Role != result.RoleBaseline {
		t.Fatalf("%d arms, %v first", len(a.Rounds), a.Rounds[0].Arm)
	}
	for _, r := range a.Rounds {
		if r.Metric.ID != "p50" || len(r.Launches) != d.Run.Plan.Launches {
			t.Errorf("%s: %s of %d launches", r.Arm.Name, r.Metric.ID, len(r.Launches))
		}
		for i, launch := range r.Launches {
			if len(launch) != d.Run.Plan.Rounds {
				t.Errorf("%s: launch %d has %d rounds, want %d", r.Arm.Name, i, len(launch), d.Run.Plan.Rounds)
			}
		}
	}
}

// TestBillsAreCompared: each bill says by how much it is more than the one before.
func TestBillsAreCompared(t *testing.T) {
	d := brief(exact)
	d.Run.Prices = tariff()
	bills := analyze(t, d).Money.Bills
	if !math.IsNaN(bills[0].Over) || !math.IsNaN(bills[0].Items[0].Over) {
		t.Error("the bill of the baseline is compared with something")
	}
	for i, b := range bills[1:] {
		before := bills[i]
		if b.Over != b.Total-before.Total {
			t.Errorf("%s: %v more than %s, want %v", b.Arm.Name, b.Over, before.Arm.Name, b.Total-before.Total)
		}
		for j, item := range b.Items {
			if item.Over != item.Amount-before.Items[j].Amount {
				t.Errorf("%s, %s: %v more", b.Arm.Name, item.What, item.Over)
			}
		}
	}
}
