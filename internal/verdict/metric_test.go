package verdict

import (
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// TestMetrics holds the entries of the list to each other.
func TestMetrics(t *testing.T) {
	ids := map[string]bool{}
	places := map[string][]int{}
	for _, m := range metrics("recommend") {
		if ids[m.ID] || ids[m.formerly] || m.Title == "" || m.Unit == "" {
			t.Errorf("%s is listed twice, or lacks a title or a unit: %+v", m.ID, m.Metric)
		}
		ids[m.ID] = true
		if (m.read != nil) != (m.Phase == slot.Toll) {
			t.Errorf("%s is measured in the phase %q: the toll reads it from a slot, no other phase does", m.ID, m.Phase)
		}
		if m.Main > 0 {
			places["main"] = append(places["main"], m.Main)
		}
		if m.Few > 0 {
			places["few"] = append(places["few"], m.Few)
		}
		if m.Cost > 0 {
			places["cost"] = append(places["cost"], m.Cost)
		}
		if found, known := Lookup(m.ID); !known || found.ID != m.ID {
			t.Errorf("Lookup(%q) finds %+v", m.ID, found)
		}
	}
	for table, of := range places {
		slices.Sort(of)
		for i, place := range of {
			if place != i+1 {
				t.Errorf("places in the table of %s metrics: %v, want each once, from 1", table, of)
			}
		}
	}
}

func TestRounds(t *testing.T) {
	for _, c := range []struct {
		id      string
		perSlot float64
		want    int
	}{
		{"p50", 50, 1}, {"p90", 50, 1}, {"p95", 50, 2}, {"p99", 50, 10}, {"p99.9", 50, 100}, {"mean", 50, 0}, {"cpu", 50, 0},
	} {
		if m, _ := Lookup(c.id); m.Rounds(c.perSlot) != c.want {
			t.Errorf("%s at %g requests per slot: %d rounds, want %d", c.id, c.perSlot, m.Rounds(c.perSlot), c.want)
		}
	}
}
