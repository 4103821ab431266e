package experiment

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
)

// Pass is one time that a fault is taken through its phases.
type Pass struct {
	Fault faults.Fault
	Nth   int // counts the passes of this fault, from 0
}

// leastForControls is how many other faults there must be for the one that injects nothing to have three passes.
const leastForControls = 4

// Passes is the order in which faults are taken through their phases: as they are listed, or with catch.shuffle in an order drawn
// from the seed, so that no fault always follows the same other. Where there are at least four others, the fault that injects
// nothing comes at the start, in the middle and at the end, so that what the run does to itself over time shows, too.
func (e *Experiment) Passes(injected []faults.Fault) []Pass {
	var others []Pass
	var control *faults.Fault
	at := 0
	for i, f := range injected {
		if f.ID == faults.None {
			control, at = &f, i
			continue
		}
		others = append(others, Pass{Fault: f})
	}
	if e.Catch.Shuffle {
		rng := rand.New(rand.NewPCG(uint64(e.Seed), 0x706173736573)) // #nosec G115 G404 -- a plan, which has to be the same again
		rng.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
		at = 0
	}
	if control == nil {
		return others
	}
	if len(others) < leastForControls {
		return slices.Insert(others, at, Pass{Fault: *control})
	}
	middle := len(others) / 2
	return slices.Concat([]Pass{{*control, 0}}, others[:middle], []Pass{{*control, 1}}, others[middle:], []Pass{{*control, 2}})
}

// CatchTime is how long so many passes take when every effect is confirmed at once and every alert takes all of catch.clear to
// clear, and how long they take at most.
func (e *Experiment) CatchTime(passes int) (about, most time.Duration) {
	c, n := e.Catch, time.Duration(passes)
	if passes == 0 {
		return 0, 0
	}
	about = c.Settle + n*(c.Clean+c.Hold+c.Clear)
	return about, about + n*(c.QuietLimit+2*c.ConfirmLimit)
}

// PlannedPasses is how many passes the faults of the experiment have; supports says why the environment cannot inject one, and nil
// that it can. Without it every fault is taken for one that it can inject.
func (e *Experiment) PlannedPasses(supports func(fault string, uses []string) error) int {
	var listed []faults.Fault
	for _, text := range e.Faults {
		f, err := e.lookup(text)
		if err == nil && supports != nil {
			err = supports(f.ID, f.Uses(e.Target(f.ID)))
		}
		if err == nil { // what is wrong with another one is said elsewhere
			listed = append(listed, f)
		}
	}
	return len(e.Passes(listed))
}
