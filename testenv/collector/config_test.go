package collector

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// image is a configuration as the containers environment has it.
func image(backends ...Target) Config {
	return Config{
		HTTP: "0.0.0.0:4318", GRPC: "0.0.0.0:4317", Prometheus: "http://prometheus:9090/api/v1/otlp/v1/metrics",
		Dir: "/telemetry", Arm: "full", Run: "20260102-030405-pr", SelfMetrics: "0.0.0.0:8888", Health: "0.0.0.0:13133", Backends: backends,
	}
}

func TestYAML(t *testing.T) {
	everything := image(Target{Backend: "jaeger"}, Target{Backend: "zipkin", Address: "10.0.0.1:1234"}, Target{Backend: "otlp"})
	everything.Tail = &Tail{Errors: true, Slow: 250 * time.Millisecond, Share: 0.1}
	for _, tt := range []struct {
		golden string
		config Config
	}{
		{"library.yaml", Config{HTTP: "127.0.0.1:1", GRPC: "127.0.0.1:2", Wire: "wire", Token: "0123456789ABCDEF", Prometheus: "http://127.0.0.1:3/", Arm: "full"}},
		{"image.yaml", everything},
		{"changed.yaml", Config{HTTP: "127.0.0.1:1", GRPC: "127.0.0.1:2", Prometheus: "http://127.0.0.1:3/", Change: Change{
			Queue: 2, HoldLogs: "10s", CountBy: "session.id", DropMetric: "perso.decisions",
		}}},
	} {
		got, err := tt.config.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := tt.config.YAML(); !bytes.Equal(again, got) {
			t.Errorf("%s: not the same twice", tt.golden)
		}
		file := filepath.Join("testdata", tt.golden)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: differs from the golden file (go test -update rewrites it):\n%s", tt.golden, got)
		}
	}
}

// TestStandstill: an export that is under way when the Collector is stopped is not given up, whatever it is sent to.
func TestStandstill(t *testing.T) {
	limits := func(standstill time.Duration) map[string][2]string {
		c := image(Target{Backend: "jaeger"}, Target{Backend: "zipkin"})
		c.LogsTo, c.Standstill = "http://receiver:8080/full/v1/logs", standstill
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Exporters map[string]struct {
				Timeout string
				Retry   struct {
					MaxElapsed string `yaml:"max_elapsed_time"`
				} `yaml:"retry_on_failure"`
			}
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		out := map[string][2]string{}
		for id, e := range file.Exporters {
			out[id] = [2]string{e.Timeout, e.Retry.MaxElapsed}
		}
		return out
	}
	never, minute := limits(0), limits(time.Minute)
	for _, id := range []string{"otlp_http", "otlp_http/receiver", "otlp_grpc/jaeger", "zipkin/zipkin"} {
		if never[id] != [2]string{"", "10s"} || minute[id] != [2]string{"1m30s", "1m10s"} {
			t.Errorf("%s: %q, %q with a standstill of a minute", id, never[id], minute[id])
		}
	}
	if id := "file/spans"; minute[id] != never[id] {
		t.Errorf("%s: %q", id, minute[id])
	}
}

func TestYAMLRefuses(t *testing.T) {
	noPort := image()
	noPort.SelfMetrics = "localhost"
	for _, tt := range []struct {
		config Config
		want   string
	}{
		{Config{HTTP: "a:1", GRPC: "a:2"}, "HTTP, GRPC and Prometheus must be set"},
		{noPort, `SelfMetrics must be host:port, got "localhost"`},
		{image(Target{Backend: "splunk"}), `unknown back end "splunk": legal back ends are jaeger, zipkin, tempo, grafana, elasticsearch, clickhouse, otlp`},
		{image(Target{Backend: "jaeger", Signals: []string{Logs}}), `back end jaeger: unknown signal "logs": it takes traces`},
		{image(Target{Backend: "otlp"}, Target{Backend: "otlp", Address: "http://a"}), "back end otlp is listed twice"},
	} {
		if _, err := tt.config.YAML(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want it to contain %q", err, tt.want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"zipkin":                          {Backend: "zipkin"},
		"tempo=10.0.0.1:4317":             {Backend: "tempo", Address: "10.0.0.1:4317"},
		"otlp:traces+logs=https://a/b?c=": {Backend: "otlp", Address: "https://a/b?c=", Signals: []string{Traces, Logs}},
	} {
		if got, err := ParseTarget(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"splunk":        `unknown back end "splunk": legal back ends are jaeger, `,
		"jaeger:":       `back end jaeger: unknown signal "": it takes traces`,
		"jaeger:logs=a": `unknown signal "logs"`,
		"jaeger=":       `want NAME=ADDRESS, or NAME alone`,
	} {
		if got, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

// A target may take fewer signals than its back end; an exporter without a signal is left out.
func TestSignals(t *testing.T) {
	some, err := exporters([]Target{{Backend: "grafana", Signals: []string{Logs, Traces}}, {Backend: "otlp", Signals: []string{Logs}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range some {
		got = append(got, e.id+" "+strings.Join(e.signals, ","))
	}
	if want := []string{"otlp_http/grafana-tempo traces", "otlp_http/grafana-loki logs", "otlp_http/otlp logs"}; !slices.Equal(got, want) {
		t.Errorf("exporters %q, want %q", got, want)
	}
}

// A dollar sign in a value does not refer to a variable.
func TestDollar(t *testing.T) {
	c := image(Target{Backend: "jaeger", Address: "${env:HOME}:1"})
	c.Dir = "/$HOME"
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/$$HOME/full.spans.jsonl", "$${env:HOME}:1"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// Every back end gets the signals that it takes, from an exporter that exists and has a name of its own.
func TestBackends(t *testing.T) {
	ids := map[string]bool{}
	for _, b := range Backends() {
		for _, address := range []string{b.Address, "http://10.1.2.3:99"} {
			var signals []string
			for _, e := range b.exporters(address) {
				signals = append(signals, e.signals...)
				if ids[e.id+address] {
					t.Errorf("%s: exporter %s is there twice", b.Name, e.id)
				}
				ids[e.id+address] = true
			}
			if !slices.Equal(signals, b.Signals) {
				t.Errorf("%s: exporters take %v, want %v", b.Name, signals, b.Signals)
			}
		}
		var file struct {
			Exporters map[string]any
			Service   struct {
				Pipelines map[string]struct{ Exporters []string }
			}
		}
		text, err := image(Target{Backend: b.Name}).YAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, p := range file.Service.Pipelines {
			for _, id := range p.Exporters {
				used[id] = true
			}
		}
		delete(used, "count") // a connector, as is the next
		delete(used, "count/all")
		if got, want := slices.Sorted(maps.Keys(used)), sortedKeys(file.Exporters); !slices.Equal(got, want) {
			t.Errorf("%s: pipelines use %v, configured are %v", b.Name, got, want)
		}
	}
}

func TestChangeIsChecked(t *testing.T) {
	for _, bad := range []Change{
		{Queue: -1}, {Queue: 1001}, {HoldLogs: "soon"}, {HoldLogs: "-1s"}, {HoldLogs: "1h"}, {CountBy: `a" or "b`}, {DropMetric: "perso${env:HOME}"},
	} {
		config := Config{HTTP: "127.0.0.1:1", GRPC: "127.0.0.1:2", Prometheus: "http://127.0.0.1:3/", Change: bad}
		if _, err := config.YAML(); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
