package otelenv

import "testing"

// FuzzCheck: no value makes the check panic, and what is said names its variable.
func FuzzCheck(f *testing.F) {
	for _, seed := range [][2]string{
		{"OTEL_TRACES_SAMPLER_ARG", "1e999"}, {"OTEL_BSP_MAX_QUEUE_SIZE", "-9223372036854775808"}, {"OTEL_RESOURCE_ATTRIBUTES", "a=%zz,b"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1"}, {"OTEL_PROPAGATORS", ",,"}, {"OTEL_BSP_SCHEDULE_DELAY", "99999999999999999999"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		env := map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", name: value}
		for _, reader := range []Reader{Stack, System} {
			for _, finding := range Check(env, reader) {
				if finding.Variable == "" || finding.Rule == "" {
					t.Errorf("%s=%q: %+v", name, value, finding)
				}
			}
		}
		if share, known := Sampled(env); known && !(share >= 0 && share <= 1) {
			t.Errorf("%s=%q: a share of %v", name, value, share)
		}
		for _, s := range Signals() {
			s.State(env)
		}
	})
}
