package verdict_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func frontier(t *testing.T, d *result.Data) *verdict.Frontier {
	t.Helper()
	f := analyze(t, d).Frontier
	if f == nil {
		t.Fatal("no frontier")
	}
	return f
}

func point(t *testing.T, f *verdict.Frontier, level string) verdict.Point {
	t.Helper()
	for _, p := range f.Points {
		if p.Level == level {
			return p
		}
	}
	t.Fatalf("no point %s", level)
	return verdict.Point{}
}

func cost(t *testing.T, costs []verdict.Effect, metric string) verdict.Effect {
	t.Helper()
	for _, e := range costs {
		if e.Metric.ID == metric {
			return e
		}
	}
	t.Fatalf("no cost %s", metric)
	return verdict.Effect{}
}

// diagnose adds evidence of a fault at a level.
func diagnose(d *result.Data, fault, level string) {
	d.Faults = append(d.Faults, result.FaultEvent{
		Time: d.Run.Ended, Fault: fault, Phase: result.PhaseEvidence, Arm: level, Detail: "found",
		Values: map[string]float64{"clean": 0, "fault": 7},
	})
}

func TestFrontier(t *testing.T) {
	f := frontier(t, verdicttest.Data(1))
	if fmt.Sprint(ids(f.Metrics)) != "[cpu p95 bytes]" || f.By.ID != "cpu" || f.Lacks != "" {
		t.Errorf("metrics %v by %s; lacks %q", ids(f.Metrics), f.By.ID, f.Lacks)
	}
	for _, c := range []struct {
		level               string
		cpu                 float64
		detected, diagnosed float64
		of                  float64
	}{{"off", 0, 1, 0, 3}, {"metrics", 0.04, 3, 0, 3}, {"logs", 0.07, 2, 1, 3}, {"full", 0.15, 2, 1, 2}} {
		p := point(t, f, c.level)
		if e := cost(t, p.Costs, "cpu"); c.cpu < e.Ratio.Lo || c.cpu > e.Ratio.Hi {
			t.Errorf("%s: CPU %+v, want %v", c.level, e.Ratio, c.cpu)
		}
		if got := p.Catch; got.Detected.Yes != c.detected || got.Diagnosed.Yes != c.diagnosed || got.Detected.Of != c.of || got.Diagnosed.Of != c.of {
			t.Errorf("%s: detected %+v, diagnosed %+v; want %v and %v of %v", c.level, got.Detected, got.Diagnosed, c.detected, c.diagnosed, c.of)
		}
		if len(p.DominatedBy) > 0 {
			t.Errorf("%s is dominated by %v, which do not catch all that it does, or cost more", c.level, p.DominatedBy)
		}
	}
	if want := "[{model-drift [metrics] [{logs under-powered}]}]"; fmt.Sprint(f.Inversions) != want {
		t.Errorf("inversions %v, want %s", f.Inversions, want)
	}
	if len(f.Choices) != 1 { // the faults of this run have no group
		t.Fatalf("choices: %+v", f.Choices)
	}
	c := f.Choices[0]
	if c.Group != "" || c.Faults != 3 || fmt.Sprint(c.Detects) != "{metrics 3 3 []}" || fmt.Sprint(c.Diagnoses) != "{logs 1 1 []}" {
		t.Errorf("choice: %+v", c)
	}
	if c.Step == nil || c.Step.From != "metrics" || c.Step.To != "logs" {
		t.Fatalf("step: %+v", c.Step)
	}
	if e, truth := cost(t, c.Step.Costs, "cpu"), 1.07/1.04-1; truth < e.Ratio.Lo || truth > e.Ratio.Hi || !e.Significant {
		t.Errorf("the step from metrics to logs costs %+v of CPU, want %v", e.Ratio, truth)
	}
	if e := cost(t, c.Step.Costs, "bytes"); !e.Significant || e.Diff.Lo <= 0 {
		t.Errorf("the step from metrics to logs costs %+v bytes", e.Diff)
	}
}

