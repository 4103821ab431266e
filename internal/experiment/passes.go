package experiment

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
)

// Pass is one time that a fault is taken through its phases.
type Pass struct {
	Fault faults.Fault // with the parameters of this pass
	Nth   int          // counts the passes of this fault, from 0

	Size float64       // of what is swept; 0: nothing is
	Rate float64       // of the load in this pass, where catch.rate is swept; else 0
	Hold time.Duration // likewise of catch.hold
}

// leastForControls is how many passes of other faults there must be for the one that injects nothing to have three passes.
const leastForControls = 4

// LaunchPasses are the passes of one launch of the catch, by its index in CatchLaunches. A level that is deployed again goes on counting
// the passes of a fault.
func (e *Experiment) LaunchPasses(injected []faults.Fault, launch int) []Pass {
	out := e.Passes(injected)
	each := map[string]int{}
	for _, p := range out {
		each[p.Fault.ID]++
	}
	before := e.EarlierLaunches(launch)
	for i := range out {
		out[i].Nth += before * each[out[i].Fault.ID]
	}
	return out
}

// Passes is the order in which faults are taken through their phases in a launch: as they are listed, the swept one in the passes of its
// sweep; or with catch.shuffle in an order drawn from the seed, so that no fault always follows the same other. With catch.repeats all
// of them are gone through so often, shuffled anew each time. Where there are at least four passes of others, the fault that injects
// nothing comes at the start, in the middle and at the end, so that what the run does to itself over time shows, too.
func (e *Experiment) Passes(injected []faults.Fault) []Pass {
	var others []faults.Fault
	var control *faults.Fault
	at := 0
	for i, f := range injected {
		if f.ID == faults.None {
			control, at = &f, i
			continue
		}
		others = append(others, f)
	}
	var passes []Pass
	rng := rand.New(rand.NewPCG(uint64(e.Seed), 0x706173736573)) // #nosec G115 G404 -- a plan, which has to be the same again
	for nth := range max(1, e.Catch.Repeats) {
		if e.Catch.Shuffle && e.Sweep.Vary == "" { // the order of a sweep is drawn already
			rng.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
			at = 0
		}
		for _, f := range others {
			for _, p := range e.swept(f) {
				p.Nth += nth
				passes = append(passes, p)
			}
		}
	}
	if control == nil {
		return passes
	}
	if len(passes) < leastForControls {
		return slices.Insert(passes, at, Pass{Fault: *control})
	}
	middle := len(passes) / 2
	of := func(nth int) []Pass { return []Pass{{Fault: *control, Nth: nth}} }
	return slices.Concat(of(0), passes[:middle], of(1), passes[middle:], of(2))
}

// CatchTime is how long so many passes take when every effect is confirmed at once and every alert takes all of catch.clear to
// clear, and how long they take at most.
func (e *Experiment) CatchTime(passes int) (about, most time.Duration) {
	c, n, launches := e.Catch, time.Duration(passes), time.Duration(len(e.CatchLaunches()))
	if passes == 0 {
		return 0, 0
	}
	about = launches * (c.Settle + n*(c.Clean+c.Hold+c.Clear) + e.sweepTime())
	return about, about + launches*n*(c.QuietLimit+2*c.ConfirmLimit)
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
