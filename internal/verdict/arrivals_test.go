package verdict

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
)

// come is what one arm sent and what arrived of it.
type come struct {
	arm       string
	phase     string // "": toll
	sent      int64
	failed    int64
	telemetry result.Telemetry
}

func TestTelemetryArrives(t *testing.T) {
	type env = map[string]string
	off := env{otelenv.SDKDisabled: "true"}
	on := func(sampler, arg string) env {
		e := env{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", otelenv.Sampler: sampler}
		if arg != "" {
			e[otelenv.SamplerArg] = arg
		}
		return e
	}
	all := func(roots int64) result.Telemetry {
		return result.Telemetry{Spans: 5 * roots, Roots: roots, DataPoints: 100, LogRecords: 100, ActiveSeries: 9}
	}
	for _, c := range []struct {
		name     string
		external bool
		base     env
		level    env
		slots    []come
		wrong    []string // parts of what was seen; none: the control holds
	}{
		{"as ordered", false, off, on("parentbased_always_on", ""), []come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: all(500)}}, nil},
		{"a tenth", false, off, on("parentbased_traceidratio", "0.1"), []come{{arm: "base", sent: 5000}, {arm: "level", sent: 5000, telemetry: all(468)}}, nil},
		{"the sampler is not read", false, off, on("parentbased_traceidratio", "0.1"), []come{{arm: "base", sent: 5000}, {arm: "level", sent: 5000, telemetry: all(5000)}},
			[]string{"level level: traces: expected traces of about 500 of 5000 requests (parentbased_traceidratio 0.1), 5000 traces arrived"}},
		{"spans are lost", false, off, on("parentbased_always_on", ""), []come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: all(300)}}, []string{"about 500 of 500", "300 traces"}},
		{"one in a hundred of few requests", false, off, on("parentbased_traceidratio", "0.01"),
			[]come{{arm: "base", sent: 200}, {arm: "level", sent: 200, telemetry: result.Telemetry{DataPoints: 9, LogRecords: 9}}}, nil},
		{"one in a hundred of many requests", false, off, on("parentbased_traceidratio", "0.01"),
			[]come{{arm: "base", sent: 20_000}, {arm: "level", sent: 20_000, telemetry: result.Telemetry{DataPoints: 9, LogRecords: 9}}}, []string{"traces: expected traces of about 200 of 20000 requests", "none arrived"}},
		{"traces go elsewhere", true, off, on("parentbased_always_on", ""),
			[]come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: result.Telemetry{DataPoints: 9, LogRecords: 9}}}, []string{"level level: traces:", "none arrived"}},
		{"logs and metrics go elsewhere", true, off, on("parentbased_always_on", ""),
			[]come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 900, Roots: 500}}}, []string{"metrics: expected some, none arrived", "logs: expected some, none arrived"}},
		{"an SDK that is not disabled", true, off, on("always_on", ""), []come{{arm: "base", sent: 500, telemetry: all(500)}, {arm: "level", sent: 500, telemetry: all(500)}},
			[]string{"level base: traces: expected none, 2500 spans arrived", "level base: metrics: expected none", "level base: logs: expected none"}},
		{"a baseline that says nothing", true, env{}, on("always_on", ""), []come{{arm: "base", sent: 500, telemetry: all(500)}, {arm: "level", sent: 500, telemetry: all(500)}},
			[]string{"level base: traces: the baseline says nothing about them, and 2500 spans arrived"}},
		{"a baseline with metrics", true, env{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}, on("always_on", ""),
			[]come{{arm: "base", sent: 500, telemetry: result.Telemetry{DataPoints: 100}}, {arm: "level", sent: 500, telemetry: all(500)}}, nil},
		{"a level that says nothing", true, off, env{}, []come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: all(0)}}, nil},
		{"the defaults of our own stack", false, off, env{}, []come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 9, Roots: 9}}},
			[]string{"about 500 of 500", "metrics: expected some"}},
		{"a sampler in the system's own files", true, off, env{"OTEL_TRACES_EXPORTER": "otlp"}, []come{{arm: "base", sent: 500}, {arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 9, Roots: 9}}}, nil},
		{"a signal for somebody else", true, off, env{"OTEL_METRICS_EXPORTER": "prometheus"}, []come{{arm: "base", sent: 500, telemetry: result.Telemetry{ActiveSeries: 5}}, {arm: "level", sent: 500}}, nil},
		{"a pipeline that does not count traces", false, off, on("parentbased_traceidratio", "0.1"),
			[]come{{arm: "base", sent: 5000}, {arm: "level", sent: 5000, telemetry: result.Telemetry{Spans: 2500, DataPoints: 9, LogRecords: 9}}}, nil},
		{"too few spans for that", false, off, on("parentbased_traceidratio", "0.1"),
			[]come{{arm: "base", sent: 5000}, {arm: "level", sent: 5000, telemetry: result.Telemetry{Spans: 100, DataPoints: 9, LogRecords: 9}}}, []string{"100 spans arrived"}},
		{"faults lose traces", false, off, on("always_on", ""), []come{{arm: "level", phase: slot.Catch, sent: 500, failed: 400, telemetry: all(100)}, {arm: "base", phase: slot.Catch, sent: 500}}, nil},
		{"nothing arrives while faults are injected", false, off, on("always_on", ""), []come{{arm: "level", phase: slot.Catch, sent: 500, telemetry: result.Telemetry{ActiveSeries: 9}}}, []string{"level level: traces", "metrics"}},
		{"nothing to log", false, off, on("always_on", ""), []come{{arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 900, Roots: 500, DataPoints: 9}}}, nil},
		{"logs that the other level has", false, on("always_on", ""), on("always_on", ""), []come{{arm: "base", sent: 500, telemetry: all(500)},
			{arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 900, Roots: 500, DataPoints: 9}}}, []string{"level level: logs: expected some, none arrived"}},
		{"few logs at the other level", false, on("always_on", ""), on("always_on", ""), []come{{arm: "base", sent: 500, telemetry: result.Telemetry{Spans: 900, Roots: 500, DataPoints: 9, LogRecords: 3}},
			{arm: "level", sent: 500, telemetry: result.Telemetry{Spans: 900, Roots: 500, DataPoints: 9}}}, nil},
		{"all requests fail", false, off, on("always_on", ""), []come{{arm: "level", sent: 500, failed: 500, telemetry: all(100)}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := result.Run{Environment: "process", Levels: []result.Level{{Name: "base", Env: c.base}, {Name: "level", Env: c.level}}}
			if c.external {
				run.Environment = "external"
			}
			var slots []result.Slot
			for _, s := range c.slots {
				phase := s.phase
				if phase == "" {
					phase = slot.Toll
				}
				slots = append(slots, result.Slot{Phase: phase, Arm: s.arm, Telemetry: s.telemetry, Work: slot.ArmReport{Sent: s.sent, Failed: s.failed}})
			}
			control, known := telemetryArrives(run, slots)
			if !known || control.OK != (len(c.wrong) == 0) {
				t.Fatalf("known %v: %+v", known, control)
			}
			for _, part := range c.wrong {
				if !strings.Contains(control.Saw, part) {
					t.Errorf("saw %q, which does not say %q", control.Saw, part)
				}
			}
		})
	}
	if _, known := telemetryArrives(result.Run{}, []result.Slot{{Phase: slot.Toll, Work: slot.ArmReport{Sent: 9}}}); known {
		t.Error("a run without any telemetry of ours is judged")
	}
}
