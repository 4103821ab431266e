package stack

import (
	"math"
	"slices"
	"sync"
)

// missingBin is the bin of an input that could not be computed.
const missingBin = "missing"

// Window of the drift measure, in decisions.
const (
	driftWindow = 400
	driftLeast  = 300 // with fewer nothing is reported: the first hundred after a start come from a dozen journeys
)

// driftMeter measures how far the distribution of one input has moved away from the distribution in training, by the population
// stability index over the last driftWindow decisions. It is safe for concurrent use.
type driftMeter struct {
	bins   []string
	shares []float64 // expected

	mu     sync.Mutex
	recent [driftWindow]uint8 // bins, a ring
	next   int
	n      int // filled part of recent
	counts []int
}

func newDriftMeter(d distribution) *driftMeter {
	return &driftMeter{bins: d.Bins, shares: d.Shares, counts: make([]int, len(d.Bins))}
}

// observe counts one value by its bin. A bin that did not exist in training counts as missing.
func (m *driftMeter) observe(bin string) {
	i := slices.Index(m.bins, bin)
	if i < 0 {
		i = len(m.bins) - 1 // missing is last
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n == driftWindow {
		m.counts[m.recent[m.next]]--
	} else {
		m.n++
	}
	m.recent[m.next] = uint8(i)
	m.counts[i]++
	m.next = (m.next + 1) % driftWindow
}

// psi returns the index: 0 means equal distributions, and above 0.25 is by convention a major shift. It reports false while
// there are fewer than driftLeast values. A share is at least half an observation, so that an empty bin does not make the index
// infinite.
func (m *driftMeter) psi() (float64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n < driftLeast {
		return 0, false
	}
	least := 0.5 / float64(m.n)
	sum := 0.0
	for i, count := range m.counts {
		live, expected := max(float64(count)/float64(m.n), least), max(m.shares[i], least)
		sum += (live - expected) * math.Log(live/expected)
	}
	return sum, true
}
