package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// What the controls accept.
const (
	maxDropped    = 0.001                 // share of scheduled requests that found no worker
	maxFailed     = 0.001                 // share of sent requests that failed
	maxLag        = 10 * time.Millisecond // 99th percentile of sent − scheduled: see generatorOnTime
	maxGenerator  = 0.5                   // share of all cores that the generator used
	maxRecorded   = 0.01                  // spread of the recorded requests of the main step over arms
	maxSent       = 0.02                  // spread of the sent requests over arms
	maxUneven     = 0.05                  // spread of one round's requests of the main step that still counts as equal work
	maxUnevenPart = 0.1                   // share of rounds beyond it
	minDrained    = 0.9                   // share of slots that came to rest before the limit
	controlError  = 0.01                  // share of good runs that each control which judges by intervals may break by chance
)

// controls judges everything whose true answer is known.
func (t *tolls) controls(confidence float64) []Control {
	arrives, telemetry := telemetryArrives(t.run, t.all)
	if t.complete() == 0 {
		var controls []Control
		if t.run.Plan.Launches > 0 { // otherwise only faults, or the capacity, were asked for
			controls = append(controls, t.noRounds())
		}
		if telemetry {
			controls = append(controls, arrives)
		}
		return controls
	}
	controls := []Control{t.repeatedBaseline(confidence), t.knownDelay(confidence)}
	if t.run.Plan.Forecast != nil {
		controls = append(controls, t.orderedLoad())
	}
	controls = append(controls,
		t.droppedArrivals(),
		t.generatorOnTime(),
		t.generatorCPU(),
		t.equalWork(),
	)
	if t.has(telemetryAtAll()) {
		controls = append(controls, t.pipelineTookAll())
	}
	if telemetry {
		controls = append(controls, arrives)
	}
	controls = append(controls, t.errors())
	if t.has(cpuOfStack()) { // rest is seen in the CPU time
		controls = append(controls, t.carryOver(confidence))
	}
	return controls
}

// noRounds is the only control of a run without a complete round.
func (t *tolls) noRounds() Control {
	c := Control{
		Undecided: t.run.Status != result.Complete,
		Name:      "rounds", Saw: "no complete round", Want: "at least one slot of every arm in a round",
		Remedy: "let the run go on for longer; if it was not interrupted, see its warnings and its log",
	}
	steps := map[string]bool{}
	for _, s := range t.slots {
		for step := range s.Work.Steps {
			steps[step] = true
		}
	}
	if step := t.run.Plan.MainStep(); len(steps) > 0 && !steps[step] {
		c.Saw = fmt.Sprintf("no request of step %q; steps seen: %s", step, strings.Join(slices.Sorted(maps.Keys(steps)), ", "))
		c.Remedy = "name one of the steps seen as the one whose latency is the toll"
	}
	return c
}

// mainRequests are the requests whose latency is the toll, in words.
func (t *tolls) mainRequests() string {
	if step := t.run.Plan.MainStep(); step != slot.AnyStep {
		return step + " requests"
	}
	return "requests"
}

// slotSum adds up an amount over all toll slots.
func (t *tolls) slotSum(amount func(result.Slot) int64) int64 {
	sum := int64(0)
	for _, s := range t.slots {
		sum += amount(s)
	}
	return sum
}

func (t *tolls) droppedArrivals() Control {
	dropped := t.slotSum(func(s result.Slot) int64 { return s.Work.Dropped })
	scheduled := t.slotSum(func(s result.Slot) int64 { return s.Work.Scheduled })
	return Control{
		Name: "dropped arrivals", OK: scheduled > 0 && float64(dropped) <= maxDropped*float64(scheduled),
		Saw:  fmt.Sprintf("%d of %d scheduled requests dropped (%s)", dropped, scheduled, percent(share(dropped, scheduled))),
		Want: fmt.Sprintf("at most %s", percent(maxDropped)),
		Remedy: "lower the rate, or let the generator do more at once (journeys.vus of the experiment, --vus, or TOLLGATE_VUS): " +
			"requests that are not sent hide what held them up",
	}
}

