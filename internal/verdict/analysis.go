// Package verdict turns a run directory into what the reports show: the toll of each level with intervals, the
// controls that decide whether the run may be believed, and the verdict. The catch comes from internal/catch.
//
// Analyze is a pure function of result.Data; renderers print an Analysis and compute nothing.
package verdict

import (
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Outcome is the verdict on a run.
type Outcome string

// Outcomes. A run without budgets passes when its controls do.
const (
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive"
	Invalid      Outcome = "invalid"
)

// Interval is an estimate with its confidence interval at Analysis.Confidence. NaN marks what cannot be computed; Lo
// and Hi may be infinite.
type Interval struct{ Lo, Mid, Hi float64 }

// Analysis is everything that a report shows. All slices are in display order.
type Analysis struct {
	Run        result.Run
	Outcome    Outcome
	Reasons    []string // why Outcome is what it is, most important first; never empty
	Confidence float64  // 0.95

	Load     Load
	Controls []Control
	Budgets  []BudgetResult // by level, then in the order given; empty without budgets
	Looks    []LookMade     // when the budgets were judged, where the plan allows more than one look and there are budgets
	Toll     []LevelToll    // RoleRepeat and RoleKnownDelay arms first, then the levels above the baseline
	Steps    []Step         // what each level costs over the next cheaper one, from cheap to dear; metrics as in LevelToll.Effects
	Launches []LaunchValues // plain values by arm, the baseline first, and launch
	Baseline []Absolute     // the baseline's own values, same metrics and order as every LevelToll.Effects
	Money    *Bills         // nil when the run has no prices, or nothing that they are for
	Shapes   []Shape        // latency distributions, one per arm
	Rounds   []RoundValues  // of the metric that every decision needs, by arm, the baseline first
	Hops     []Hop          // where the time of an answer goes, in the order in which answers name the hops; nil where they do not
	Parts    []Breakdown    // what the cost of every level is made of, the baseline first; nil where the run does not tell
	Contents []Contents     // what the telemetry of every level is made of, the baseline first; nil where the run does not tell
	CPU      *CPU           // where the CPU time goes; nil where no CPU profile was to be taken
	Capacity *Capacity      // nil when it was not to be measured
	Catch    *catch.Matrix  // nil when no fault was run
	Frontier *Frontier      // nil when no fault was judged at any level
	Limits   []catch.Limit  // by level, of Run.Sweep; none without a sweep
	Since    *Since         // nil where no earlier runs were given
	Notes    []string       // of the run as a whole; Effect.Note and catch.Cell.Note are those of a single figure
}

// Control is a measurement whose true answer is known.
type Control struct {
	Name   string // e.g. "repeated baseline"
	OK     bool
	Saw    string // what was seen, with numbers and units
	Want   string // what had to be seen
	Remedy string // what to do when not OK

	// Undecided: the run holds too little to judge the control, so OK is false, but nothing is known to be wrong. It makes a
	// run inconclusive, not invalid.
	Undecided bool
}

// Absolute is a plain value of a metric.
type Absolute struct {
	Metric Metric
	Value  float64 // in Metric.Unit; NaN: not measured
}

// LevelToll is what one arm costs over the baseline.
type LevelToll struct {
	Arm     result.Arm
	Effects []Effect
}

// Effect is the difference of one metric between an arm and the baseline.
type Effect struct {
	Metric      Metric
	Value       float64  // the arm's own absolute value, in Metric.Unit
	Diff        Interval // arm − baseline, in Metric.Unit
	Ratio       Interval // arm / baseline − 1; NaN where the baseline is 0
	Significant bool     // the interval excludes 0; when false print "~"
	Detectable  float64  // smallest relative change this run could have seen (half-width of Ratio); NaN if unknown
	Rounds      int      // rounds, or merged groups of rounds, behind the estimate
	Note        string   // footnote; "" if there is nothing to say
}

// Shape is the latency distribution of one arm: response time of the main step over all toll slots.
type Shape struct {
	Arm    result.Arm
	Points []Quantile // rising
}

// Quantile is one point of a distribution.
type Quantile struct {
	Q       float64 // in [0, 1]
	Seconds float64
}
