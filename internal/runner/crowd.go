package runner

import (
	"slices"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// crowd is the population behind the load, as faults see and move it.
type crowd struct {
	mu      sync.Mutex
	drift   population.Drift
	since   time.Time          // when the first slot under drift began; zero: not yet
	arrived map[string][]int64 // under drift, by arm and age band
	shown   map[string]int64   // slates under drift, by arm
	broken  map[string]int64   // those of them that were for somebody else than who looks at them
}

// now is the drift to order the next slot under.
func (c *crowd) now() population.Drift {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drift
}

// SetDrift moves the crowd, from the next order on.
func (c *crowd) SetDrift(d population.Drift) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d != c.drift {
		c.drift, c.since, c.arrived = d, time.Time{}, map[string][]int64{}
		c.shown, c.broken = map[string]int64{}, map[string]int64{}
	}
}

// Arrived counts the users that arrived at an arm under the drift in force, and says since when that drift is in force.
func (c *crowd) Arrived(arm string) ([]int64, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.arrived[arm]), c.since
}

// Broken counts the slates that an arm has shown under the drift in force, and those of them that were for somebody else than the
// journey's user.
func (c *crowd) Broken(arm string) (broken, shown int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken[arm], c.shown[arm]
}

// observe adds the arrivals of a slot that was ordered under the drift d. Slots under an earlier drift do not count.
func (c *crowd) observe(d population.Drift, report slot.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d != c.drift {
		return
	}
	if c.since.IsZero() {
		c.since = report.Start
	}
	for _, a := range report.Arms {
		if c.shown != nil { // a drift was set
			c.shown[a.Arm] += a.Impressions
			c.broken[a.Arm] += a.Breaks
		}
		sum := c.arrived[a.Arm]
		if sum == nil {
			sum = make([]int64, len(population.AgeBands))
			c.arrived[a.Arm] = sum
		}
		for band, n := range a.AgeBands {
			if band < len(sum) {
				sum[band] += n
			}
		}
	}
}