// generatorOnTime judges the generator's own lateness. It is part of every response time and alike for all arms, so that it
// widens intervals long before it bends them: of 20 runs of identical code on a machine whose host took up to a fifth of its
// CPU time, the seven with a p99 of 5 to 10 ms were no more often wrong than the others (docs/measurements.md). Beyond that the
// load is no longer the one that was ordered. How much the arms differ is said, too: an arm that keeps the generator from the
// CPU pays for that in its response times.
func (t *tolls) generatorOnTime() Control {
	c := Control{
		Name: "generator on time", Want: fmt.Sprintf("99 %% of the requests sent within %s of their time", milliseconds(maxLag)),
		Remedy: "lower the rate, or keep other work off the machine: a late generator measures itself",
	}
	if t.lag.TotalCount() == 0 {
		c.Saw = "no lag histogram in the run"
		return c
	}
	p99, most := time.Duration(t.lag.ValueAtQuantile(99)), time.Duration(t.lag.Max())
	c.OK = p99 <= maxLag
	low, high := slices.Min(t.late), slices.Max(t.late)
	c.Saw = fmt.Sprintf("lateness p99 %s, at most %s, over %d requests; on average %s to %s by arm", milliseconds(p99), milliseconds(most),
		t.lag.TotalCount(), milliseconds(low), milliseconds(high))
	return c
}

func (t *tolls) generatorCPU() Control {
	used, wall := time.Duration(0), time.Duration(0)
	for _, s := range t.slots {
		used, wall = used+s.GeneratorCPU, wall+s.Loaded()
	}
	cores := max(1, t.run.Machine.Cores)
	load := float64(used) / float64(max(1, wall)) / float64(cores)
	return Control{
		Name: "generator CPU", OK: wall > 0 && load < maxGenerator,
		Saw:    fmt.Sprintf("the generator used %s of %d cores", percent(load), cores),
		Want:   fmt.Sprintf("less than %s", percent(maxGenerator)),
		Remedy: "lower the rate, or use a machine with more cores: the generator competes with what it measures",
	}
}

// equalWork compares what the arms got to do. Sums must agree closely; a single round may be a request or a few per
// cent off, where a follow-up step fell on the other side of a slot's end, but only few rounds may.
func (t *tolls) equalWork() Control {
	sent, recorded := make([]int64, len(t.run.Arms)), make([]int64, len(t.run.Arms))
	uneven := 0
	for _, launch := range t.launches {
		for _, r := range launch {
			inRound := make([]int64, len(t.run.Arms))
			for arm, s := range r.slots {
				inRound[arm] = r.response[arm].TotalCount()
				sent[arm] += s.Work.Sent
				recorded[arm] += inRound[arm]
			}
			if off, relative := spread(inRound); off > 1 && relative > maxUneven {
				uneven++
			}
		}
	}
	_, recordedSpread := spread(recorded)
	_, sentSpread := spread(sent)
	part := float64(uneven) / float64(t.complete())
	return Control{
		Name: "equal work", OK: recordedSpread <= maxRecorded && sentSpread <= maxSent && part <= maxUnevenPart,
		Saw: fmt.Sprintf("arms differ by %s in recorded %s and by %s in all sent; %s of the rounds are uneven",
			percent(recordedSpread), t.mainRequests(), percent(sentSpread), percent(part)),
		Want: fmt.Sprintf("at most %s and %s; at most %s of the rounds off by more than one request and %s",
			percent(maxRecorded), percent(maxSent), percent(maxUnevenPart), percent(maxUneven)),
		Remedy: "look for an arm that fails, times out or loses journeys: arms that did different work cannot be compared",
	}
}

// spread is the largest less the smallest, plain and relative to the largest.
func spread(counts []int64) (int64, float64) {
	low, high := counts[0], counts[0]
	for _, n := range counts {
		low, high = min(low, n), max(high, n)
	}
	return high - low, share(high-low, max(1, high))
}

func (t *tolls) pipelineTookAll() Control {
	refused := t.slotSum(func(s result.Slot) int64 { return s.Telemetry.Refused })
	return Control{
		Name: "telemetry pipeline", OK: refused == 0,
		Saw:    fmt.Sprintf("%d spans, log records and data points refused or lost", refused),
		Want:   "none",
		Remedy: "lower the rate or raise the pipeline's memory limit: telemetry that is thrown away looks cheap",
	}
}

func (t *tolls) errors() Control {
	failed := t.slotSum(func(s result.Slot) int64 { return s.Work.Failed })
	sent := t.slotSum(func(s result.Slot) int64 { return s.Work.Sent })
	return Control{
		Name: "errors", OK: sent > 0 && float64(failed) <= maxFailed*float64(sent),
		Saw:    fmt.Sprintf("%d of %d requests failed (%s)", failed, sent, percent(share(failed, sent))),
		Want:   fmt.Sprintf("at most %s", percent(maxFailed)),
		Remedy: "find out why requests fail while no fault is injected: an error is faster than an answer",
	}
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

func percent(x float64) string { return fmt.Sprintf("%.3g %%", 100*x) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3g ms", float64(d)/1e6) }