func ids(metrics []verdict.Metric) []string {
	var out []string
	for _, m := range metrics {
		out = append(out, m.ID)
	}
	return out
}

// A level is dominated only by one that caught all that it did and surely costs less.
func TestDomination(t *testing.T) {
	build := func(effects map[string]float64, noise float64) *result.Data {
		s := verdicttest.Default(3)
		s.Effect, s.SlotSD = effects, noise
		d := verdicttest.Build(s)
		diagnose(d, "profile-attribute-missing", "metrics") // so that it catches all that logs and full do
		return d
	}
	steep := map[string]float64{"metrics": 0.02, "logs": 0.2, "full": 0.5}
	f := frontier(t, build(steep, 0.02))
	for level, want := range map[string]string{"off": "[]", "metrics": "[]", "logs": "[metrics]", "full": "[metrics]"} {
		if p := point(t, f, level); fmt.Sprint(p.DominatedBy) != want || len(p.Rivals) > 0 {
			t.Errorf("%s is dominated by %v, want %s; rivals %+v", level, p.DominatedBy, want, p.Rivals)
		}
	}
	// The same costs in so much noise that nobody can tell: the bytes alone are surely fewer.
	f = frontier(t, build(steep, 0.6))
	for _, level := range []string{"logs", "full"} {
		p := point(t, f, level)
		if len(p.DominatedBy) > 0 {
			t.Errorf("%s in noise is dominated by %v", level, p.DominatedBy)
		}
		if e := cost(t, p.Costs, "cpu"); e.Diff.Mid > cost(t, point(t, f, "metrics").Costs, "cpu").Diff.Mid && len(p.Rivals) == 0 {
			t.Errorf("%s in noise has no rival, though metrics sends surely fewer bytes", level)
		}
	}
	// The same in everything: nobody saves.
	s := verdicttest.Default(3)
	s.Effect, s.RoundSD, s.SlotSD, s.LaunchSD, s.Spikes = map[string]float64{"metrics": 0.1, "logs": 0.1, "full": 0.1}, 0, 0, 0, 0
	d := verdicttest.Build(s)
	diagnose(d, "profile-attribute-missing", "metrics")
	for i := range d.Slots {
		d.Slots[i].Telemetry = result.Telemetry{Bytes: 1000}
	}
	f = frontier(t, d)
	for _, level := range []string{"metrics", "logs", "full"} {
		if p := point(t, f, level); len(p.DominatedBy)+len(p.Rivals) > 0 {
			t.Errorf("%s costs what the others do, and is dominated by %v, rivals %+v", level, p.DominatedBy, p.Rivals)
		}
	}
	// As good as the same in CPU, and surely fewer bytes; so few requests that there is no p95 to look at.
	s = verdicttest.Default(3)
	s.Effect, s.SlotSD, s.LaunchSD, s.PerSlot = map[string]float64{"metrics": 0.1, "logs": 0.103, "full": 0.103}, 0.01, 0.001, 3
	d = verdicttest.Build(s)
	diagnose(d, "profile-attribute-missing", "metrics")
	f = frontier(t, d)
	for _, level := range []string{"logs", "full"} {
		p := point(t, f, level)
		if e := cost(t, p.Costs, "p95"); e.Rounds > 0 || fmt.Sprint(p.DominatedBy) != "[metrics]" {
			t.Errorf("%s is dominated by %v, rivals %+v; p95 has %d rounds", level, p.DominatedBy, p.Rivals, e.Rounds)
		}
	}
	// Cheaper, but it misses what the dear one diagnoses.
	s = verdicttest.Default(3)
	s.Effect = steep
	if p := point(t, frontier(t, verdicttest.Build(s)), "full"); len(p.DominatedBy)+len(p.Rivals) > 0 {
		t.Errorf("full diagnoses what no cheaper one does, and is dominated by %v, rivals %+v", p.DominatedBy, p.Rivals)
	}
}

