package runner

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// busyShare is how much of the machine the levels of the catch, their services and the load generator, may need by what the toll has
// measured. What the toll does not have (the evaluation of rules, metrics that are exported oftener, the bursts of a fault) needs about
// half as much again, and what waits for a core looks like a slow dependency. Of runs on two cores, those that needed 39 and 43 % were late
// in none of their seconds, one of about 48 % in 10 % and one of about 65 % in 59 %.
const busyShare = 0.5

// fit has the catch take fewer levels at once where all of them together would be too much for this machine, and says so. It knows that
// from the toll, and leaves a number that the experiment asks for (catch.at_once) as it is.
func (r *run) fit() error {
	if r.Catch.AtOnce > 0 || len(r.Levels) < 2 || r.Toll.Launches == 0 || r.Environment == "external" { // whose machines are not ours
		return nil
	}
	data, err := result.Read(r.dir.Dir())
	if err != nil {
		return err
	}
	return r.fitBy(data)
}

// fitBy does it by the slots of the toll in the data of the run so far.
func (r *run) fitBy(data *result.Data) error {
	counted := float64(r.Recorded()) / float64(r.Toll.Slot) // requests of a wash-out are not, and cost as much
	needs := coresNeeded(data.Slots, r.MostRate()*counted)
	all, cores, levels := 0.0, float64(max(1, data.Run.Machine.Cores)), len(r.Levels)
	for _, l := range r.Levels {
		all += needs[l.Name]
	}
	atOnce := atOnceThatFit(*r.Experiment, needs, busyShare*cores)
	if atOnce == levels {
		return nil
	}
	r.Catch.AtOnce = atOnce
	about, _ := r.CatchTime(len(r.Passes(r.faults)))
	said := fmt.Sprintf("all %d levels under load at once would need %.1f of %.0f cores by what the toll has measured, and alerts would be false, late or missing for want of CPU time: "+
		"the catch has %d at once, in %d launches, and takes about %v; catch.at_once: %d has all of them at once", levels, all, cores, atOnce, len(r.CatchLaunches()),
		about.Round(time.Second), levels)
	r.Progress.Tell("the catch", []string{said})
	return r.dir.Update(func(m *result.Run) {
		m.CatchLaunches = r.CatchLaunches()
		m.Warnings = append(m.Warnings, said)
	})
}

// coresNeeded is how many cores each arm of the toll needs under load at a rate (requests per second), with the load generator's part of it,
// by the slots of the toll. An arm without requests is not in it.
func coresNeeded(slots []result.Slot, rate float64) map[string]float64 {
	used, requests := map[string]time.Duration{}, map[string]int64{}
	for _, s := range slots {
		if s.Phase != slot.Toll {
			continue
		}
		used[s.Arm] += s.GeneratorCPU
		for _, cpu := range s.CPU {
			used[s.Arm] += cpu
		}
		requests[s.Arm] += s.Work.Sent
	}
	out := map[string]float64{}
	for arm, n := range requests {
		if n > 0 {
			out[arm] = used[arm].Seconds() / float64(n) * rate
		}
	}
	return out
}

// atOnceThatFit is the most levels at once of which no launch of the catch needs more cores than most; 1 if no number does.
func atOnceThatFit(e experiment.Experiment, needs map[string]float64, most float64) int {
	for e.Catch.AtOnce = len(e.Levels); e.Catch.AtOnce > 1; e.Catch.AtOnce-- {
		fits, largest := true, 0
		for _, levels := range e.CatchLaunches() {
			sum := 0.0
			for _, level := range levels {
				sum += needs[level]
			}
			fits, largest = fits && sum <= most, max(largest, len(levels))
		}
		if fits {
			return largest
		}
	}
	return 1
}
