package verdict

import (
	"fmt"
	"math"
	"slices"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// series are the values of one metric by arm, launch and round (or merged group of rounds); the rounds are the same for
// all arms. A round in which some arm has no value is left out of all of them.
type series struct {
	values [][][]float64
	group  int    // rounds merged into one value, on average at least; 0: none
	note   string // how the values were made, or what would be needed to have any; "" if there is nothing to say
}

// metric is a metric with the way to read it from a run.
type metric struct {
	Metric
	read func(m *measured) series
}

const per1000 = "per 1,000 requests"

// metrics are all metrics, in display order. step is the one whose latency is meant.
func metrics(step string) []metric {
	return []metric{
		{Metric{"mean", "mean latency, " + step, Seconds, ""}, latency("mean", 0, (*hdr.Histogram).Mean)},
		quantile("p50", 0.5, step),
		quantile("p90", 0.9, step),
		quantile("p95", 0.95, step),
		quantile("p99", 0.99, step),
		{Metric{"cpu", "CPU of the stack", Seconds, per1000}, perRequest(stackCPU)},
		{Metric{"pipeline-cpu", "CPU of the telemetry pipeline", Seconds, per1000}, perRequest(pipelineCPU)},
		{Metric{"memory", "memory of the stack", Bytes, "per arm"}, perLaunch(memory, median)},
		{Metric{"spans", "spans", Count, per1000}, perRequest(telemetry(func(t result.Telemetry) int64 { return t.Spans }))},
		{Metric{"log-records", "log records", Count, per1000}, perRequest(telemetry(func(t result.Telemetry) int64 { return t.LogRecords }))},
		{Metric{"data-points", "metric data points", Count, per1000}, perRequest(telemetry(func(t result.Telemetry) int64 { return t.DataPoints }))},
		{Metric{"bytes", "telemetry on the wire", Bytes, per1000}, perRequest(telemetry(func(t result.Telemetry) int64 { return t.Bytes }))},
		{Metric{"series", "active series", Count, "per arm"}, perLaunch(activeSeries, slices.Max[[]float64])},
	}
}

func quantile(id string, q float64, step string) metric {
	return metric{Metric{id, id + " latency, " + step, Seconds, ""},
		latency(id, q, func(h *hdr.Histogram) float64 { return float64(h.ValueAtQuantile(100 * q)) })}
}

// A quantile needs requests on its far side: with beyond of them its relative error is about 1/√beyond of the local
// spread, and it no longer is the maximum. Groups of rounds reach the mean number on average, and the least each.
const (
	beyondMean  = 5
	beyondLeast = 3
)

// latency reads a latency of the main step over the smallest groups of consecutive rounds whose histograms,
// merged per arm, hold enough requests beyond quantile q. Requests of different launches are never merged.
func latency(id string, q float64, value func(*hdr.Histogram) float64) func(*measured) series {
	return func(m *measured) series {
		size, need := groupSize(m, 1-q)
		if size == 0 {
			return series{values: emptySeries(m), note: fmt.Sprintf("%s needs groups of %d rounds in one launch at this rate; "+
				"no launch of this run has as many: run more rounds per launch, or a higher rate", id, need)}
		}
		s := series{values: emptySeries(m), group: size}
		if size > 1 {
			s.note = fmt.Sprintf("%s is taken over merged groups of at least %d rounds, since one slot has too few requests for it",
				id, size)
		}
		for l, rounds := range m.launches {
			for _, group := range groups(rounds, size) {
				for arm := range m.run.Arms {
					s.values[arm][l] = append(s.values[arm][l], value(merged(group, arm))/1e9)
				}
			}
		}
		return s
	}
}

// groups cuts the rounds of a launch into as many groups of at least size as there are, of nearly equal length; none
// if there are too few rounds.
func groups(rounds []round, size int) [][]round {
	n := len(rounds) / size
	out := make([][]round, n)
	for i := range out {
		out[i] = rounds[i*len(rounds)/n : (i+1)*len(rounds)/n]
	}
	return out
}

// groupSize is the smallest group of rounds that supports a quantile with the given share of requests beyond it; 0 if
// no launch has enough rounds, with the size that would do.
func groupSize(m *measured, share float64) (size, need int) {
	longest, requests := 0, 0.0
	for _, rounds := range m.launches {
		longest = max(longest, len(rounds))
		for _, r := range rounds {
			for _, h := range r.response {
				requests += float64(h.TotalCount())
			}
		}
	}
	perSlot := requests / float64(max(1, m.complete()*len(m.run.Arms)))
	need = int(math.Ceil(beyondMean / max(perSlot*share, 1e-9)))
	for size = max(1, need); size <= longest; size++ {
		if supported(m, size, share) {
			return size, need
		}
	}
	return 0, max(need, longest+1)
}

// supported says that every group of every arm has at least the least number of requests beyond.
func supported(m *measured, size int, share float64) bool {
	for _, rounds := range m.launches {
		for _, group := range groups(rounds, size) {
			for arm := range m.run.Arms {
				requests := int64(0)
				for _, r := range group {
					requests += r.response[arm].TotalCount()
				}
				if float64(requests)*share < beyondLeast {
					return false
				}
			}
		}
	}
	return true
}

// perRequest reads an amount per slot as an amount per 1,000 requests sent.
func perRequest(amount func(result.Slot) float64) func(*measured) series {
	return func(m *measured) series {
		s := series{values: emptySeries(m)}
		for l, rounds := range m.launches {
			for _, r := range rounds {
				if slices.ContainsFunc(r.slots, func(s result.Slot) bool { return s.Work.Sent <= 0 }) {
					continue
				}
				for arm, slot := range r.slots {
					s.values[arm][l] = append(s.values[arm][l], amount(slot)/float64(slot.Work.Sent)*1000)
				}
			}
		}
		return s
	}
}

// perLaunch reads one value per launch, over its slots. The slots of a launch are no repetitions here: what a process
// holds in one slot it mostly holds in the next, so that the luck of one start would pass for a certainty.
func perLaunch(amount func(result.Slot) float64, over func([]float64) float64) func(*measured) series {
	return func(m *measured) series {
		s := series{values: emptySeries(m)}
		if len(m.launches) == 1 {
			s.note = "one value per launch: an interval needs at least two launches"
		}
		for l, rounds := range m.launches {
			for arm := range m.run.Arms {
				values := make([]float64, len(rounds))
				for i, r := range rounds {
					values[i] = amount(r.slots[arm])
				}
				s.values[arm][l] = []float64{over(values)}
			}
		}
		return s
	}
}

func emptySeries(m *measured) [][][]float64 {
	values := make([][][]float64, len(m.run.Arms))
	for arm := range values {
		values[arm] = make([][]float64, len(m.launches))
	}
	return values
}

func median(values []float64) float64 {
	slices.Sort(values)
	return stat.Quantile(0.5, stat.Empirical, values, nil)
}

// Services that are no part of the stack whose cost is measured.
const (
	pipeline = "telemetry" // an arm's Collector and Prometheus
	backing  = "backing"   // the broker and store that all arms share
)

func stackCPU(s result.Slot) float64 {
	sum := 0.0
	for service, used := range s.CPU {
		if service != pipeline && service != backing {
			sum += float64(used)
		}
	}
	return sum / 1e9
}

func pipelineCPU(s result.Slot) float64 { return s.CPU[pipeline].Seconds() }

func activeSeries(s result.Slot) float64 { return float64(s.Telemetry.ActiveSeries) }

func telemetry(amount func(result.Telemetry) int64) func(result.Slot) float64 {
	return func(s result.Slot) float64 { return float64(amount(s.Telemetry)) }
}

func memory(s result.Slot) float64 {
	sum := int64(0)
	for service, bytes := range s.RSS {
		if service != pipeline && service != backing {
			sum += bytes
		}
	}
	return float64(sum)
}
