package runner

import (
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// TestBrokenSlates: slates are counted from the change of the drift on, by arm.
func TestBrokenSlates(t *testing.T) {
	c := &crowd{arrived: map[string][]int64{}}
	split := population.Drift{Split: 0.5}
	report := slot.Report{Arms: []slot.ArmReport{{Arm: "off", Impressions: 10, Breaks: 4}, {Arm: "full", Impressions: 8}}}
	c.observe(population.Drift{}, report) // nothing was ever set
	c.SetDrift(split)
	c.observe(population.Drift{}, report) // an order from before
	c.observe(split, report)
	c.observe(split, report)
	if broken, shown := c.Broken("off"); broken != 8 || shown != 20 {
		t.Errorf("%d of %d, want 8 of 20", broken, shown)
	}
	c.SetDrift(population.Drift{})
	if broken, shown := c.Broken("off"); broken != 0 || shown != 0 {
		t.Errorf("after the heal: %d of %d", broken, shown)
	}
}
