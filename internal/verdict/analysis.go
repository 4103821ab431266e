// Package verdict turns a run directory into what the reports show: the toll of each level with intervals, the
// controls that decide whether the run may be believed, the catch per fault and level, and the verdict.
//
// Analyze is a pure function of result.Data; renderers print an Analysis and compute nothing.
package verdict

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
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

// Unit says how a number is to be printed.
type Unit string

// Units of a metric. An amount of money has the currency of the run's prices for a unit, Money where they name none.
const (
	Seconds Unit = "s"
	Bytes   Unit = "B"
	Count   Unit = "1"
	Money   Unit = "money"

	PerSecond Unit = "requests/s"
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

	Controls []Control
	Budgets  []BudgetResult // by level, then in the order given; empty without budgets
	Looks    []LookMade     // when the budgets were judged, where the plan allows more than one look and there are budgets
	Toll     []LevelToll    // RoleRepeat and RoleKnownDelay arms first, then the levels above the baseline
	Baseline []Absolute     // the baseline's own values, same metrics and order as every LevelToll.Effects
	Money    *Bills         // nil when the run has no prices, or nothing that they are for
	Shapes   []Shape        // latency distributions, one per arm
	Capacity *Capacity      // nil when it was not to be measured
	Catch    *Catch         // nil when no fault was run
	Notes    []string       // footnotes; Effect.Note and Cell.Note hold 1-based numbers into it
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

// Metric names one thing that a level can cost.
type Metric struct {
	ID    string // mean, p50, p90, p95, p99, cpu, pipeline-cpu, idle-cpu, …: see metrics
	Title string // e.g. "p95 latency, recommend"
	Unit  Unit
	Per   string // "" or "per 1,000 requests", "per arm", "per arm and hour", "per million requests"
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
	Note        int      // 1-based index into Analysis.Notes; 0: none
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

// Catch is the fault × level matrix with its timelines.
type Catch struct {
	Levels []string // columns
	Faults []FaultCatch
}

// FaultCatch is one row of the matrix and its timeline.
type FaultCatch struct {
	Fault  result.Fault
	Cells  []Cell // by Catch.Levels
	Start  time.Time
	End    time.Time
	Phases []PhaseSpan // of all arms together
}

// PhaseSpan is a stretch of a fault's timeline: settle, clean, inject (asked for but not yet confirmed everywhere),
// hold, revert (asked for but not yet confirmed everywhere), clear.
type PhaseSpan struct {
	Name       string
	Start, End time.Time
}

// CellState says what happened to one fault at one level.
type CellState string

// States of a cell.
const (
	Detected     CellState = "detected"
	Missed       CellState = "missed"
	Quiet        CellState = "quiet"         // fault "none": nothing fired, as it should be
	Noisy        CellState = "noisy"         // fault "none": something fired
	UnderPowered CellState = "under-powered" // not detected, and the load could not have supported any expected alert
	Unconfirmed  CellState = "unconfirmed"   // the effect was not seen: no credit and no blame
	Skipped      CellState = "skipped"
	Unfinished   CellState = "unfinished" // the run ended before the pass did
)

// Cell is one fault at one level.
type Cell struct {
	Level       string
	State       CellState
	Alert       string        // the expected alert that fired first; "" if none
	Detect      time.Duration // time to detect of Alert: first firing − confirmation (0 when it fired before it)
	Injected    time.Duration // first firing − injection: the effect began between injection and confirmation
	LeastDetect time.Duration // the least time to detect that the rule of Alert leaves: see result.Alert
	Clear       time.Duration // last expected alert inactive − revert confirmed; −1: not seen
	Confirmed   time.Time
	Reverted    time.Time
	Also        []string    // other expected or allowed alerts that fired
	False       []string    // alerts that fired in the clean window, or that the fault does not explain
	Evidence    string      // what the evidence query found; "" where there is none at this level
	Diagnosed   bool        // evidence in the fault window and none in the clean one
	Spans       []AlertSpan // for the timeline
	Note        int
}

// AlertSpan is one stretch of one alert in one state.
type AlertSpan struct {
	Alert      string
	State      string // result.Pending or result.Firing
	Expected   bool   // the fault lists it under Expect or Allow
	Start, End time.Time
}
