package verdict

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
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

// Per says what a number is counted over.
type Per string

// What a metric is counted over. "" is a single request, or nothing that needs saying.
const (
	PerThousand Per = "per 1,000 requests"
	PerMillion  Per = "per million requests"
	PerArm      Per = "per arm"
	PerArmHour  Per = "per arm and hour"
)

// Metric is one thing that a level can cost, or be good for, with all that is known of it. The list of metrics is in
// metrics.go; every other list of metrics is a choice from it.
type Metric struct {
	ID    string // as budgets name it: p95, cpu, rss, …
	Short string // for the head of a column; "" where the ID serves
	Title string // e.g. "p95 latency, recommend"
	Unit  Unit
	Per   Per
	Phase string // of the run that measures it: slot.Toll or slot.Capacity
	Group string // what it is about, with a capital, for a heading: Latency, CPU, Memory, Telemetry, Money or Capacity

	MoreIsBetter bool    // a budget is then the least, not the most: capacity
	Latency      bool    // of single requests, which a known delay moves by itself
	Quantile     float64 // in (0, 1), of a latency that is one; 0: it is none
	AtRest       bool    // what an arm uses without load
	InUnit       bool    // a change is shown in Unit, not as a share of the baseline
	Vital        bool    // a run that has no interval for it decides nothing

	Main int // place in the tables that have no room for all metrics, from 1; 0: it is not in them
	Few  int // likewise in tables that are read at a glance
	Cost int // likewise in the table of what else a level costs

	Frontier int // likewise among the costs that the frontier sets against the catch
}

// metric is a metric with the way to read it from a run, and the controls that are judged by it.
type metric struct {
	Metric
	formerly string // a name that budgets may still use
	needs    []need // what a run must have for the metric to be known
	read     func(*measured) series

	// signed: noise may make a value 0 or less. gross is then what it is without anything taken off; nil: there is no such value.
	signed bool
	gross  func(result.Slot) float64

	equal   bool // the repeated baseline is judged by it, and a plan may say within what it must be equal
	delayed bool // the known delay must be found in it
	// carried reads it from one slot, for what an arm leaves to the slot after it: above 0, or it is not judged. Nil: it is not.
	carried func(m *measured, r round, arm, launch int) float64
}

// Metrics are all metrics, in display order, for a run whose latencies are those of a step.
func Metrics(step string) []Metric {
	var out []Metric
	for _, m := range metrics(step) {
		out = append(out, m.Metric)
	}
	return out
}

// Lookup finds a metric by its id.
func Lookup(id string) (Metric, bool) {
	all := Metrics("")
	i := slices.IndexFunc(all, func(m Metric) bool { return m.ID == id })
	if i < 0 {
		return Metric{}, false
	}
	return all[i], true
}

// EqualWithin are the ids of the metrics by which the repeated baseline is judged, and for which a plan may say within what
// it must be equal.
func EqualWithin() []string {
	var ids []string
	for _, m := range metrics("") {
		if m.equal {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Rounds is how many rounds a launch needs for one value of the metric, when a slot records so many requests of the step
// whose latency is the toll; 0 for a metric that is no quantile, which needs none in particular.
func (m Metric) Rounds(perSlot float64) int {
	if m.Quantile == 0 {
		return 0
	}
	share := math.Round(1e9*min(m.Quantile, 1-m.Quantile)) / 1e9 // 1 − 0.9 is a little less than 0.1
	return roundsBeyond(share, perSlot)
}

// roundsBeyond is how many rounds hold enough requests beyond a quantile, when a share of the requests is beyond it.
func roundsBeyond(share, perSlot float64) int {
	return int(math.Ceil(beyondMean / max(perSlot*share, 1e-9)))
}

// measuredBy are the metrics that a phase of the run measures.
func measuredBy(phase string, all []metric) []metric {
	return slices.DeleteFunc(all, func(m metric) bool { return m.Phase != phase })
}
