package verdict

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
)

// Since is what earlier runs say of a run: see internal/since, which fills it in.
type Since struct {
	Runs   int          // earlier ones
	With   string       // ID of the newest of them; "": there is none
	Unlike []string     // in what the run is not like that one
	Fails  []FailsSince // of what fails its budget
}

// RunMark names a run.
type RunMark struct {
	ID      string
	Started time.Time
	Version string // of tollgate
}

// FailsSince says since when a budget fails at a level.
type FailsSince struct {
	Budget Budget
	Level  string
	Fault  string      // of a demand on the catch, the pass that fails it; else ""
	State  catch.State // likewise, what became of it

	First   RunMark // of the runs up to this one whose estimates all fail the limit: those of the toll in the same setting
	Failing int     // how many these are, before this run
	Known   int     // earlier runs that know the value at all
	Met     bool    // the limit was met before First

	Changed *ChangedIn // the newest change of the metric; nil: there is none beyond chance
	Few     bool       // there are too few runs to find a change
}

// ChangedIn is a change of a metric from the runs before to those since.
type ChangedIn struct {
	Metric      Metric
	Ratio       bool // the changes over the baseline are shares of it, else in the metric's unit
	In          RunMark
	Before, Now Interval // the means; ends may be NaN
	By          Interval // of Now over Before: a share, or in the metric's unit
	Other       []string // what else is not as in the run before In
}
