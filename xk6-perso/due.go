package perso

import (
	"sync"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/executor"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// arrivals are the times at which k6's constant-arrival-rate has iterations of a scenario due: period apart, from start on, of
// which the process has its share. It is safe for concurrent use.
type arrivals struct {
	start  time.Time
	period time.Duration
	share  journey.Share

	mu    sync.Mutex
	past  int       // arrivals of the share that were due so far
	spare []stretch // of those, the ones that no iteration was counted for, in their order
}

// stretch is arrivals in a row, from one on up to another one, which is not among them.
type stretch struct{ from, to int }

// mostStretches is how many stretches of spare arrivals are remembered; the oldest is forgotten.
const mostStretches = 1024

// due is when the iteration that begins now was due. k6 does not say which arrival an iteration is for, nor which it dropped because no
// VU was free. So it is the latest arrival that no other iteration had: an iteration is never said to be later than it was. Taken
// together, iterations are as late as they really were, unless k6 was late and dropped some at the same time.
func (a *arrivals) due(now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if since := now.Sub(a.start); since >= 0 {
		a.pass(a.share.Below(int(since/a.period) + 1))
	}
	last := len(a.spare) - 1
	if last < 0 {
		return now
	}
	g := &a.spare[last]
	g.to--
	n := g.to
	if g.from == g.to {
		a.spare = a.spare[:last]
	}
	return a.start.Add(time.Duration(a.share.Nth(n)) * a.period)
}

// pass takes the arrivals up to the n-th of the share as due; the lock is held.
func (a *arrivals) pass(n int) {
	if n <= a.past {
		return
	}
	if last := len(a.spare) - 1; last >= 0 && a.spare[last].to == a.past {
		a.spare[last].to = n
	} else {
		if len(a.spare) == mostStretches {
			a.spare = append(a.spare[:0], a.spare[1:]...)
		}
		a.spare = append(a.spare, stretch{a.past, n})
	}
	a.past = n
}

// start is when a journey or a visit that begins now was due: for the first in an iteration that k6's constant-arrival-rate paces, when
// k6 had the iteration due, unless the script says that this is no arrival; else now.
func (i *instance) start(state *lib.State, now time.Time, arrival bool) time.Time {
	scenario := lib.GetScenarioState(i.vu.Context())
	if scenario == nil || !arrival || i.counted == state.Iteration {
		return now
	}
	i.counted = state.Iteration
	a, err := i.root.arrivalsOf(scenario, state.Options)
	i.must(err)
	if a == nil {
		return now
	}
	return a.due(now)
}

// arrivalsOf are the arrivals of a scenario, the same ones for all VUs; nil if another executor paces it.
func (r *RootModule) arrivalsOf(scenario *lib.ScenarioState, o lib.Options) (*arrivals, error) {
	config, ok := o.Scenarios[scenario.Name].(*executor.ConstantArrivalRateConfig)
	if !ok || config.Rate.Int64 < 1 {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.arrivals[scenario.Name]; ok {
		return a, nil
	}
	share, err := shareOf(o)
	if err != nil {
		return nil, err
	}
	period := time.Duration(float64(config.TimeUnit.TimeDuration()) / float64(config.Rate.Int64)) // as k6 rounds it
	a := &arrivals{start: scenario.StartTime, period: max(period, 1), share: share}
	if r.arrivals == nil {
		r.arrivals = map[string]*arrivals{}
	}
	r.arrivals[scenario.Name] = a
	return a, nil
}
