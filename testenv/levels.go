package testenv

import (
	"fmt"
	"maps"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Levels returns the shipped levels, the baseline first, in rising order of what they switch on. A level is a set of
// environment variables. Most are defined by the OpenTelemetry SDK, so that the same level configures a stack in any language.
// The variables of package role are our own: tail sampling is for the arm's Collector, and the two of the last level are for
// this stack.
func Levels() []result.Level {
	return []result.Level{
		{Name: "off", Title: "nothing: no SDK, no middleware on the request path", Env: map[string]string{
			otelenv.SDKDisabled: "true",
		}},
		{Name: "noop", Title: "instrumented, every exporter none, no span sampled", Env: signals("none", "none", "none", "always_off", "")},
		{Name: "metrics", Title: "metrics", Env: signals("otlp", "none", "none", "always_off", "")},
		{Name: "logs", Title: "metrics and structured logs", Env: signals("otlp", "otlp", "none", "always_off", "")},
		{Name: "traces-1", Title: "metrics, logs and 1 % of traces", Env: signals("otlp", "otlp", "otlp", "parentbased_traceidratio", "0.01")},
		{Name: "traces-10", Title: "metrics, logs and 10 % of traces", Env: signals("otlp", "otlp", "otlp", "parentbased_traceidratio", "0.1")},
		{Name: "tail", Title: "metrics, logs and all traces; the Collector keeps errors, slow ones and 10 %", Env: with(
			signals("otlp", "otlp", "otlp", "parentbased_always_on", ""),
			map[string]string{role.EnvTailSampling: "errors,slow=250ms,share=0.1"},
		)},
		{Name: "full", Title: "metrics, logs and all traces", Env: signals("otlp", "otlp", "otlp", "parentbased_always_on", "")},
		{Name: "debug", Title: "full, with debug logs and a metric label per item", Env: with(
			signals("otlp", "otlp", "otlp", "parentbased_always_on", ""),
			map[string]string{role.EnvLogLevel: "debug", role.EnvItemLabels: "true"},
		)},
	}
}

// Level returns the shipped level of that name; the error lists the legal ones.
func Level(name string) (result.Level, error) {
	var names []string
	for _, l := range Levels() {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return result.Level{}, fmt.Errorf("unknown level %q: legal levels are %s", name, strings.Join(names, ", "))
}

func signals(metrics, logs, traces, sampler, arg string) map[string]string {
	env := map[string]string{
		otelenv.Metrics.Exporter(): metrics,
		otelenv.Logs.Exporter():    logs,
		otelenv.Traces.Exporter():  traces,
		otelenv.Sampler:            sampler,
	}
	if arg != "" {
		env[otelenv.SamplerArg] = arg
	}
	return env
}

func with(env, more map[string]string) map[string]string {
	maps.Copy(env, more)
	return env
}
