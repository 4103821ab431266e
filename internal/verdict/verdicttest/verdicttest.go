// Package verdicttest builds run directories in memory with known true effects, for the tests of everything that
// reads a run.
package verdicttest

import (
	"math"
	"math/rand/v2"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Started is when every built run began.
var Started = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// Arms of the built run that are no levels.
const (
	Repeat     = "repeat"
	KnownDelay = "known-delay"
)

// Spec says what run to build: the truth that an analysis has to find again.
type Spec struct {
	Seed     int64
	Launches int
	Rounds   int // per launch
	PerSlot  int // recorded recommend requests per slot
	Delay    time.Duration
	Effect   map[string]float64 // true relative latency and CPU cost of an arm; missing: 0
	RoundSD  float64            // log standard deviation of what all arms of a round share: drift
	SlotSD   float64            // log standard deviation of what one slot has to itself: noise
	LaunchSD float64            // log standard deviation of an arm's luck with one deployment
	Spikes   float64            // share of requests that meet a stall of 5 to 25 ms
	Idle     float64            // cores that the stack uses at rest, at any level, and the pipeline half as many; 0: not measured
	Catch    bool               // with the fault passes
	Hops     []Hop              // parts of every answer's service time; none: answers do not tell

	Capacity         map[string]float64 // true capacity of an arm, requests per second; nil: not measured
	CapacityLaunches int
	CapacitySD       float64 // log standard deviation of an arm's luck with one slot; that with a launch is LaunchSD
}

// Hop is a part of the service time of answers.
type Hop struct {
	Name   string             // "": outside of all hops
	Share  float64            // of the service time, in [0, 1]
	Effect map[string]float64 // true relative time of an arm in this hop, over its share; missing: 0
	Every  int                // only every so many answers have it; 0: all of them
}

// Default is the run that Data returns: three launches of 14 rounds with known effects of +4, +7 and +15 %.
func Default(seed int64) Spec {
	return Spec{
		Seed: seed, Launches: 3, Rounds: 14, PerSlot: 60, Delay: 200 * time.Microsecond,
		Effect:  map[string]float64{"metrics": 0.04, "logs": 0.07, "full": 0.15},
		RoundSD: 0.05, SlotSD: 0.02, LaunchSD: 0.004, Spikes: 0.005, Idle: 0.02, Catch: true,
	}
}

// Data is a complete run with four levels, both controls, 42 rounds over three launches, and four faults (none
// among them) whose cells show every state except skipped and unfinished. The same seed gives the same data; the
// catch does not depend on it.
func Data(seed int64) *result.Data { return Build(Default(seed)) }

// Build makes the run of the spec.
func Build(s Spec) *result.Data {
	d := &result.Data{Run: run(s)}
	rng := rand.New(rand.NewPCG(uint64(s.Seed), 0x7665726469637473))
	b := builder{Spec: s, data: d, rng: rng, now: Started.Add(8 * time.Second)}
	for launch := range s.Launches {
		b.launch(launch)
	}
	if s.Capacity != nil {
		b.capacity()
	}
	if s.Catch {
		d.Run.Faults, d.Run.Alerts = faults(), alerts()
		b.catch()
	}
	d.Volumes = volumes(d)
	d.Run.Ended = b.now.Add(2 * time.Second)
	return d
}

func run(s Spec) result.Run {
	return result.Run{
		Schema: result.Schema, ID: "20260102-150405-pr", Status: result.Complete, Started: Started,
		Tool: result.Tool{Version: "0.1.0", Go: "go1.26.0", Modules: map[string]string{
			"go.k6.io/k6/v2": "v2.2.0", "github.com/prometheus/prometheus": "v0.315.0",
		}},
		Machine:     result.Machine{OS: "linux", Arch: "amd64", Kernel: "6.1.0", CPU: "Example CPU", Cores: 2, MemoryMiB: 7936},
		Environment: "process", Profile: "pr", Experiment: "profile: pr\nseed: 7\n", Seed: s.Seed, Journeys: "population",
		Levels: levels(),
		Arms: []result.Arm{
			{Name: "off", Level: "off", Role: result.RoleBaseline},
			{Name: Repeat, Level: "off", Role: result.RoleRepeat},
			{Name: KnownDelay, Level: "off", Role: result.RoleKnownDelay, Delay: s.Delay},
			{Name: "metrics", Level: "metrics", Role: result.RoleLevel},
			{Name: "logs", Level: "logs", Role: result.RoleLevel},
			{Name: "full", Level: "full", Role: result.RoleLevel},
		},
		Plan: result.Plan{
			Launches: s.Launches, Rounds: s.Rounds, Slot: 500 * time.Millisecond, Washout: 50 * time.Millisecond,
			Rate: 300, CatchRate: 40, ClientTimeout: 5 * time.Second,
		},
		Lapse:    30,
		Warnings: []string{"the machine has 2 cores: arms take turns, and faults are injected at a low rate"},
	}
}

func levels() []result.Level {
	env := func(metrics, logs, traces string) map[string]string {
		return map[string]string{
			"OTEL_METRICS_EXPORTER": metrics, "OTEL_LOGS_EXPORTER": logs, "OTEL_TRACES_EXPORTER": traces,
			"OTEL_METRIC_EXPORT_INTERVAL": "200", "OTEL_BSP_SCHEDULE_DELAY": "100",
		}
	}
	return []result.Level{
		{Name: "off", Title: "no telemetry", Env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
		{Name: "metrics", Title: "metrics only", Env: env("otlp", "none", "none")},
		{Name: "logs", Title: "metrics and structured logs", Env: env("otlp", "otlp", "none")},
		{Name: "full", Title: "metrics, logs and all traces", Env: env("otlp", "otlp", "otlp")},
	}
}

type builder struct {
	Spec
	data  *result.Data
	rng   *rand.Rand
	now   time.Time
	order int
}

// launch adds one launch: every round has one slot of every arm, in a shuffled order.
func (b *builder) launch(launch int) {
	b.data.Run.StartUp = append(b.data.Run.StartUp,
		result.StartUp{Launch: launch, Total: 1400 * time.Millisecond, Slowest: "model", Processes: 43})
	arms := b.data.Run.Arms
	luck := make([]float64, len(arms))
	for i := range luck {
		luck[i] = b.LaunchSD * b.rng.NormFloat64()
	}
	if b.Idle > 0 {
		for position, arm := range arms {
			b.rest(launch, position, arm)
		}
	}
	before := ""
	for round := range b.Rounds {
		shared := b.RoundSD * b.rng.NormFloat64()
		for position, i := range b.rng.Perm(len(arms)) {
			factor := math.Exp(shared+luck[i]+b.SlotSD*b.rng.NormFloat64()) * (1 + b.Effect[arms[i].Name])
			s := b.slot(arms[i], factor)
			s.Launch, s.Round, s.Position, s.Before = launch, round, position, before
			b.latency(s, arms[i], factor)
			b.data.Slots = append(b.data.Slots, s)
			before = s.Arm
			b.now = s.End.Add(s.Drain + 5*time.Millisecond)
		}
	}
	b.now = b.now.Add(4 * time.Second)
}

// rest adds what an arm uses at rest: metered for half a second without any work.
func (b *builder) rest(launch, position int, arm result.Arm) {
	s := result.Slot{
		Phase: slot.Idle, Launch: launch, Position: position, Arm: arm.Name, Start: b.now, End: b.now.Add(500 * time.Millisecond),
		Drained: true, Metered: 500 * time.Millisecond, CPU: map[string]time.Duration{}, RSS: map[string]int64{},
	}
	b.idle(&s)
	b.data.Slots = append(b.data.Slots, s)
	b.now = s.End.Add(5 * time.Millisecond)
}

// idle adds what is used at rest while a slot is metered: by the gateway, for all of the stack, and by the pipeline.
func (b *builder) idle(s *result.Slot) {
	s.CPU["gateway"] += time.Duration(b.Idle * float64(s.Metered))
	s.CPU[role.Telemetry] += time.Duration(b.Idle / 2 * float64(s.Metered))
}

// slot is the cost of one toll slot whose work takes factor times the usual CPU.
func (b *builder) slot(arm result.Arm, factor float64) result.Slot {
	scale := int64(b.PerSlot)
	s := result.Slot{
		Phase: slot.Toll, Order: b.order, Arm: arm.Name, Start: b.now, End: b.now.Add(b.data.Run.Plan.Slot),
		Drained: true, Drain: 49 * time.Millisecond, GeneratorCPU: 70 * time.Millisecond,
		Work: slot.ArmReport{
			Arm: arm.Name, Scheduled: scale * 5 / 2, Sent: scale * 5 / 2,
			Steps:  map[string]int64{"recommend": scale * 10 / 9, "impression": scale * 10 / 9, "click": scale * 5 / 2 * 1 / 9},
			LagP99: 180 * time.Microsecond, LagMax: 700 * time.Microsecond,
			Impressions: scale * 10 / 9, Clicks: scale / 10, Purchases: scale / 60, AgeBands: []int64{16, 24, 24, 22, 14},
		},
		Metered: b.data.Run.Plan.Slot + 50*time.Millisecond, // the drain, and a millisecond around both
		CPU:     map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}, Runtime: map[string]result.Runtime{},
	}
	if arm.Role == result.RoleKnownDelay {
		s.Work.Spun, s.Work.SpunN = arm.Delay+3*time.Microsecond, scale
	}
	for i, service := range []string{"gateway", "decision", "model", "profile", "ingest", "etl"} {
		perRequest := float64([]int{190, 140, 120, 110, 60, 2}[i]) * 1000 // ns
		s.CPU[service] = time.Duration(perRequest * float64(s.Work.Sent) * factor)
		s.RSS[service] = int64((14 + 3*float64(i)) * (1 + b.Effect[arm.Name]) * (1 << 20))
		s.Peak[service] = s.RSS[service] * 5 / 4
		s.Runtime[service] = result.Runtime{
			AllocBytes: 2000 * s.Work.Sent, AllocObjects: 20 * s.Work.Sent, GCCPU: s.CPU[service] / 10, GCCycles: 1,
		}
	}
	s.CPU[role.Telemetry] = time.Duration((8e6 + float64(s.Work.Sent)*2.5e6*b.Effect[arm.Name]) * factor)
	s.CPU[role.Backing] = time.Duration(float64(s.Work.Sent) * 1e5 * factor)
	s.RSS[role.Telemetry], s.Peak[role.Telemetry] = 90<<20, 120<<20
	b.idle(&s)
	s.Telemetry = telemetry(arm.Level, s.Work.Sent, s.Metered.Seconds()/b.data.Run.Plan.Slot.Seconds())
	b.order++
	return s
}

// telemetry is that of a slot in which so many requests were sent, and which was metered for so many times its length: metrics go on
// without load.
func telemetry(level string, sent int64, metered float64) result.Telemetry {
	t := result.Telemetry{ActiveSeries: 118}
	if level == "off" {
		return t
	}
	t.DataPoints, t.MetricBytes, t.ActiveSeries = int64(math.Round(900*metered)), int64(math.Round(64_000*metered)), 1_240
	t.Bytes = t.MetricBytes
	if level == "metrics" {
		return t
	}
	t.LogRecords = 2 * sent
	t.Bytes += 350 * t.LogRecords
	if level == "full" {
		t.Spans, t.Roots = 7*sent, sent
		t.Bytes += 420 * t.Spans
	}
	return t
}

// latency records the requests of a slot: log-normal around 1.9 ms, with stalls.
func (b *builder) latency(s result.Slot, arm result.Arm, factor float64) {
	service, response, lag := result.NewHistogram(), result.NewHistogram(), result.NewHistogram()
	hops := make([]*hdr.Histogram, len(b.Hops))
	for i := range hops {
		hops[i] = result.NewHistogram()
	}
	for n := range b.PerSlot {
		late := time.Duration(40_000 + 30_000*b.rng.ExpFloat64())
		took := time.Duration(1.9e6*factor*math.Exp(0.3*b.rng.NormFloat64())) + s.Work.Spun
		if b.rng.Float64() < b.Spikes {
			took += time.Duration(5e6 + 20e6*b.rng.Float64())
		}
		result.Record(service, took)
		result.Record(lag, late)
		result.Record(response, took+late)
		for i, h := range b.Hops {
			if n%max(1, h.Every) == 0 {
				result.Record(hops[i], time.Duration(h.Share*(1+h.Effect[arm.Name])*float64(took)))
			}
		}
	}
	tag := result.Tag{Phase: slot.Toll, Launch: s.Launch, Round: s.Round, Arm: arm.Name, Step: "recommend"}
	add := func(tag result.Tag, h *hdr.Histogram) {
		h.SetStartTimeMs(s.Start.UnixMilli())
		h.SetEndTimeMs(s.End.UnixMilli())
		b.data.Latency = append(b.data.Latency, result.NewInterval(tag, h))
	}
	for _, k := range []struct {
		kind string
		hist *hdr.Histogram
	}{{result.Service, service}, {result.Response, response}, {result.Lag, lag}} {
		tag.Kind = k.kind
		add(tag, k.hist)
	}
	for i, h := range b.Hops {
		if tag.Kind = result.Own; h.Name == "" {
			tag.Kind = result.Outside
		} else {
			tag.Step = h.Name
		}
		if hops[i].TotalCount() > 0 {
			add(tag, hops[i])
		}
		tag.Step = "recommend"
	}
}

// Write writes the run into a new directory, for tests of what reads one from disk.
func Write(dir string, d *result.Data) error {
	w, err := result.Create(dir, d.Run)
	if err != nil {
		return err
	}
	for _, s := range d.Slots {
		if err := w.Slot(s); err != nil {
			return err
		}
	}
	for _, e := range d.Faults {
		if err := w.Fault(e); err != nil {
			return err
		}
	}
	for _, e := range d.Alerts {
		if err := w.Alert(e); err != nil {
			return err
		}
	}
	for _, e := range d.Examples {
		if err := w.Example(e); err != nil {
			return err
		}
	}
	for _, v := range d.Volumes {
		if err := w.Volume(v); err != nil {
			return err
		}
	}
	log, err := result.OpenLatency(w.Path(result.LatencyFile))
	if err != nil {
		return err
	}
	for _, l := range d.Latency {
		h, err := l.Histogram()
		if err != nil {
			return err
		}
		if err := log.Write(l.Tag, time.UnixMilli(h.StartTimeMs()), time.UnixMilli(h.EndTimeMs()), h); err != nil {
			return err
		}
	}
	if err := log.Close(); err != nil {
		return err
	}
	if d.Run.Status == result.Running { // killed
		return w.Close()
	}
	return w.Finish(func(r *result.Run) { r.Status = d.Run.Status })
}
