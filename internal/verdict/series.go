package verdict

import (
	"fmt"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// series are the values of one metric by arm, launch and round (or merged group of rounds); the rounds are the same for
// all arms. A round in which some arm has no value is left out of all of them.
type series struct {
	values [][][]float64
	group  int    // rounds merged into one value, on average at least; 0: none
	note   string // how the values were made, or what would be needed to have any; "" if there is nothing to say
	net    bool   // the cost at rest is taken off: a value may be 0 or less
	sums   bool   // values are sums of parts which are shown: an arm's value is the mean, as theirs are
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
		size, need := groupSize(m.answers(), 1-q)
		if size == 0 {
			return series{values: emptySeries(m), note: fmt.Sprintf("%s needs groups of %d rounds in one launch at this rate; "+
				"no launch of this run has as many: run more rounds per launch, or a higher rate", id, need)}
		}
		s := series{values: emptySeries(m), group: size}
		if size > 1 {
			s.note = fmt.Sprintf("%s is taken over merged groups of at least %d rounds, since one slot has too few requests for it",
				id, size)
		}
		merged := result.NewHistogram()
		for l, rounds := range m.launches {
			for _, group := range groups(rounds, size) {
				for arm := range m.run.Arms {
					merge(merged, group, arm)
					s.values[arm][l] = append(s.values[arm][l], value(merged)/1e9)
				}
			}
		}
		return s
	}
}

// groups cuts the rounds of a launch into as many groups of at least size as there are, of nearly equal length; none
// if there are too few rounds.
func groups[R any](rounds []R, size int) [][]R {
	n := len(rounds) / size
	out := make([][]R, n)
	for i := range out {
		out[i] = rounds[i*len(rounds)/n : (i+1)*len(rounds)/n]
	}
	return out
}

// answers are how many answers were recorded, by launch, round and arm.
func (m *measured) answers() [][][]int64 {
	out := make([][][]int64, len(m.launches))
	for l, rounds := range m.launches {
		for _, r := range rounds {
			counts := make([]int64, len(r.response))
			for arm, h := range r.response {
				counts[arm] = h.TotalCount()
			}
			out[l] = append(out[l], counts)
		}
	}
	return out
}

// groupSize is the smallest group of rounds that supports a quantile with the given share of the values beyond it; 0 if
// no launch has enough rounds, with the size that would do. Values are counted by launch, round and arm.
func groupSize(values [][][]int64, share float64) (size, need int) {
	longest, slots, all := 0, 0, 0.0
	for _, rounds := range values {
		longest = max(longest, len(rounds))
		for _, arms := range rounds {
			for _, n := range arms {
				slots++
				all += float64(n)
			}
		}
	}
	need = roundsBeyond(share, all/float64(max(1, slots)))
	for size = max(1, need); size <= longest; size++ {
		if supported(values, size, share) {
			return size, need
		}
	}
	return 0, max(need, longest+1)
}

