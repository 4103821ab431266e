package result

import (
	"fmt"
	"math"
	"slices"
)

// Parameters of a sweep that are none of a fault: how the catch is made, in the words of the experiment's keys.
const (
	SweptRate = "catch.rate" // requests per second and arm
	SweptHold = "catch.hold" // s
)

// Sweep is one parameter that takes a size of its own in every pass of a fault. FaultEvent.Size says which.
type Sweep struct {
	Fault   string    `json:"fault"`
	Param   string    `json:"param"`           // of the fault, or SweptRate (catch.rate) or SweptHold (catch.hold)
	Unit    string    `json:"unit,omitempty"`  // of the sizes: share, ms, s, or a word such as records; "" for a plain number
	Falls   bool      `json:"falls,omitempty"` // the fault grows as the number falls
	Sizes   []float64 `json:"sizes"`           // the smallest fault first
	Repeats int       `json:"repeats"`         // passes of every size

	Baseline []LevelLimit `json:"baseline,omitempty"` // the limits that may not become larger faults; none: nothing is judged
}

// LevelLimit is the largest fault that the detection limit of a level may be.
type LevelLimit struct {
	Level string  `json:"level"`
	Limit float64 `json:"limit"` // in the unit of the sweep
}

// checkSweep refuses a sweep that no run can have made.
func (r Run) checkSweep() error {
	s := r.Sweep
	if s == nil {
		return nil
	}
	if !slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.ID == s.Fault }) {
		return fmt.Errorf("sweep.fault is %.100q, which the run does not have", s.Fault)
	}
	if len(s.Sizes) < 2 || s.Repeats < 1 {
		return fmt.Errorf("sweep: %d sizes, %d repeats: want at least 2 and 1", len(s.Sizes), s.Repeats)
	}
	for i, x := range s.Sizes {
		if !(x > 0) || math.IsInf(x, 0) {
			return fmt.Errorf("sweep.sizes[%d] is %v: want a number above 0", i, x)
		}
		if i > 0 && (s.Falls && x >= s.Sizes[i-1] || !s.Falls && x <= s.Sizes[i-1]) {
			return fmt.Errorf("sweep.sizes[%d] is %v, after %v: want the smallest fault first", i, x, s.Sizes[i-1])
		}
	}
	for i, b := range s.Baseline {
		if !(b.Limit > 0) || !slices.ContainsFunc(r.Levels, func(l Level) bool { return l.Name == b.Level }) {
			return fmt.Errorf("sweep.baseline[%d] is %.100q, %v: want a level of the run and a limit above 0", i, b.Level, b.Limit)
		}
	}
	return nil
}
