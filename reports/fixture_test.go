package reports

import (
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// fixture is a run as it might be: four levels, two controls, four faults.
func fixture() *verdict.Analysis {
	start := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	a := &verdict.Analysis{
		Run:        fixtureRun(start),
		Outcome:    verdict.Pass,
		Reasons:    []string{"both controls hold: the noise floor at p95 is [−1.6, +1.9] %, the known delay of 200 µs was measured as 203 µs", "full: p95 +15.1 % [+12.5, +18.0] is under +20 %"},
		Confidence: 0.95,
		Controls: []verdict.Control{
			{Name: "repeated baseline", OK: true, Saw: "+0.1 % [−1.0, +1.2] at p50", Want: "an interval that includes 0", Remedy: "close what else runs on this machine"},
			{Name: "known delay", OK: true, Saw: "+203 µs [+189, +216] at p50; the gateway spun 200.4 µs", Want: "an interval that includes 200.4 µs", Remedy: "check the clock with tollgate doctor"},
			{Name: "generator", OK: true, Saw: "0 of 38,400 arrivals dropped, lag p99 84 µs", Want: "at most 0.1 % dropped, lag p99 under 500 µs", Remedy: "lower --rate"},
			{Name: "carry-over", OK: true, Saw: "−0.2 % [−0.9, +0.5]", Want: "within the noise floor", Remedy: "lengthen the slot"},
		},
		Budgets: []verdict.BudgetResult{
			{Budget: verdict.Budget{Metric: "p95", Limit: 0.2, Relative: true, Text: "p95 <= +20%"}, Level: "full", Saw: verdict.Interval{Lo: 0.125, Mid: 0.151, Hi: 0.18},
				Outcome: verdict.Pass, Sentence: "full: p95 +15.1 % [+12.5, +18.0] is under +20 %"},
			{Budget: verdict.Budget{Level: "full", Text: "full: consumer-lag detected <= 2m", Catch: catch.Demand{Kind: catch.WantDetected, Subject: "consumer-lag", Within: 2 * time.Minute}},
				Level: "full", Saw: verdict.Interval{Lo: math.NaN(), Mid: 84, Hi: math.NaN()}, Outcome: verdict.Pass,
				Sentence: "level full: consumer-lag was detected (after 1m24s of rule time at most, limit 2m)"},
		},
	}
	for _, b := range fixtureBase() {
		a.Baseline = append(a.Baseline, verdict.Absolute{Metric: b.metric, Value: b.value})
	}
	for i, arm := range a.Run.Arms[1:] {
		t := verdict.LevelToll{Arm: arm}
		for j, b := range fixtureBase() {
			t.Effects = append(t.Effects, fixtureEffect(b, i, j))
		}
		a.Toll = append(a.Toll, t)
	}
	a.Steps = fixtureSteps(a.Toll[2:])
	a.Launches = fixtureLaunches(a)
	a.Money = fixtureMoney(a.Run.Arms)
	a.Parts, a.Rounds = fixtureParts(a.Run.Arms), fixtureRounds(a)
	a.Contents = fixtureContents(a.Run.Arms)
	a.Hops = fixtureHops(a)
	for i, arm := range a.Run.Arms {
		a.Shapes = append(a.Shapes, fixtureShape(arm, []float64{0, 0.002, 0.16, 0.05, 0.12, 0.21}[i], []float64{0, 0, 0, 0.03, 0.08, 0.2}[i]))
	}
	a.CPU = fixtureCPU(a.Run.Arms)
	a.Catch = fixtureCatch(start.Add(100*time.Second), a.Run.Faults)
	a.Frontier = fixtureFrontier(a)
	return a
}

type fixtureMetric struct {
	metric verdict.Metric
	value  float64
	ratio  [5]float64 // off-repeat, known-delay, metrics, traces-10, full; the baseline is 0: the value itself
	half   float64
}

func fixtureBase() []fixtureMetric {
	of := func(id, title string) verdict.Metric {
		m, known := verdict.Lookup(id)
		if !known {
			panic("no metric " + id)
		}
		m.Title = title
		return m
	}
	latency := func(id string) verdict.Metric { return of(id, id+" latency, recommend") }
	rss, money := of("rss", "memory of the stack"), of("money", "money")
	rss.Per, money.Unit = "", "EUR"
	peak := of("rss-peak", "peak memory of the stack")
	peak.Per = ""
	return []fixtureMetric{
		{latency("p50"), 0.001243, [5]float64{0.001, 0.163, 0.031, 0.064, 0.118}, 0.011},
		{latency("p90"), 0.002016, [5]float64{0.002, 0.101, 0.034, 0.071, 0.134}, 0.014},
		{latency("p95"), 0.002482, [5]float64{0.0015, 0.082, 0.029, 0.077, 0.151}, 0.0175},
		{latency("p99"), 0.004911, [5]float64{-0.008, 0.039, 0.021, 0.068, 0.187}, 0.052},
		{of("cpu", "CPU time of the stack"), 0.7312, [5]float64{0.003, 0.278, 0.092, 0.174, 0.412}, 0.009},
		{of("pipeline-cpu", "CPU time of the telemetry pipeline"), 0.0214, [5]float64{-0.004, 0.006, 0.61, 1.93, 5.72}, 0.06},
		{of("idle-cpu", "CPU of the stack at rest"), 151.2, [5]float64{0.02, -0.01, 0.83, 1.14, 1.31}, 0.05},
		{of("gc-cpu", "CPU for garbage collection"), 0.0182, [5]float64{0.01, -0.02, 0.21, 0.34, 0.77}, 0.06},
		{of("allocs", "heap allocated"), 64.1e6, [5]float64{0.0005, 0.001, 0.082, 0.164, 0.541}, 0.004},
		{rss, 148.2e6, [5]float64{0.001, 0.0004, 0.118, 0.171, 0.236}, 0.006},
		{peak, 171.4e6, [5]float64{0.003, -0.002, 0.124, 0.166, 0.252}, 0.012},
		{of("spans", "spans"), 0, [5]float64{0, 0, 0, 1104, 11040}, 12},
		{of("log-records", "log records"), 0, [5]float64{0, 0, 0, 212, 214}, 9},
		{of("bytes", "telemetry on the wire"), 0, [5]float64{0, 0, 182e3, 641e3, 4.31e6}, 8e3},
		{money, 0.008124, [5]float64{0.002, 0.31, 0.09, 41.1, 408.2}, 0.5},
	}
}

// fixtureSteps go from each level to the next; no step can be told in p90.
func fixtureSteps(levels []verdict.LevelToll) []verdict.Step {
	var out []verdict.Step
	for i, l := range levels[1:] {
		s := verdict.Step{From: levels[i].Arm.Level, To: l.Arm.Level}
		for j, e := range l.Effects {
			before, half := levels[i].Effects[j], (e.Ratio.Hi-e.Ratio.Lo)/2
			mid := (1+e.Ratio.Mid)/(1+before.Ratio.Mid) - 1
			e.Ratio = verdict.Interval{Lo: mid - half, Mid: mid, Hi: mid + half}
			half = (e.Diff.Hi - e.Diff.Lo) / 2
			e.Diff = verdict.Interval{Lo: e.Diff.Mid - before.Diff.Mid - half, Mid: e.Diff.Mid - before.Diff.Mid, Hi: e.Diff.Mid - before.Diff.Mid + half}
			e.Significant = e.Metric.ID != "p90"
			s.Costs = append(s.Costs, e)
		}
		out = append(out, s)
	}
	return out
}

// fixtureLaunches are two launches, of which the second is a little slower, without the metrics that may be negative.
func fixtureLaunches(a *verdict.Analysis) []verdict.LaunchValues {
	var out []verdict.LaunchValues
	for i, arm := range a.Run.Arms {
		for launch := range 2 {
			l := verdict.LaunchValues{Arm: arm, Launch: launch, Rounds: 40}
			for j, b := range a.Baseline {
				x := b.Value
				if i > 0 {
					x = a.Toll[i-1].Effects[j].Value
				}
				if !slices.Contains([]string{"cpu", "pipeline-cpu", "money"}, b.Metric.ID) {
					l.Values = append(l.Values, verdict.Absolute{Metric: b.Metric, Value: x * (1 + 0.001*float64(launch))})
				}
			}
			out = append(out, l)
		}
	}
	return out
}

// fixtureMoney has an item that depends on the level and one that the baseline does not have.
func fixtureMoney(arms []result.Arm) *verdict.Bills {
	m := &verdict.Bills{Currency: "EUR", Left: []string{"left out: memory of the stack; prices.rate is not set, over which to spread what costs by the hour"}}
	for i, arm := range []result.Arm{arms[0], arms[3], arms[4], arms[5]} {
		hours, spans := 0.2031*(1+0.1*float64(i)), []float64{0, 0, 1.104, 11.04}[i]
		b := verdict.Bill{Arm: arm, Items: []verdict.Item{
			{What: "CPU of the stack", Quantity: hours, Unit: "core hour", Price: 0.04, Amount: hours * 0.04},
			{What: "spans", Quantity: spans, Unit: "million", Price: 0.3, Amount: spans * 0.3},
		}}
		b.Total, b.Over = b.Items[0].Amount+b.Items[1].Amount, math.NaN()
		if i > 0 {
			before := m.Bills[i-1]
			b.Over, b.Items[0].Over, b.Items[1].Over = b.Total-before.Total, b.Items[0].Amount-before.Items[0].Amount, b.Items[1].Amount-before.Items[1].Amount
		}
		m.Bills = append(m.Bills, b)
	}
	return m
}

// fixtureParts have a service that uses less than at rest at one level, and a signal that only one level has.
func fixtureParts(arms []result.Arm) []verdict.Breakdown {
	var out []verdict.Breakdown
	for i, arm := range []result.Arm{arms[0], arms[3], arms[4], arms[5]} {
		n := float64(i)
		over := func(step float64) float64 {
			if i == 0 {
				return math.NaN()
			}
			return step
		}
		out = append(out, verdict.Breakdown{Arm: arm,
			Services: []verdict.Amount{
				{Of: "decision", Unit: verdict.Seconds, Value: 0.41 + 0.06*n, Over: math.NaN()},
				{Of: "etl", Unit: verdict.Seconds, Value: -0.0004 + 0.001*n, Over: math.NaN()},
				{Of: "telemetry", Unit: verdict.Seconds, Value: 0.02 + 0.03*n, Over: math.NaN()},
			},
			Signals: []verdict.Amount{
				{Of: "spans", Unit: verdict.Count, Value: []float64{0, 0, 1104, 11040}[i], Over: over([]float64{0, 0, 1104, 9936}[i])},
				{Of: "on the wire", Unit: verdict.Bytes, Value: []float64{0, 182e3, 641e3, 4.31e6}[i], Over: over([]float64{0, 182e3, 459e3, 3.669e6}[i])},
			},
		})
	}
	return out
}

// fixtureRounds are two launches of eight rounds of p50; the second launch is slower, and the last arm lacks a value.
func fixtureRounds(a *verdict.Analysis) []verdict.RoundValues {
	var out []verdict.RoundValues
	for i, arm := range a.Run.Arms {
		x := a.Baseline[0].Value
		if i > 0 {
			x = a.Toll[i-1].Effects[0].Value
		}
		r := verdict.RoundValues{Arm: arm, Metric: a.Baseline[0].Metric, Launches: make([][]float64, 2)}
		for round := range 16 {
			v := x * (1 + 0.01*float64(round*7%5) + 0.03*float64(round/8))
			if i == len(a.Run.Arms)-1 && round == 3 {
				v = math.NaN()
			}
			r.Launches[round/8] = append(r.Launches[round/8], v)
		}
		out = append(out, r)
	}
	return out
}

func fixtureEffect(b fixtureMetric, arm, metric int) verdict.Effect {
	r, nan := b.ratio[arm], math.NaN()
	e := verdict.Effect{Metric: b.metric, Rounds: 80, Detectable: b.half}
	if b.metric.ID == "p99" {
		e.Rounds, e.Note = 20, "p99 rests on 20 merged groups of 4 rounds: a single slot cannot support it"
	}
	if b.value == 0 {
		e.Value, e.Detectable = r, nan
		e.Diff = verdict.Interval{Lo: max(r-b.half, 0), Mid: r, Hi: r}
		if r > 0 {
			e.Diff.Hi += b.half
		}
		e.Ratio = verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
		e.Significant = r > 0
		return e
	}
	half := b.half * (1 + 0.07*float64((arm*3+metric)%5))
	e.Value = b.value * (1 + r)
	e.Ratio = verdict.Interval{Lo: r - half, Mid: r, Hi: r + 1.1*half}
	e.Diff = verdict.Interval{Lo: e.Ratio.Lo * b.value, Mid: r * b.value, Hi: e.Ratio.Hi * b.value}
	e.Significant = e.Ratio.Lo > 0 || e.Ratio.Hi < 0
	return e
}

func fixtureShape(arm result.Arm, add, tail float64) verdict.Shape {
	s := verdict.Shape{Arm: arm}
	for _, q := range []float64{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999} {
		nines := -math.Log10(1 - q)
		ms := 0.72 + 0.62*q*q + 0.9*nines + add + tail*nines*nines
		if nines > 2 {
			ms += (nines - 2) * (nines - 2) * 4
		}
		s.Points = append(s.Points, verdict.Quantile{Q: q, Seconds: ms / 1000})
	}
	return s
}

func fixtureRun(start time.Time) result.Run {
	return result.Run{
		Schema: result.Schema, ID: "20260102-150405-pr", Status: result.Complete, Started: start, Ended: start.Add(196 * time.Second),
		Tool:        result.Tool{Version: "v0.1.0", Go: "go1.26.0", Modules: map[string]string{"go.k6.io/k6/v2": "v2.2.0", "github.com/prometheus/prometheus": "v0.315.0"}},
		Machine:     result.Machine{OS: "linux", Arch: "amd64", Kernel: "6.1.0", CPU: "Example CPU 2.4 GHz", Cores: 2, MemoryMiB: 7962, Hostname: "ci-1"},
		Environment: "process", Profile: "pr", Experiment: "levels: [off, metrics, traces-10, full]\nfaults:\n  - none\n", Seed: 1, Journeys: "population",
		Levels: []result.Level{
			{Name: "off", Title: "no SDK on the request path", Env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
			{Name: "metrics", Title: "metrics", Env: map[string]string{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": "none"}},
			{Name: "traces-10", Title: "metrics, logs and one trace in ten", Env: map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}},
			{Name: "full", Title: "all traces", Env: map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_on"}},
		},
		Arms: []result.Arm{
			{Name: "off", Level: "off", Role: result.RoleBaseline},
			{Name: "off-repeat", Level: "off", Role: result.RoleRepeat},
			{Name: "known-delay", Level: "off", Role: result.RoleKnownDelay, Delay: 200 * time.Microsecond},
			{Name: "metrics", Level: "metrics", Role: result.RoleLevel},
			{Name: "traces-10", Level: "traces-10", Role: result.RoleLevel},
			{Name: "full", Level: "full", Role: result.RoleLevel},
		},
		Plan: result.Plan{Launches: 2, Rounds: 40, Slot: 500 * time.Millisecond, Washout: 100 * time.Millisecond, Rate: 160, CatchRate: 25, ClientTimeout: 5 * time.Second},
		Faults: []result.Fault{
			{ID: "none", Group: "controls", Title: "nothing is injected", Felt: "nothing"},
			{ID: "profile-attribute-missing", Group: "data", Title: "the upstream stops delivering an attribute", Felt: "half of the users see default content",
				Signs:  map[string]int{"default": 1, "errors": 0},
				Expect: []string{"FeatureMissing", "DefaultContentHigh"}, Allow: []string{"ClickThroughLow"}, Evidence: "log attribute perso.attribute"},
			{ID: "model-drift", Group: "model", Title: "the users are no longer those that the model was trained on", Felt: "recommendations fit worse, fewer clicks",
				Expect: []string{"InputDrift", "ClickThroughLow"}, Evidence: "perso_feature_psi{perso_feature=\"age\"}"},
			{ID: "consumer-lag", Group: "stream", Title: "the events consumer falls behind", Felt: "profiles are stale", Expect: []string{"ConsumerLagHigh", "EventAgeHigh"}, Evidence: "span attribute messaging.kafka.offset"},
		},
		Alerts: []result.Alert{
			{Name: "ConsumerLagHigh", Group: "stream", Labels: map[string]string{"severity": "page"}, Needs: "outside", Summary: "a consumer is behind", Expr: "sum(kafka_consumergroup_lag) > 500", RunExpr: "sum(kafka_consumergroup_lag) > 500", For: time.Minute, RunFor: time.Second, LeastDetect: 1750 * time.Millisecond},
			{Name: "FeatureMissing", Group: "data", Labels: map[string]string{"severity": "ticket"}, Needs: "metrics", Summary: "inputs are missing", Expr: "rate(perso_feature_missing_total[5m]) > 0.1", RunExpr: "rate(perso_feature_missing_total[5s]) > 0.1", For: time.Minute, RunFor: time.Second, LeastDetect: 2500 * time.Millisecond},
			{Name: "ClickThroughLow", Group: "business", Needs: "metrics", Summary: "fewer clicks", Expr: "a < 0.9 * b", RunExpr: "a < 0.9 * b", For: 5 * time.Minute, RunFor: 5 * time.Second, LeastDetect: 9 * time.Second, MinImpressions: 4000},
		},
		Lapse:    60,
		StartUp:  []result.StartUp{{Launch: 0, Total: 2140 * time.Millisecond, Slowest: "full/telemetry", Processes: 44}, {Launch: 1, Total: 1980 * time.Millisecond, Slowest: "full/telemetry", Processes: 44}},
		Warnings: []string{"the machine has 2 cores: slots of 6 arms share them in turn"},
		RuleNotes: []result.RuleNote{
			{Text: "the time of day runs at its own speed", Rules: []result.NotedRule{{Rule: "ClickThroughLow", Details: []string{"hour()"}}}},
			{Text: "windows are not divided by the whole factor", Rules: []result.NotedRule{
				{Rule: "ConsumerLagHigh"}, {Rule: "FeatureMissing", Details: []string{"1m is 3s and not 1s", "2m is 3s and not 2s"}}, {Rule: "ClickThroughLow"}, {Rule: "EventAgeHigh"},
			}},
		},
	}
}