// supported says that every group of every arm has at least the least number of values beyond.
func supported(values [][][]int64, size int, share float64) bool {
	for _, rounds := range values {
		for _, group := range groups(rounds, size) {
			for arm := range group[0] {
				n := int64(0)
				for _, arms := range group {
					n += arms[arm]
				}
				if float64(n)*share < beyondLeast {
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
		return perRound(m, func(_, _ int, s result.Slot) float64 { return amount(s) })
	}
}

// perRound is perRequest of an amount that depends on whose slot it is.
func perRound(m *measured, amount func(arm, launch int, s result.Slot) float64) series {
	s := series{values: emptySeries(m)}
	for l, rounds := range m.launches {
		for _, r := range rounds {
			if slices.ContainsFunc(r.slots, func(s result.Slot) bool { return s.Work.Sent <= 0 }) {
				continue
			}
			for arm, slot := range r.slots {
				s.values[arm][l] = append(s.values[arm][l], amount(arm, l, slot)/float64(slot.Work.Sent)*1000)
			}
		}
	}
	return s
}

// byLaunch reads one value per launch. The slots of a launch are no repetitions here: what a process holds in one slot it
// mostly holds in the next, so that the luck of one start would pass for a certainty.
func byLaunch(value func(m *measured, arm, launch int) float64) func(*measured) series {
	return func(m *measured) series {
		s := series{values: emptySeries(m)}
		if len(m.launches) == 1 {
			s.note = "one value per launch: an interval needs at least two launches"
		}
		for l := range m.launches {
			for arm := range m.run.Arms {
				s.values[arm][l] = []float64{value(m, arm, l)}
			}
		}
		return s
	}
}

// perLaunch is byLaunch over the slots that an arm had in the launch, in the order of the rounds.
func perLaunch(over func([]result.Slot) float64) func(*measured) series {
	return byLaunch(func(m *measured, arm, launch int) float64 { return over(m.slotsOf(arm, launch)) })
}

// slotsOf are the slots of an arm in a launch, in the order of the rounds.
func (m *measured) slotsOf(arm, launch int) []result.Slot {
	slots := make([]result.Slot, len(m.launches[launch]))
	for i, r := range m.launches[launch] {
		slots[i] = r.slots[arm]
	}
	return slots
}

func emptySeries(m *measured) [][][]float64 {
	values := make([][][]float64, len(m.run.Arms))
	for arm := range values {
		values[arm] = make([][]float64, len(m.launches))
	}
	return values
}

// Services that are no part of the stack whose cost is measured.
const (
	pipeline = role.Telemetry // an arm's Collector and Prometheus
	backing  = role.Backing   // the broker and store that all arms share
)

// ofStack adds up an amount over the services of the stack.
func ofStack[V int64 | time.Duration](used map[string]V) V {
	var sum V
	for service, v := range used {
		if service != pipeline && service != backing {
			sum += v
		}
	}
	return sum
}

func stackCPU(s result.Slot) float64 { return ofStack(s.CPU).Seconds() }

func pipelineCPU(s result.Slot) float64 { return s.CPU[pipeline].Seconds() }

// activeSeries is the most that there were in a launch.
func activeSeries(slots []result.Slot) float64 {
	return most(slots, func(s result.Slot) int64 { return s.Telemetry.ActiveSeries })
}

// steady is the memory of the stack once it has settled: the median over the later half of a launch's slots.
func steady(slots []result.Slot) float64 {
	return settled(slots, func(s result.Slot) int64 { return ofStack(s.RSS) })
}

// peak is the most memory that the services of the stack have held in a launch, each at its own time, their start included.
func peak(slots []result.Slot) float64 {
	return most(slots, func(s result.Slot) int64 { return ofStack(s.Peak) })
}

// settled is the median over the later half.
func settled(slots []result.Slot, amount func(result.Slot) int64) float64 {
	var values []float64
	for _, s := range slots[len(slots)/2:] {
		values = append(values, float64(amount(s)))
	}
	slices.Sort(values)
	return stat.Quantile(0.5, stat.Empirical, values, nil)
}

func most(slots []result.Slot, amount func(result.Slot) int64) float64 {
	high := int64(0)
	for _, s := range slots {
		high = max(high, amount(s))
	}
	return float64(high)
}

// reported adds up over services what their runtimes report of a slot.
func reported(amount func(result.Runtime) int64) func(result.Slot) float64 {
	return func(s result.Slot) float64 {
		sum := int64(0)
		for _, r := range s.Runtime {
			sum += amount(r)
		}
		return float64(sum)
	}
}

// gcCPU is the CPU time for garbage collection per 1,000 requests of a launch: a slot is too short for it, since the runtime
// books a collection when it ends, and there may be none in one slot and two in the next. The runtime goes by its own clock;
// what it reports for a slot beyond what the kernel says that the service has used cannot be, and is cut off.
func gcCPU(m *measured, arm, launch int) float64 {
	return perThousand(m.slotsOf(arm, launch), func(s result.Slot) float64 {
		sum := time.Duration(0) // a whole number: the order of services must not matter
		for service, r := range s.Runtime {
			sum += min(r.GCCPU, s.CPU[service])
		}
		return sum.Seconds()
	})
}

// perThousand is an amount per 1,000 requests over all of the slots together; NaN without a request.
func perThousand(slots []result.Slot, amount func(result.Slot) float64) float64 {
	sum, sent := 0.0, 0.0
	for _, s := range slots {
		sum += amount(s)
		sent += float64(s.Work.Sent)
	}
	return 1000 * sum / sent
}
