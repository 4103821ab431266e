// Package result is the run directory, which one run writes. Every report and verdict is a pure function of it.
//
//	run.json       Run: the experiment as run, seed, versions, machine, arms, faults, alert rules, warnings
//	latency.hlog   HdrHistogram log V1.3: one interval histogram per slot × arm × step × kind, see LatencyWriter
//	cost.jsonl     one Slot per line: work, CPU, memory and telemetry of every slot
//	faults.jsonl   one FaultEvent per line
//	alerts.jsonl   one AlertEvent per line
//	evidence.jsonl one Example per line, written when the run ends
//	volume.jsonl   one Volume per line: what the telemetry of an arm was made of in the toll of a launch
//	profiles.jsonl one CPUProfile per line
//	profiles/      ARM-SERVICE-LAUNCH.pb.gz: the CPU profiles, as go tool pprof reads them
//	series/ARM/    the recorded series (Prometheus TSDB, in blocks once the run has ended)
//	telemetry/     OTLP JSON lines: ARM.spans.jsonl, ARM.logs.jsonl
//
// Files are appended to and flushed record by record, so the directory of a killed run is readable up to its last
// complete record. A run that has ended is sealed: run.json has the digests of the six files of records and of itself, and
// Read refuses what no longer matches them. profiles.jsonl has the digests of the CPU profiles, and Read leaves out those that no longer
// match. What is in series and telemetry is part of no verdict and of no digest.
package result

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Schema is the version of the run directory that this build writes. Older ones are read; newer ones are refused.
//
//	2  plan.equal_within was plan.floor, and alerts[].least_detect was alerts[].floor
//	3  a run that has ended is sealed: files and digest
const Schema = 3

// File names inside a run directory.
const (
	RunFile      = "run.json"
	LatencyFile  = "latency.hlog"
	CostFile     = "cost.jsonl"
	FaultsFile   = "faults.jsonl"
	AlertsFile   = "alerts.jsonl"
	EvidenceFile = "evidence.jsonl"
	VolumeFile   = "volume.jsonl"
	ProfilesFile = "profiles.jsonl"
	ProfilesDir  = "profiles"
	SeriesDir    = "series"
	TelemetryDir = "telemetry"
)

// Status of a run.
const (
	Running  = "running"  // still running, or killed before it could write another status
	Complete = "complete" // everything planned was measured
	Partial  = "partial"  // ended early; what was measured until then is there
)

// Roles of an arm.
const (
	RoleBaseline   = "baseline"
	RoleRepeat     = "repeat"      // the baseline again: its true difference is 0
	RoleKnownDelay = "known-delay" // the baseline plus a delay that is known
	RoleLevel      = "level"
)

