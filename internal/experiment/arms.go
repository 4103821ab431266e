package experiment

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Names of the control arms.
const (
	RepeatArm = "baseline-again"
	DelayArm  = "known-delay"
)

// TollArms are the arms of the toll phase: the baseline, its repetition, the known delay, and the other levels. Each but
// the two controls is named after its level.
func (e *Experiment) TollArms() []result.Arm {
	base := e.Levels[0].Name
	arms := []result.Arm{
		{Name: base, Level: base, Role: result.RoleBaseline},
		{Name: RepeatArm, Level: base, Role: result.RoleRepeat},
		{Name: DelayArm, Level: base, Role: result.RoleKnownDelay, Delay: e.Toll.KnownDelay, Held: e.Journeys.Script == ""},
	}
	for _, l := range e.Levels[1:] {
		arms = append(arms, result.Arm{Name: l.Name, Level: l.Name, Role: result.RoleLevel})
	}
	return arms
}

// catchArms are the arms of the catch phase: one per level.
func (e *Experiment) catchArms() []result.Arm {
	arms := make([]result.Arm, len(e.Levels))
	for i, l := range e.Levels {
		arms[i] = result.Arm{Name: l.Name, Level: l.Name, Role: result.RoleLevel}
	}
	arms[0].Role = result.RoleBaseline
	return arms
}

// CatchArms are the arms of the catch phase, ready to be deployed: one per level.
func (e *Experiment) CatchArms() []testenv.ArmSpec {
	return e.Specs(e.catchArms(), e.Telemetry.CatchMetricInterval)
}

// CatchLaunches are the levels of each launch of the catch: as few launches as catch.at_once allows, of about as many levels each, and
// all of that catch.launches times. With few levels at once, a machine with few cores does not take the queues of its own processes
// for faults.
func (e *Experiment) CatchLaunches() [][]string {
	var names []string
	for _, l := range e.Levels {
		names = append(names, l.Name)
	}
	n := 1
	if e.Catch.AtOnce > 0 {
		n = max(1, (len(names)+e.Catch.AtOnce-1)/e.Catch.AtOnce)
	}
	var out [][]string
	for range max(1, e.Catch.Launches) {
		for i := range n {
			out = append(out, names[i*len(names)/n:(i+1)*len(names)/n])
		}
	}
	return out
}

// EarlierLaunches is in how many launches of the catch the levels of one were before.
func (e *Experiment) EarlierLaunches(launch int) int {
	return launch / (len(e.CatchLaunches()) / max(1, e.Catch.Launches))
}

// CapacityArms are the arms of the capacity phase: those of the toll but for the known delay, which has no truth to tell here.
func (e *Experiment) CapacityArms() []result.Arm {
	return slices.DeleteFunc(e.TollArms(), func(a result.Arm) bool { return a.Role == result.RoleKnownDelay })
}

// Specs adds each arm's environment variables: those that are alike in every level, then the level's own.
func (e *Experiment) Specs(arms []result.Arm, interval time.Duration) []testenv.ArmSpec {
	levels := map[string]map[string]string{}
	for _, l := range e.Levels {
		levels[l.Name] = l.Env
	}
	specs := make([]testenv.ArmSpec, len(arms))
	for i, arm := range arms {
		env := map[string]string{
			batchDelayOfSpans: milliseconds(e.Telemetry.BatchDelay),
			batchDelayOfLogs:  milliseconds(e.Telemetry.BatchDelay),
			exportInterval:    milliseconds(interval),
		}
		maps.Copy(env, levels[arm.Level])
		specs[i] = testenv.ArmSpec{Arm: arm, Env: env}
	}
	return specs
}

// The variables of OpenTelemetry's SDKs that say how often telemetry leaves, in ms.
const (
	batchDelayOfSpans = "OTEL_BSP_SCHEDULE_DELAY"
	batchDelayOfLogs  = "OTEL_BLRP_SCHEDULE_DELAY"
	exportInterval    = "OTEL_METRIC_EXPORT_INTERVAL"
)

// exportLimits are the variables of OpenTelemetry's SDKs that say how long an export may take, in ms, and their defaults; 0: that of
// another one of them.
//
// Source: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter".
var exportLimits = map[string]time.Duration{
	"OTEL_BSP_EXPORT_TIMEOUT":            30 * time.Second,
	"OTEL_BLRP_EXPORT_TIMEOUT":           30 * time.Second,
	"OTEL_METRIC_EXPORT_TIMEOUT":         30 * time.Second,
	"OTEL_EXPORTER_OTLP_TIMEOUT":         10 * time.Second,
	"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT":  0,
	"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": 0,
	"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT":    0,
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