// Levels that cost the same are not told apart.
func TestPickTellsWhatItCannotTell(t *testing.T) {
	s := verdicttest.Default(2)
	s.Effect = map[string]float64{"metrics": 0.1, "logs": 0.1, "full": 0.1}
	d := verdicttest.Build(s)
	f := frontier(t, d)
	c := f.Choices[0].Diagnoses
	if c.Any != 1 || c.Caught != 1 || len(c.Like) != 1 || c.Level == c.Like[0] {
		t.Errorf("logs and full diagnose the same fault at the same cost: %+v", c)
	}
}

// Groups of faults have choices of their own.
func TestChoicesByGroup(t *testing.T) {
	d := verdicttest.Data(1)
	for i, group := range []string{"controls", "data", "model", "stream"} {
		d.Run.Faults[i].Group = group
	}
	f := frontier(t, d)
	got := ""
	for _, c := range f.Choices {
		got += fmt.Sprintf("%s %d %v %v; ", c.Group, c.Faults, c.Detects, c.Diagnoses)
	}
	want := " 3 {metrics 3 3 []} {logs 1 1 []}; data 1 {metrics 1 1 []} {logs 1 1 []}; model 1 {metrics 1 1 []} { 0 0 []}; stream 1 {off 1 1 []} { 0 0 []}; "
	if got != want {
		t.Errorf("choices\n%s\nwant\n%s", got, want)
	}
	d.Run.Faults[2].Skipped, d.Run.Faults[3].Skipped = "not here", "not here"
	if f := frontier(t, d); len(f.Choices) != 1 || f.Choices[0].Group != "" || f.Choices[0].Faults != 1 {
		t.Errorf("one kind alone is all: %+v", f.Choices)
	}
}

// Half a run has half a frontier, and says so.
func TestFrontierOfHalfARun(t *testing.T) {
	s := verdicttest.Default(1)
	s.Catch = false
	if f := analyze(t, verdicttest.Build(s)).Frontier; f != nil {
		t.Errorf("without a catch: %+v", f)
	}
	s = verdicttest.Default(1)
	s.Launches = 0
	f := frontier(t, verdicttest.Build(s))
	if f.Lacks == "" || len(f.Metrics) > 0 || f.By.ID != "" || point(t, f, "metrics").Catch.Detected.Yes != 3 {
		t.Errorf("without a toll: %+v", f)
	}
	c := f.Choices[0]
	if c.Detects.Level != "metrics" || c.Diagnoses.Level != "logs" || c.Step != nil {
		t.Errorf("without a toll the first level in order is chosen: %+v", c)
	}
	d := verdicttest.Data(1) // nothing but the fault that is none
	d.Run.Faults = d.Run.Faults[:1]
	if f := analyze(t, d).Frontier; f != nil {
		t.Errorf("without a fault: %+v", f)
	}
}

// sampled is a run in which the level logs keeps one trace in ten and full keeps all, with the evidence of one fault in spans.
func sampled() *result.Data {
	d := verdicttest.Data(1)
	for i := range d.Run.Levels {
		l := &d.Run.Levels[i]
		switch l.Name {
		case "logs":
			l.Env["OTEL_TRACES_EXPORTER"], l.Env["OTEL_TRACES_SAMPLER"], l.Env["OTEL_TRACES_SAMPLER_ARG"] = "otlp", "parentbased_traceidratio", "0.1"
		case "full":
			l.Env["OTEL_TRACES_SAMPLER"] = "parentbased_always_on"
		}
	}
	var start time.Time
	for i := range d.Run.Faults {
		if d.Run.Faults[i].ID == "profile-attribute-missing" {
			d.Run.Faults[i].Evidence = "spans: perso.reason=attribute-missing"
		}
	}
	for i := range d.Faults {
		e := &d.Faults[i]
		if e.Fault != "profile-attribute-missing" {
			continue
		}
		if e.Phase == result.PhaseSettle {
			start = e.Time
		}
		if e.Phase == result.PhaseEvidence {
			e.Time = start.Add(29 * time.Second)
			e.Values["fault"] = map[string]float64{"full": 12, "logs": 1}[e.Arm]
		}
	}
	return d
}

