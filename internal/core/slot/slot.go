// Package slot is the protocol between the orchestrator, which decides who takes load when, and the load generator
// inside k6, which carries it out: one Order per slot, one Report back.
//
// The orchestrator serves it over loopback HTTP. GET {conductor}/next blocks until there is an order and answers 200
// with an Order, or 204 when the run is over. POST {conductor}/report takes a Report and answers 204. Before its first order the
// generator says POST {conductor}/ready once, with a Ready. All need the header "Authorization: Bearer TOKEN".
package slot

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// AnyStep is the step of the requests of a user's own script that name none.
const AnyStep = "request"

// Phases of a run, in the order in which they happen.
const (
	Warmup   = "warmup"   // load that is not recorded
	Idle     = "idle"     // no load: what one arm uses at rest. No order has this phase, only a line of cost.jsonl
	Toll     = "toll"     // one arm at a time
	Capacity = "capacity" // likewise, each arm at the rate of its own search
	Catch    = "catch"    // all arms at once, while faults come and go
	TearDown = "teardown" // no load: a script of the user's own ends its work at the arms of a launch. Nothing has this phase but an order
)

// Ready is what the load generator says once its script is loaded.
type Ready struct {
	Warnings []string `json:"warnings"` // what the script asks for and does not get
}

// CatchLength is the length of an order of the catch phase. A change of the crowd takes effect within it.
const CatchLength = time.Second

// Target is one arm to put load on.
type Target struct {
	Arm string `json:"arm"`
	URL string `json:"url"` // base URL of the arm's gateway
}

// Order asks for one slot of load.
type Order struct {
	ID       int           `json:"id"` // counts up from 0 over the run
	Phase    string        `json:"phase"`
	Launch   int           `json:"launch"`
	Round    int           `json:"round"`
	Position int           `json:"position"` // place of the slot in its round, from 0
	Targets  []Target      `json:"targets"`
	Duration time.Duration `json:"duration"` // ns; every target gets this much virtual time of its own schedule
	Washout  time.Duration `json:"washout"`  // ns; requests scheduled earlier than this in the slot are not recorded
	Rate     float64       `json:"rate"`     // expected requests per second and target; of a user's own script: turns

	// Exact asks for as many requests as Rate and Duration call for, give or take the luck of clicks, from the first moment of
	// the slot on, whatever the rate was at which the journeys in flight were planned: see journey.Stream.Span. Without it a
	// change of Rate takes as long to come into force as journeys last, and the number of requests is that of a Poisson process
	// of journeys. It is for journeys of ours; a script of the user's own ignores it.
	Exact bool `json:"exact,omitempty"`

	// More: the arm's slot goes on in a later order, so that the report has no arms and nothing is written yet. The report of
	// the order that ends the slot is of all of it.
	More bool `json:"more,omitempty"`

	// Main is the step whose answers are asked where their time went, by TimingHeader, in the toll phase; "": none is.
	Main string `json:"main,omitempty"`

	// Hold is the known delay: all requests leave this much later than they are due, and are due this much earlier, so that the arm meets
	// them when it would without. What they are measured from is when they were due. A script of the user's own ignores it.
	Hold time.Duration `json:"hold,omitempty"` // ns

	// Overlap: return at the end of the slot although answers are outstanding; their report follows when they are in.
	// Without it, the slot ends when its last answer is in (or its request timeout has passed).
	Overlap bool `json:"overlap"`

	Drift population.Drift `json:"drift"`
}

// Report is what one slot did.
type Report struct {
	Order int         `json:"order"` // Order.ID
	Start time.Time   `json:"start"` // wall clock at virtual time 0 of the slot
	End   time.Time   `json:"end"`   // last answer in
	Arms  []ArmReport `json:"arms"`

	// GeneratorCPU is the CPU time that the whole k6 process used from Start to End.
	GeneratorCPU time.Duration `json:"generator_cpu"` // ns

	Warnings []string `json:"warnings,omitempty"` // of an order with phase TearDown: what went wrong
}

// ArmReport is what one target of a slot saw. Counts are of the whole slot, wash-out included, except where named.
type ArmReport struct {
	Arm       string `json:"arm"`
	Scheduled int64  `json:"scheduled"` // requests whose start fell into the slot
	Sent      int64  `json:"sent"`      // those of them that were handed to the network
	Dropped   int64  `json:"dropped"`   // Scheduled − Sent: nobody was free to make them
	Failed    int64  `json:"failed"`    // transport error, timeout or status ≥ 400; of a user's own script: what k6 calls failed, and exceptions

	// Turns is how many turns of a user's own script were played; 0 for journeys, and in older runs.
	Turns int64 `json:"turns,omitempty"`

	Steps map[string]int64 `json:"steps"` // sent, by step

	LagP99 time.Duration `json:"lag_p99"` // ns; 99th percentile of sent − scheduled
	LagMax time.Duration `json:"lag_max"` // ns

	Impressions int64            `json:"impressions"` // slates shown
	Clicks      int64            `json:"clicks"`
	Purchases   int64            `json:"purchases"`
	Default     map[string]int64 `json:"default"`   // slates of default content, by the reason the stack gave
	Breaks      int64            `json:"breaks"`    // answers under another identity than the journey's
	AgeBands    []int64          `json:"age_bands"` // arriving users by population.AgeBands: what a drift really did

	// Spun is the mean of the known delay over the recorded requests that had one, and SpunN is how many there were: how long they were
	// held back (Order.Hold), or how long it was spun for them, as whoever spun has measured it (SpunHeader).
	Spun  time.Duration `json:"spun"` // ns
	SpunN int64         `json:"spun_n"`

	// Response counts the response times (scheduled start → last byte) of all requests by ResponseBounds, in one more bucket than
	// there are bounds, and ResponseSum is their sum, ns; in the catch phase only. Older runs do not have them.
	Response    []int64       `json:"response,omitempty"`
	ResponseSum time.Duration `json:"response_sum,omitempty" range:"open"`

	Tails map[string]Tail `json:"tails,omitempty"` // of the recorded requests, by step; in the capacity phase only
}

// ResponseBounds are the upper bounds of the buckets of ArmReport.Response, each inclusive; the last bucket has none.
func ResponseBounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, 1000 * ms, 2500 * ms, 5000 * ms}
}

// Responded counts a response time.
func (r *ArmReport) Responded(d time.Duration) {
	bounds := ResponseBounds()
	if r.Response == nil {
		r.Response = make([]int64, len(bounds)+1)
	}
	bucket, _ := slices.BinarySearch(bounds, d)
	r.Response[bucket]++
	r.ResponseSum += max(0, d)
}

// Tail is where the slowest hundredth of the recorded requests of one step begins.
type Tail struct {
	N        int64         `json:"n"`        // requests
	Response time.Duration `json:"response"` // ns; 99th percentile of scheduled start → last byte
	Service  time.Duration `json:"service"`  // ns; 99th percentile of sent → last byte
}
