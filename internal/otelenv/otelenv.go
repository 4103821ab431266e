// Package otelenv reads the OTEL_* environment variables of an instrumentation level as the OpenTelemetry specification
// reads them: what they switch on, how much of it, and which values mean something else than they seem to.
//
// Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
package otelenv

import (
	"slices"
	"strconv"
	"strings"
)

// Variables that other packages name.
const (
	SDKDisabled        = "OTEL_SDK_DISABLED"
	ServiceName        = "OTEL_SERVICE_NAME"
	ResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"
	Sampler            = "OTEL_TRACES_SAMPLER"
	SamplerArg         = "OTEL_TRACES_SAMPLER_ARG"
	Propagators        = "OTEL_PROPAGATORS"
)

// Signal is one kind of telemetry, by its name in the variables.
type Signal string

// Signals in the order in which they are named to people.
const (
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
	Logs    Signal = "logs"
)

// Signals returns all of them.
func Signals() []Signal { return []Signal{Traces, Metrics, Logs} }

// Exporter is the variable with the exporters of the signal.
func (s Signal) Exporter() string { return "OTEL_" + strings.ToUpper(string(s)) + "_EXPORTER" }

// State is what a level's variables say about one signal.
type State string

// States of a signal.
const (
	Unset     State = "unset"     // they say nothing: the SDK's default holds, which for the specification is OTLP
	Off       State = "off"       // it is not exported
	OTLP      State = "otlp"      // it is exported by OTLP
	Elsewhere State = "elsewhere" // it is exported, but not by OTLP: to the console, or for a Prometheus that scrapes
)

// State returns what the variables of a level say about a signal.
func (s Signal) State(env map[string]string) State {
	if Disabled(env) {
		return Off
	}
	if sampler := strings.ToLower(env[Sampler]); s == Traces && (sampler == "always_off" || sampler == "parentbased_always_off") {
		return Off
	}
	if s == Traces {
		if share, known := Sampled(env); known && share == 0 {
			return Off
		}
	}
	exporters := list(env[s.Exporter()])
	switch {
	case len(exporters) == 0:
		return Unset
	case slices.Contains(exporters, "otlp"):
		return OTLP
	case !slices.ContainsFunc(exporters, func(e string) bool { return e != "none" }):
		return Off
	default:
		return Elsewhere
	}
}

// Disabled reports whether the variables switch the SDK off. Only the word true does, in upper or lower case.
func Disabled(env map[string]string) bool { return strings.EqualFold(env[SDKDisabled], "true") }

// Sampled returns the share of traces without a parent that the variables let the SDK keep. It is not known when they name no
// sampler, or one whose share lies elsewhere, such as jaeger_remote.
func Sampled(env map[string]string) (share float64, known bool) {
	switch strings.TrimPrefix(strings.ToLower(env[Sampler]), "parentbased_") {
	case "always_on":
		return 1, true
	case "always_off":
		return 0, true
	case "traceidratio":
		share, err := strconv.ParseFloat(env[SamplerArg], 64)
		if err != nil || !(share >= 0 && share <= 1) {
			return 1, true // what the specification has a reader do with an argument that is missing or no ratio
		}
		return share, true
	default:
		return 0, false
	}
}

// list splits a list of names, in lower case and without empty ones.
func list(text string) []string {
	var out []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.ToLower(strings.TrimSpace(part)); part != "" {
			out = append(out, part)
		}
	}
	return out
}
