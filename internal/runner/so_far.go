package runner

import (
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// soFar tells what the levels cost by the launches that are over. Nothing is under load then, so that it disturbs no slot. What it
// cannot tell is no reason to end a run: the reports judge the data again.
func (r *run) soFar() {
	const what = "the toll so far"
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
}
