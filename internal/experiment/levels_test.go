package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is legal and may surprise is said, and nothing else.
func TestNotes(t *testing.T) {
	const composed = "environment: external\nexternal: {compose: {file: compose.yaml, service: shop, port: 8080}}\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"the shipped levels", "levels: all", nil},
		{"a signal that goes elsewhere", composed + "levels: [off, {name: x, env: {OTEL_METRICS_EXPORTER: prometheus}}]", []string{"level x: variable OTEL_METRICS_EXPORTER"}},
		{"an address of the user", composed + "levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4318/v1/traces'}}]",
			[]string{"level x: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tollgate sets another value"}},
		{"an address that the user's own Prometheus watches", composed[:len(composed)-2] + ", prometheus: {x: {url: 'http://127.0.0.1:9090'}}}\n" +
			"levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4318/v1/traces'}}]", nil},
		{"a protocol", composed + "levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_PROTOCOL: grpc}}]", nil},
		{"deployments that run already", "environment: external\nexternal: {urls: {off: 'http://127.0.0.1:1', full: 'http://127.0.0.1:2'}}\nlevels: [off, full]",
			[]string{"external.urls: tollgate does not set"}},
	} {
		path := filepath.Join(t.TempDir(), "e.yaml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		notes := e.Notes()
		if len(notes) != len(c.want) {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(notes[i], want) {
				t.Errorf("%s: note %q, want %q", c.name, notes[i], want)
			}
		}
	}
}

// What our own services would refuse is refused before any of them starts; in a system of the user's own it is none of our business.
func TestOwnVariablesAreChecked(t *testing.T) {
	for name, value := range map[string]string{"PERSO_REFRESH": "soon", "PERSO_LOG_LEVEL": "loud", "PERSO_ITEM_LABELS": "yes"} {
		e, err := Profile("smoke")
		if err != nil {
			t.Fatal(err)
		}
		e.Levels[1].Env = map[string]string{name: value}
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), name+" must be") || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
		e.Environment = "external"
		if err := e.checkOwn(e.Levels[1].Env); err != nil {
			t.Errorf("external: %v", err)
		}
	}
}
