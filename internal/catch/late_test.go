package catch

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// TestLateness: only seconds of the catch count, a few late ones are normal, and turns of a script are never called late.
func TestLateness(t *testing.T) {
	seconds := func(phase string, n int, lag time.Duration) []result.Slot {
		var out []result.Slot
		for range n {
			out = append(out, result.Slot{Phase: phase, Work: slot.ArmReport{LagP99: lag}})
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		slots [][]result.Slot
		step  string
		want  string // of the sentence; "": none
	}{
		{name: "no catch", slots: [][]result.Slot{seconds(slot.Toll, 10, time.Second)}},
		{name: "in time", slots: [][]result.Slot{seconds(slot.Catch, 90, time.Millisecond), seconds(slot.Catch, 10, 51*time.Millisecond)}},
		{name: "late", slots: [][]result.Slot{seconds(slot.Catch, 80, 50*time.Millisecond), seconds(slot.Catch, 20, 51*time.Millisecond)}, want: "more than 50 ms late in 20 % of its seconds"},
		{name: "a script", slots: [][]result.Slot{seconds(slot.Catch, 20, time.Second)}, step: "browse"},
	} {
		var d result.Data
		d.Run.Plan.Step = tt.step
		for _, s := range tt.slots {
			d.Slots = append(d.Slots, s...)
		}
		if got := lateness(&d).Busy(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
