// Package collector is the configuration of the OpenTelemetry Collector of one arm: what it takes, what it derives,
// what it keeps, and where it sends it. The process environment runs the Collector as a library with it, the containers
// environment the standard image.
package collector

import (
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Signals of telemetry, as the Collector calls them.
const (
	Traces  = "traces"
	Logs    = "logs"
	Metrics = "metrics"
)

// ArmAttribute is the resource attribute that tells the arms apart in back ends that they share.
const ArmAttribute = "tollgate.arm"

// Config says what one arm's Collector does. HTTP, GRPC and Prometheus are needed, the rest is optional.
type Config struct {
	HTTP, GRPC  string   // where it takes OTLP, host:port
	GRPCMeter   string   // id of an extension that measures gRPC messages; the library has one, the image has none: ""
	Prometheus  string   // URL at which the arm's Prometheus takes metrics by OTLP
	Dir, Arm    string   // spans and log records are kept in Dir/ARM.spans.jsonl and Dir/ARM.logs.jsonl; Dir "": counted and dropped
	Tail        *Tail    // tail sampling of traces; nil: every span that arrives is kept
	Backends    []Target // where signals go besides
	SelfMetrics string   // where its metrics about itself can be scraped, host:port (image only); "": nowhere
	Health      string   // where it says at / whether it works, host:port (image only); "": nowhere
}

// object is a mapping of the configuration file, list a sequence.
type (
	object = map[string]any
	list   = []any
)

// YAML is the Collector's configuration file, the same for the same Config. An error names what is missing, or a back end
// that does not exist.
//
// Spans and log records come batched by the SDKs and go on at once; metrics of all services are gathered for a moment,
// since each request to Prometheus has its price. The timer of a batch runs even when nothing comes, which is another
// reason not to have three of 50 ms. What the Collector derives from spans is derived after tail sampling: a back end
// would see no more.
func (c Config) YAML() ([]byte, error) {
	if c.HTTP == "" || c.GRPC == "" || c.Prometheus == "" {
		return nil, errors.New("collector: HTTP, GRPC and Prometheus must be set")
	}
	targets, err := exporters(c.Backends)
	if err != nil {
		return nil, err
	}
	var host, port string
	if c.SelfMetrics != "" {
		if host, port, err = net.SplitHostPort(c.SelfMetrics); err != nil {
			return nil, fmt.Errorf("collector: SelfMetrics must be host:port, got %q", c.SelfMetrics)
		}
	}
	f := c.basis(len(targets) > 0)
	if c.Dir != "" {
		f.add(exporter{"file/spans", []string{Traces}, c.keep("spans")})
		f.add(exporter{"file/logs", []string{Logs}, c.keep("logs")})
	}
	for _, e := range targets {
		f.add(e)
	}
	if c.SelfMetrics != "" {
		f.Service.Telemetry = selfTelemetry(host, port)
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("collector: configuration: %w", err)
	}
	return text, nil
}

// basis is the configuration but for the exporters that a Config may have or not. In back ends that are shared, the arm's name
// tells whose telemetry it is.
func (c Config) basis(shared bool) *file {
	f := &file{
		Receivers:  object{"otlp": object{"protocols": c.protocols()}},
		Extensions: c.extensions(),
		Processors: object{
			"memory_limiter": object{"check_interval": "1s", "limit_mib": 256, "spike_limit_mib": 64},
			"batch":          object{"timeout": "0s"},
			"batch/metrics":  object{"timeout": "100ms", "send_batch_size": 4096},
		},
		Connectors: object{"count": object{"logs": logCounts(), "spans": spanCounts()}},
		Exporters:  object{"otlp_http": c.prometheus()},
	}
	before := []string{"memory_limiter"}
	if shared && c.Arm != "" {
		before = append(before, "resource/arm")
		f.Processors["resource/arm"] = object{"attributes": list{object{"key": ArmAttribute, "value": literal(c.Arm), "action": "upsert"}}}
	}
	f.Service.Extensions = sortedKeys(f.Extensions)
	f.Service.Pipelines = map[string]*pipeline{
		Traces:  {Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "batch"), Exporters: []string{"count"}},
		Logs:    {Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "batch"), Exporters: []string{"count"}},
		Metrics: {Receivers: []string{"otlp", "count"}, Processors: append(slices.Clone(before), "batch/metrics"), Exporters: []string{"otlp_http"}},
	}
	if c.Tail != nil {
		c.Tail.into(f, before)
	}
	return f
}

