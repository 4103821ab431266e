package runner

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
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
	var names []string
	for _, l := range r.Levels {
		names = append(names, l.Name)
	}
	counted := float64(r.Recorded()) / float64(r.Toll.Slot) // requests of a wash-out are not, and cost as much
	needs := coresNeeded(data.Slots, names, r.MostRate()*counted)
	all, cores := 0.0, float64(max(1, data.Run.Machine.Cores))
	for _, need := range needs {
		all += need
	}
	atOnce := atOnceThatFit(needs, busyShare*cores)
	if atOnce == len(names) {
		return nil
	}
	r.Catch.AtOnce = atOnce
	about, _ := r.CatchTime(len(r.Passes(r.faults)))
	said := fmt.Sprintf("all %d levels under load at once would need %.1f of %.0f cores by what the toll has measured, and alerts would be false, late or missing for want of CPU time: "+
		"the catch has %d at once, in %d launches, and takes about %v; catch.at_once: %d has all of them at once", len(names), all, cores, r.Catch.AtOnce, len(r.CatchLaunches()),
		about.Round(time.Second), len(names))
	r.Progress.Tell("the catch", []string{said})
	return r.dir.Update(func(m *result.Run) {
		m.CatchLaunches = r.CatchLaunches()
		m.Warnings = append(m.Warnings, said)
	})
}

// coresNeeded is how many cores each level needs under load at a rate (requests per second), with the load generator's part of it, by the slots
// of the toll; 0 where these do not tell.
func coresNeeded(slots []result.Slot, levels []string, rate float64) []float64 {
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
	out := make([]float64, len(levels))
	for i, level := range levels {
		if n := requests[level]; n > 0 {
			out[i] = used[level].Seconds() / float64(n) * rate
		}
	}
	return out
}

// atOnceThatFit is the most levels at once, as experiment.CatchLaunches puts them together, of which no launch needs more cores than most;
// 1 if no number does.
func atOnceThatFit(needs []float64, most float64) int {
	for atOnce := len(needs); atOnce > 1; atOnce-- {
		n, fits := (len(needs)+atOnce-1)/atOnce, true
		for i := range n {
			sum := 0.0
			for _, need := range needs[i*len(needs)/n : (i+1)*len(needs)/n] {
				sum += need
			}
			fits = fits && sum <= most
		}
		if fits {
			return (len(needs) + n - 1) / n // as many launches, and no more than the largest has
		}
	}
	return 1
}