func TestSampling(t *testing.T) {
	f := frontier(t, sampled())
	if len(f.Sampling) != 1 || f.Sampling[0].From != "full" || len(f.Sampling[0].Levels) != 1 {
		t.Fatalf("sampling: %+v", f.Sampling)
	}
	s := f.Sampling[0]
	l := s.Levels[0]
	// 15 s of 40 requests, 12 of which showed the fault.
	if math.Abs(s.Shows.Mid-12./600) > 1e-12 || !(s.Shows.Lo < 0.0125 && s.Shows.Hi > 0.03) {
		t.Errorf("shows in %+v of the requests, want 0.02", s.Shows)
	}
	need := math.Log(0.05) / math.Log(1-0.1*0.02)
	if l.Level != "logs" || l.Kept != 0.1 || l.Requests != 600 || l.Found != 1 || l.Passes != 1 || l.Diagnosed != 1 || math.Abs(l.Need.Mid-need) > 1e-6 ||
		math.Abs(l.Seconds.Mid-need/40) > 1e-6 || math.Abs(l.Chance-(1-math.Pow(0.998, 600))) > 1e-9 || !(l.Need.Lo < need && need < l.Need.Hi) {
		t.Errorf("at one trace in ten: %+v, want %v requests", l, need)
	}
	if !math.IsNaN(l.First) {
		t.Errorf("the first trace is not known, and came after %v s", l.First)
	}
	// Three faults were judged at logs; the evidence of the others is not in spans.
	if p := point(t, f, "logs"); math.Abs(p.Predicted-l.Chance/3) > 1e-9 {
		t.Errorf("predicted %v of the faults, want %v", p.Predicted, l.Chance/3)
	}
	if p := point(t, f, "full"); !math.IsNaN(p.Predicted) {
		t.Errorf("full samples nothing away, and %v is predicted of it", p.Predicted)
	}
}

// A run that counts traces and keeps the time of the first is told by these.
func TestSamplingByTraces(t *testing.T) {
	d := sampled()
	for i := range d.Faults {
		if e := &d.Faults[i]; e.Phase == result.PhaseEvidence && e.Fault == "profile-attribute-missing" {
			e.Values["traces"], e.Since = map[string]float64{"full": 6, "logs": 1}[e.Arm], e.Time.Add(-5*time.Second) // 24 s after the start
		}
	}
	s := frontier(t, d).Sampling[0]
	if l := s.Levels[0]; math.Abs(s.Shows.Mid-6./600) > 1e-12 || math.Abs(l.First-9.8) > 1e-9 { // confirmed after 14.2 s
		t.Errorf("shows in %+v, the first trace after %v s; want 0.01, 9.8", s.Shows, l.First)
	}
}

// Where another part chooses the traces, no ratio is known; and where nothing was found nothing can be predicted.
func TestNoSampling(t *testing.T) {
	for name, change := range map[string]func(d *result.Data){
		"the Collector chooses": func(d *result.Data) { d.Run.Levels[2].Env["PERSO_TAIL_SAMPLING"] = "errors,share=0.1" },
		"another sampler":       func(d *result.Data) { d.Run.Levels[2].Env["OTEL_TRACES_SAMPLER"] = "jaeger_remote" },
		"no traces":             func(d *result.Data) { d.Run.Levels[2].Env["OTEL_TRACES_EXPORTER"] = "none" },
		"evidence in logs": func(d *result.Data) {
			for i := range d.Run.Faults {
				d.Run.Faults[i].Evidence = "logs: perso.reason=attribute-missing"
			}
		},
		"nothing found": func(d *result.Data) {
			for _, e := range d.Faults {
				if e.Phase == result.PhaseEvidence {
					e.Values["fault"] = 0
				}
			}
		},
	} {
		d := sampled()
		change(d)
		if f := frontier(t, d); len(f.Sampling) > 0 {
			t.Errorf("%s: %+v", name, f.Sampling)
		}
	}
}