// file is the configuration file.
type file struct {
	Receivers  object `yaml:"receivers"`
	Extensions object `yaml:"extensions,omitempty"`
	Processors object `yaml:"processors"`
	Connectors object `yaml:"connectors"`
	Exporters  object `yaml:"exporters"`
	Service    struct {
		Extensions []string             `yaml:"extensions,omitempty"`
		Telemetry  object               `yaml:"telemetry,omitempty"`
		Pipelines  map[string]*pipeline `yaml:"pipelines"`
	} `yaml:"service"`
}

type pipeline struct {
	Receivers  []string `yaml:"receivers"`
	Processors []string `yaml:"processors"`
	Exporters  []string `yaml:"exporters"`
}

// exporter is one exporter and the signals that go to it.
type exporter struct {
	id      string
	signals []string
	config  object
}

// add configures an exporter and puts it at the end of the pipelines of its signals.
func (f *file) add(e exporter) {
	f.Exporters[e.id] = e.config
	for name, p := range f.Service.Pipelines {
		if signal, _, _ := strings.Cut(name, "/"); slices.Contains(e.signals, signal) {
			p.Exporters = append(p.Exporters, e.id)
		}
	}
}

// protocols is how telemetry comes in.
func (c Config) protocols() object {
	grpc := object{"endpoint": literal(c.GRPC)}
	if c.GRPCMeter != "" {
		grpc["middlewares"] = list{object{"id": c.GRPCMeter}}
	}
	return object{"http": object{"endpoint": literal(c.HTTP)}, "grpc": grpc}
}

func (c Config) extensions() object {
	out := object{}
	if c.GRPCMeter != "" {
		out[c.GRPCMeter] = object{}
	}
	if c.Health != "" {
		out["health_check"] = object{"endpoint": literal(c.Health)}
	}
	return out
}

// prometheus is the way to the arm's Prometheus. One consumer empties the queue, so that the counts, which are deltas,
// arrive in their order.
func (c Config) prometheus() object {
	return object{
		"metrics_endpoint": literal(c.Prometheus),
		"compression":      "none",
		"sending_queue":    object{"num_consumers": 1, "queue_size": 1000},
		"retry_on_failure": retry(),
	}
}

// keep is the exporter to the file of a signal.
func (c Config) keep(signal string) object {
	return object{"path": literal(path.Join(c.Dir, c.Arm+"."+signal+".jsonl")), "append": true, "flush_interval": "500ms"}
}

// spanCount is the metric of spans that ended in default content.
const (
	spanCount            = "perso.span.fallbacks"
	spanCountDescription = "Spans that ended in default content."
)

// logCounts and spanCounts are the metrics that the Collector derives.
func logCounts() object {
	return object{"perso.log.records": object{
		"description": "Log records that give a reason.",
		"attributes":  list{object{"key": "service.name"}, object{"key": "perso.reason"}},
	}}
}

func spanCounts() object {
	return object{spanCount: object{
		"description": spanCountDescription,
		"conditions":  list{`span.attributes["perso.reason"] != "none" and span.attributes["perso.reason"] != ""`},
		"attributes":  list{object{"key": "perso.reason"}},
	}}
}

// retry gives up before the end of an arm would have to wait for it.
func retry() object {
	return object{"initial_interval": "100ms", "max_interval": "1s", "max_elapsed_time": "10s"}
}

// literal keeps a value from being taken for a reference to a variable.
func literal(value string) string { return strings.ReplaceAll(value, "$", "$$") }
