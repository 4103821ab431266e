package runner

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// A run tells its toll so far at most so often within a launch, and spends at most one part in so many of its time on it.
const (
	tellEvery = 15 * time.Second
	tellShare = 20
)

// soFar tells what the levels cost by the rounds that are over. It is called while all arms are parked, so that it disturbs no slot. What
// it cannot tell is no reason to end a run: the reports judge the data again.
func (r *run) soFar() {
	const what = "the toll so far"
	began := time.Now()
	data, err := result.Read(r.dir.Dir())
	var costs []string
	if err == nil {
		costs, err = verdict.SoFar(data)
	}
	switch {
	case err != nil:
		r.Progress.Tell(what, []string{"cannot be told: " + err.Error()})
	case len(costs) > 0:
		r.Progress.Tell(what, costs)
	}
	now := time.Now()
	r.tellAgain = now.Add(max(tellEvery, tellShare*now.Sub(began)))
}

// firmsUp tells the toll so far after a round, unless that was told a short while ago.
func (r *run) firmsUp() {
	if r.tellAgain.IsZero() {
		r.tellAgain = time.Now().Add(tellEvery)
	}
	if time.Now().After(r.tellAgain) {
		r.soFar()
	}
}
