package verdict_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// carry multiplies the CPU of every slot that comes after an arm.
func carry(d *result.Data, arm string, factor float64) {
	for i := range d.Slots {
		if d.Slots[i].Before == arm && d.Slots[i].Phase == slot.Toll {
			for service, used := range d.Slots[i].CPU {
				d.Slots[i].CPU[service] = time.Duration(float64(used) * factor)
			}
		}
	}
}

func carryOver(t *testing.T, d *result.Data) verdict.Control {
	t.Helper()
	for _, c := range analyze(t, d).Controls {
		if c.Name == "carry-over" {
			return c
		}
	}
	t.Fatal("no control carry-over")
	return verdict.Control{}
}

func TestCarryOver(t *testing.T) {
	for _, c := range []struct {
		name           string
		launches       int
		rounds         int
		arm            string
		factor         float64
		ok             bool
		says, saysAlso string
	}{
		{"none", 3, 14, "full", 1, true, "the noise floor of ±", "100 % of the slots were back at rest"},
		{"a level that leaves work behind", 3, 14, "full", 1.5, false, "cpu after full +", "beyond the noise floor of ±"},
		{"the baseline is what leaves it", 3, 14, "off", 1.5, false, "cpu after off +", "beyond the noise floor of ±"},
		{"a level that makes the next slot cheaper", 3, 14, "metrics", 0.6, false, "cpu after metrics -", "beyond the noise floor of ±"},
		{"less than matters", 3, 14, "full", 1.008, true, "cpu after full +", "within the noise floor of ±"},
		{"too few rounds to tell", 2, 2, "full", 1.5, true, "p50: the effect of the arm before cannot be told from 4 rounds", "cpu: the effect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := runOf(1, func(s *verdicttest.Spec) { s.Launches, s.Rounds = c.launches, c.rounds })
			carry(d, c.arm, c.factor)
			got := carryOver(t, d)
			if got.OK != c.ok || got.Undecided || !strings.Contains(got.Saw, c.says) || !strings.Contains(got.Saw, c.saysAlso) {
				t.Errorf("%+v\nwant OK %v, … %s … %s …", got, c.ok, c.says, c.saysAlso)
			}
		})
	}
}

// TestCarryOverOfHealthyRuns: the control holds in every one of thirty good runs of drift, deployments that differ and
// noise; how often some effect may seem to be more than 0 is counted where they are estimated, in package stats.
func TestCarryOverOfHealthyRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	d := runOf(1, func(s *verdicttest.Spec) { s.Launches, s.Rounds = 2, 8 })
	for run := range 30 {
		luck := map[string]float64{}
		for i := range d.Slots {
			s := &d.Slots[i]
			if s.Before == "" {
				clear(luck)
			}
			if _, drawn := luck[s.Arm]; !drawn {
				luck[s.Arm] = 1 + 0.02*rng.NormFloat64()
			}
			used := 6e5 * float64(s.Work.Sent) * luck[s.Arm] * (1 + 0.04*rng.NormFloat64())
			if rng.Float64() < 0.03 {
				used *= 1.5 // a stall
			}
			s.CPU = map[string]time.Duration{"gateway": time.Duration(used)}
		}
		if got := carryOver(t, d); !got.OK {
			t.Errorf("run %d: %s", run, got.Saw)
		}
	}
}