// Run is run.json. It is written first with Status Running and rewritten, atomically, as things become known.
type Run struct {
	Schema  int       `json:"schema"`
	ID      string    `json:"id"` // e.g. 20260102-150405-pr
	Status  string    `json:"status"`
	Reason  string    `json:"reason,omitempty"` // why Partial
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`

	Tool        Tool    `json:"tool"`
	Machine     Machine `json:"machine"`
	Environment string  `json:"environment"` // process, containers or external
	Profile     string  `json:"profile"`
	Experiment  string  `json:"experiment"` // the effective experiment file, YAML
	Seed        int64   `json:"seed" range:"any"`
	Journeys    string  `json:"journeys"` // "population", or the replayed recording: file name, sessions, clicks

	Levels []Level `json:"levels"` // the baseline first
	Arms   []Arm   `json:"arms"`   // of the toll phase, the baseline first
	Plan   Plan    `json:"plan"`
	Faults []Fault `json:"faults"` // in the order in which they are injected first
	// CatchLaunches are the levels of each launch of the catch, which goes through all faults. A level that is in several of them has
	// as many passes of a fault in each. Empty: one launch has all levels.
	CatchLaunches [][]string `json:"catch_launches,omitempty"`
	Alerts        []Alert    `json:"alerts"`            // in rule-file order
	Budgets       []string   `json:"budgets,omitempty"` // as written in the experiment
	Waivers       []Waiver   `json:"waivers,omitempty"` // what somebody has accepted
	Lapse         float64    `json:"lapse"`             // rule durations were divided by this factor
	Prices        *Prices    `json:"prices,omitempty"`  // nil: none were named

	StartUp  []StartUp `json:"start_up"` // one per launch
	Warnings []string  `json:"warnings,omitempty"`

	Sweep   *Sweep   `json:"sweep,omitempty"`   // nil: every pass of a fault has the same parameters
	History *History `json:"history,omitempty"` // nil: alerts were judged on what the run recorded

	// RuleNotes say what in the alert rules the time-lapse did not scale, or not as far as asked. Older runs have it in Warnings.
	RuleNotes []RuleNote `json:"rule_notes,omitempty"`

	// Files are those of records, by name, as the run left them. Missing: the run has not ended, or was killed, or is older.
	Files map[string]Written `json:"files,omitempty"`
	// Digest is the SHA-256 of this file, in hexadecimal, with a 0 for each of the digits. It is there when Files is.
	Digest string `json:"digest,omitempty"`
}

// Tool says what wrote the run.
type Tool struct {
	Version string            `json:"version"`
	Go      string            `json:"go"`
	Modules map[string]string `json:"modules"` // the libraries that shape a result, and their versions
}

// Machine is the machine on which a run was made.
type Machine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Kernel    string `json:"kernel"`
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int64  `json:"memory_mb"` // in MiB: the key is older than the name
	Hostname  string `json:"hostname,omitempty"`
}

// Level is one instrumentation configuration.
type Level struct {
	Name  string            `json:"name"`
	Title string            `json:"title"`
	Env   map[string]string `json:"env"` // values that may be secret, or parts of them, are already replaced by [redacted]
}

// Arm is one deployed copy of the stack.
type Arm struct {
	Name  string        `json:"name"`
	Level string        `json:"level"`
	Role  string        `json:"role"`
	Delay time.Duration `json:"delay,omitempty"` // ns; nominal, RoleKnownDelay only

	// Held: the load generator holds the requests back for as long as Delay. Otherwise, as in a run with a script of the user's own and in
	// older runs, whoever answers spins as long.
	Held bool `json:"held,omitempty"`
}

// Spins is how long whoever answers the arm's requests spins for each of them, so that its delay is known.
func (a Arm) Spins() time.Duration {
	if a.Held {
		return 0
	}
	return a.Delay
}

// Plan is the size of the toll measurement.
type Plan struct {
	Launches      int           `json:"launches"`
	Rounds        int           `json:"rounds"`          // per launch
	Slot          time.Duration `json:"slot"`            // ns
	Slice         time.Duration `json:"slice,omitempty"` // ns; the arms of a round alternated after so much of their slots. 0: after whole slots
	Washout       time.Duration `json:"washout"`
	Rate          float64       `json:"rate"`       // requests per second in a toll slot
	CatchRate     float64       `json:"catch_rate"` // requests per second and arm while faults are injected
	ClientTimeout time.Duration `json:"client_timeout"`

	// Hold is how long a fault is held once its effect is confirmed, ns. Older runs did not record it: 0.
	Hold time.Duration `json:"hold,omitempty"`

	// EqualWithin is how far apart, as a share, the baseline and its repetition may be at most, by metric (p50, p95, cpu): what a
	// run must show before its other figures count. A metric that is missing need not be shown to be equal.
	EqualWithin map[string]float64 `json:"equal_within,omitempty"`

	// Resolve is how finely the toll was to be known: the half-width of the interval of a change, as a share of the baseline, by metric
	// (p50, p95, cpu). Launches were added until it was, for AtMost; Launches is then the least number. Empty: the number was planned.
	Resolve map[string]float64 `json:"resolve,omitempty"`
	AtMost  time.Duration      `json:"at_most,omitempty"` // ns

	// Looks are the times at which the budgets are judged, fixed before the first launch: each after a number of launches, and
	// only while some budget is open. Empty: once, at the end.
	Looks []Look `json:"looks,omitempty"`

	// Step is the step whose latency is the toll, if the load is a k6 script of the user's own; Rate and CatchRate are then
	// turns of the script per second. "": the load is our journeys, and the step is recommend.
	Step string `json:"step,omitempty"`

	// GapLimit is what longer gaps between the events of a recorded session were cut to, ns; 0: none was.
	GapLimit time.Duration `json:"gap_limit,omitempty"`

	// Forecast is what could be expected of Rate in the toll slots before the run. Nil: no toll was planned, or an older run.
	Forecast *slot.Forecast `json:"forecast,omitempty"`

	Capacity *CapacityPlan `json:"capacity,omitempty"` // nil: not measured

	// CPUProfile is how long every service takes a CPU profile of itself after the rounds of each launch, at each level, ns; 0: not at
	// all.
	CPUProfile time.Duration `json:"cpu_profile,omitempty"`
}

// CapacityPlan is the size of the capacity measurement, with its service level objective (SLO): the search finds the highest
// rate within the SLO.
type CapacityPlan struct {
	Launches int           `json:"launches"`
	Rounds   int           `json:"rounds"` // per launch
	Slot     time.Duration `json:"slot"`   // ns
	Washout  time.Duration `json:"washout"`
	SLOP99   time.Duration `json:"slo_p99"`                 // ns; upper limit of the 99th percentile of the main step's response time
	SLOShare float64       `json:"slo_share" range:"share"` // at least this part of the requests must be answered without error, in (0, 1]
	Max      float64       `json:"max"`                     // highest rate that is offered, requests per second
}

// MainStep returns the step whose latency is the toll.
func (p Plan) MainStep() string { return cmp.Or(p.Step, "recommend") }

// Look is one time at which the budgets are judged. The error rates of all looks add up to that of the run.
type Look struct {
	Launches int     `json:"launches"`            // that are over at that time
	Error    float64 `json:"error" range:"share"` // the rate of a wrong pass or fail, over all budgets together, that this look may spend; 0: it judges budgets on counts alone

	// Counts is Error for the budgets on counts (allocations, spans …), where these have a look more than the others. 0: it is Error.
	Counts float64 `json:"counts,omitempty" range:"share"`
}

// Fault is an entry of the catalogue, as this run used it.
type Fault struct {
	ID       string            `json:"id"`
	Group    string            `json:"group,omitempty"`  // the kind of fault; "" in runs of older versions
	Params   map[string]string `json:"params,omitempty"` // by name, with units
	Title    string            `json:"title"`
	Felt     string            `json:"felt"`               // what a user of the system feels
	Expect   []string          `json:"expect"`             // alerts that should fire, by name or by Rules.ID; one is enough
	Allow    []string          `json:"allow,omitempty"`    // other alerts that may fire because of the fault
	Evidence string            `json:"evidence,omitempty"` // the query that names the cause, as text
	Skipped  string            `json:"skipped,omitempty"`  // why it was not injected

	// Signs is what Felt claims: by what a user feels, whether it goes up (1), down (−1) or stays (0). Older runs have none.
	Signs map[string]int `json:"signs,omitempty" range:"any"`
	// Passes is how often it is injected; 0: once.
	Passes int `json:"passes,omitempty"`
}

// NoFault is the entry of the catalogue that injects nothing.
const NoFault = "none"

// Alert is one alerting rule, as this run used it.
type Alert struct {
	Name    string        `json:"name"`
	Group   string        `json:"group"`
	Needs   string        `json:"needs"` // the signal that it needs: outside, metrics, logs, traces
	Summary string        `json:"summary"`
	Expr    string        `json:"expr"`                 // as written
	RunExpr string        `json:"run_expr"`             // time-lapsed
	For     time.Duration `json:"for" range:"open"`     // as written, ns
	RunFor  time.Duration `json:"run_for" range:"open"` // time-lapsed, ns
	// LeastDetect is the least time to detect in this run: the query offset, and for, rounded up to evaluations; ns.
	LeastDetect time.Duration `json:"least_detect" range:"open"`
	// MinImpressions is how many slates this alert needs inside its window to see the effect that it is made for; 0: any
	// number.
	MinImpressions int64 `json:"min_impressions,omitempty"`

	// Labels are those that the rule and its group set, as written; a value with {{ is a template.
	Labels map[string]string `json:"labels,omitempty"`
	// Interval is the time between two evaluations of the rule's group, and QueryOffset how far the group looks back from the
	// time of an evaluation; time-lapsed, ns. Older runs did not record them.
	Interval    time.Duration `json:"interval,omitempty" range:"open"`
	QueryOffset time.Duration `json:"query_offset,omitempty" range:"open"`

	// Fill is how long a fault must last before the expression can become true, for a series that was there before it: a minimum
	// over 10 minutes takes 10 minutes to rise. Reach is how old data must be at least for the expression to have a result: what is
	// compared with a week ago is empty in the first week. Unreachable: no data of any run are there. Window is the longest
	// window. Past is how far the expression looks back at most, through windows, offsets and subqueries together. All are
	// time-lapsed, ns.
	Fill   time.Duration `json:"fill,omitempty" range:"any"`
	Reach  time.Duration `json:"reach,omitempty" range:"any"`
	Window time.Duration `json:"window,omitempty" range:"open"`
	Past   time.Duration `json:"past,omitempty" range:"open"`
	// Constant is "true" or "false" for an expression that reads no series and so has the same outcome at any time.
	Constant string `json:"constant,omitempty"`
	// Clears is "slowly" where the rule's annotation says so: the alert goes on firing long after its cause is gone, as one does
	// whose window is counted in decisions, so that no pass waits for its end.
	Clears string `json:"clears,omitempty"`
	// Absent are metrics that no level has and without which the expression has no result.
	Absent []string `json:"absent,omitempty"`
}

// Slowly is the value of Alert.Clears, and of the annotation of a rule.
const Slowly = "slowly"

// Values of Alert.Constant.
const (
	AlwaysTrue = "true"
	NeverTrue  = "false"
)

// Unreachable is the Alert.Reach of an expression that reads a point in time outside of every run.
const Unreachable = time.Duration(math.MaxInt64)

// Plus is a + b, or Unreachable if that is longer than a duration can be: a rule may have times of 290 years.
func Plus(a, b time.Duration) time.Duration {
	if b > 0 && a > Unreachable-b {
		return Unreachable
	}
	return a + b
}

// StartUp is how long one launch took to be ready, ns.
type StartUp struct {
	Launch    int                      `json:"launch"`
	Total     time.Duration            `json:"total"`
	Slowest   string                   `json:"slowest"`
	Processes int                      `json:"processes"`       // or containers
	Parts     map[string]time.Duration `json:"parts,omitempty"` // by container

	SetUp []SetUp `json:"set_up,omitempty"` // the arms in the order of their deployment
}

// SetUp is what one launch drew at random for one arm, so that the chance of a single deployment is not taken for an effect.
type SetUp struct {
	Arm     string `json:"arm"`
	Padding int    `json:"padding"` // bytes that were added to the environment of its processes
	// As is the name under which it was deployed, if that was the name of its identical copy.
	As string `json:"as,omitempty"`
}

// Slot is one line of cost.jsonl: what one arm did and used in one slot. In the toll and capacity phases a slot has one line;
// in the catch phase it has one line per arm. A line of phase slot.Idle, one per arm and launch and without work, has what an
// arm uses at rest.
type Slot struct {
	Phase    string        `json:"phase"` // slot.Idle, slot.Toll, slot.Capacity or slot.Catch
	Order    int           `json:"order"`
	Launch   int           `json:"launch"`
	Round    int           `json:"round"`
	Position int           `json:"position"`
	Arm      string        `json:"arm"`
	Before   string        `json:"before,omitempty"` // the arm that had the slot before, "" for the first of a launch
	Start    time.Time     `json:"start"`
	End      time.Time     `json:"end"`
	Drained  bool          `json:"drained"` // the arm was back at idle CPU before the limit
	Drain    time.Duration `json:"drain"`   // ns from End until the arm was back at idle CPU

	Work         slot.ArmReport `json:"work"`
	GeneratorCPU time.Duration  `json:"generator_cpu"`

	Rate float64 `json:"rate,omitempty"` // as ordered, requests per second; in the capacity phase, where every slot has its own

	// Load is how long the arm had load, ns, if its slot was in slices, between which other arms ran. 0: from Start to End.
	Load time.Duration `json:"load,omitempty"`
	// Slices is in how many pieces the arm had its slot; 0: in one.
	Slices int `json:"slices,omitempty"`

	// Metered is the time between the two readings of CPU, ns. It is 0 in older runs, which did not record it: the time is then
	// about Start to End + Drain.
	Metered time.Duration `json:"metered,omitempty"`
	// CPU is the CPU time from Start until the arm was drained, ns, by service (gateway, decision, …, telemetry). In a toll
	// slot it has also the CPU time of the shared broker-and-store process ("backing"), which only this arm uses in that time.
	CPU map[string]time.Duration `json:"cpu"`
	// RSS is the anonymous memory in bytes, by service, at the end of the slot.
	RSS map[string]int64 `json:"rss"`
	// Peak is the highest RSS since the service's start, in bytes; a service whose peak is not known is missing.
	Peak map[string]int64 `json:"peak,omitempty"`
	// Runtime is what the runtime of a service did during the slot; a service whose runtime reports nothing is missing.
	Runtime map[string]Runtime `json:"runtime,omitempty"`
	// Telemetry is what reached the arm's pipeline in this slot (ActiveSeries: at its end).
	Telemetry Telemetry `json:"telemetry"`
}

// Loaded is how long the arm had load.
func (s *Slot) Loaded() time.Duration {
	if s.Load > 0 {
		return s.Load
	}
	return s.End.Sub(s.Start)
}

// Runtime is what the language runtime of a service reports about its memory.
type Runtime struct {
	AllocBytes   int64         `json:"alloc_bytes"`   // allocated on the heap, whether or not they were freed later
	AllocObjects int64         `json:"alloc_objects"` // objects allocated on the heap
	GCCPU        time.Duration `json:"gc_cpu"`        // ns of CPU time for garbage collection, counted when a collection ends
	GCCycles     int64         `json:"gc_cycles"`     // collections that ended
}

// Since returns how far r has come since an earlier reading.
func (r Runtime) Since(earlier Runtime) Runtime {
	return Runtime{
		Increase(earlier.AllocBytes, r.AllocBytes), Increase(earlier.AllocObjects, r.AllocObjects),
		Increase(earlier.GCCPU, r.GCCPU), Increase(earlier.GCCycles, r.GCCycles),
	}
}

// Increase is by how much a counter has risen between two readings. One that has fallen has begun anew at 0, with a process that was
// started again.
func Increase[T ~int64](before, now T) T {
	if now < before {
		return now
	}
	return now - before
}

// Telemetry is an amount of telemetry.
type Telemetry struct {
	Spans int64 `json:"spans"`
	// Roots is how many of the spans are of kind server and have no parent: one for each request from outside whose trace was
	// sampled. It is 0 where the pipeline does not count them (containers), and in older runs.
	Roots      int64 `json:"roots,omitempty"`
	LogRecords int64 `json:"log_records"`
	DataPoints int64 `json:"data_points"`
	Bytes      int64 `json:"bytes"` // OTLP request bodies on the wire
	// MetricBytes is how many of Bytes were metrics. It is 0 where the pipeline does not tell, and in older runs.
	MetricBytes  int64 `json:"metric_bytes,omitempty"`
	Refused      int64 `json:"refused"` // items refused or failed anywhere in the pipeline
	ActiveSeries int64 `json:"active_series"`
}

// Since returns by how much the counters have risen since an earlier reading; ActiveSeries is as it is now.
func (t Telemetry) Since(earlier Telemetry) Telemetry {
	return Telemetry{
		Spans: Increase(earlier.Spans, t.Spans), Roots: Increase(earlier.Roots, t.Roots),
		LogRecords: Increase(earlier.LogRecords, t.LogRecords), DataPoints: Increase(earlier.DataPoints, t.DataPoints),
		Bytes: Increase(earlier.Bytes, t.Bytes), MetricBytes: Increase(earlier.MetricBytes, t.MetricBytes), Refused: Increase(earlier.Refused, t.Refused),
		ActiveSeries: t.ActiveSeries,
	}
}

// Phases of a fault, in order.
const (
	PhaseSettle      = "settle"      // load, nothing judged
	PhaseQuiet       = "quiet"       // waiting for the alerts of the pass before
	PhaseStillFiring = "firing"      // per arm: Detail names the alerts that still fire when the clean window begins
	PhaseClean       = "clean"       // an alert that fires now is a false alarm
	PhaseInject      = "inject"      // the injection was requested
	PhaseConfirmed   = "confirmed"   // per arm: the effect was seen
	PhaseUnconfirmed = "unconfirmed" // per arm: the effect was not seen in time; no alert gets credit or blame
	PhaseRevert      = "revert"      // the revert was requested
	PhaseReverted    = "reverted"    // per arm: the effect is gone
	PhaseStuck       = "stuck"       // per arm: the effect did not go away in time
	PhaseDone        = "done"        // end of the pass
	PhaseEvidence    = "evidence"    // per arm, after the run: what the evidence query found
)

// FaultEvent is one line of faults.jsonl.
type FaultEvent struct {
	Time   time.Time          `json:"time"`
	Fault  string             `json:"fault"`
	Pass   int                `json:"pass,omitempty"`   // counts the passes of this fault, from 0
	Launch int                `json:"launch,omitempty"` // of the catch, from 0: see Run.CatchLaunches
	Phase  string             `json:"phase"`
	Arm    string             `json:"arm,omitempty"`  // "" for all arms
	Since  time.Time          `json:"since,omitzero"` // PhaseConfirmed, PhaseReverted: when the effect began or ended, if earlier than Time; PhaseEvidence: of the first record found
	Detail string             `json:"detail,omitempty"`
	Values map[string]float64 `json:"values,omitempty" range:"any"` // the numbers that a confirmation or the evidence query saw
	Params map[string]string  `json:"params,omitempty"`             // of the fault in this pass, with units
	Size   float64            `json:"size,omitempty"`               // of the parameter that Run.Sweep names, in its unit; 0: none is swept
}

// States of an alert.
const (
	Inactive = "inactive"
	Pending  = "pending"
	Firing   = "firing"
)

// InCatchLaunch says that a launch of the catch has a level.
func (r Run) InCatchLaunch(launch int, level string) bool {
	if len(r.CatchLaunches) == 0 {
		return launch == 0
	}
	return launch >= 0 && launch < len(r.CatchLaunches) && slices.Contains(r.CatchLaunches[launch], level)
}

// AlertEvent is one line of alerts.jsonl: an alert (one label set of one rule) changed its state at the evaluation at
// Time. Alerts start inactive.
type AlertEvent struct {
	Time   time.Time         `json:"time"`
	Arm    string            `json:"arm"`
	Alert  string            `json:"alert"`
	Labels map[string]string `json:"labels,omitempty"`
	From   string            `json:"from"`
	To     string            `json:"to"`
	// History says that the alert was judged after the run, with synthetic history before the series. What it did while the run went
	// on, without, is recorded besides.
	History bool `json:"history,omitempty"`
}
