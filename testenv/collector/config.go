// Package collector is the configuration of the OpenTelemetry Collector of one arm: what it takes, what it derives, what it
// keeps, and where it sends. The process environment runs the Collector as a library with this configuration, and the
// containers environment runs the standard image with it.
package collector

import (
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Signals of telemetry, by the Collector's names.
const (
	Traces  = "traces"
	Logs    = "logs"
	Metrics = "metrics"
)

// ArmAttribute is the resource attribute that distinguishes the arms in back ends that they share.
const ArmAttribute = "tollgate.arm"

// Config says what one arm's Collector does. HTTP, GRPC and Prometheus are needed, the rest is optional.
type Config struct {
	HTTP, GRPC  string        // host:port at which it takes OTLP
	Wire        string        // id of the extension that stands before the receivers; "" with the image, which has none
	Token       string        // OTLP needs it, which Wire checks, and so does Prometheus; "": both are open
	Prometheus  string        // URL at which the arm's Prometheus takes metrics by OTLP
	Dir, Arm    string        // spans and log records are kept in Dir/ARM.spans.jsonl and Dir/ARM.logs.jsonl; Dir "": counted and dropped
	Run         string        // id of the run; "": it belongs to none
	Tail        *Tail         // tail sampling of traces; nil: every span that arrives is kept
	Backends    []Target      // where signals go, too
	SelfMetrics string        // host:port at which its metrics about itself can be scraped (image only); "": nowhere
	Standstill  time.Duration // how long it may be stopped at once: what it exports meanwhile is not given up; 0: it never is
	Change      Change        // what an operator has changed since
	Health      string        // host:port whose path / says whether it works (image only); "": nowhere
	Version     string        // what Health answers while it works, so that others see which configuration it has; "": nothing
	LogsTo      string        // URL at which log records are taken by OTLP, too, so that their ages are measured there; "": nowhere
}

// object is a mapping of the configuration file, and list a sequence.
type (
	object = map[string]any
	list   = []any
)

// YAML returns the Collector's configuration file; it is the same for the same Config. An error names what is missing, or a
// back end that does not exist.
//
// The SDKs batch spans and log records, so the Collector passes them on at once. It gathers the metrics of all services for a
// moment, since each request to Prometheus costs something. The timer of a batch runs even when nothing comes, which is another
// reason not to have three timers of 50 ms. The Collector derives metrics from spans after tail sampling, so they count only
// what a back end sees.
func (c Config) YAML() ([]byte, error) {
	if c.HTTP == "" || c.GRPC == "" || c.Prometheus == "" {
		return nil, errors.New("collector: HTTP, GRPC and Prometheus must be set")
	}
	if c.Token != "" && c.Wire == "" {
		return nil, errors.New("collector: a token needs the extension that checks it")
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
	if err := c.Change.Check(); err != nil {
		return nil, fmt.Errorf("collector: change: %w", err)
	}
	f := c.basis(len(targets) > 0)
	if c.Dir != "" {
		f.add(exporter{"file/spans", []string{Traces}, c.keep("spans")})
		f.add(exporter{"file/logs", []string{Logs}, c.keep("logs")})
	}
	for _, e := range targets {
		f.add(e)
	}
	if c.LogsTo != "" {
		f.add(exporter{"otlp_http/receiver", []string{Logs}, object{"logs_endpoint": literal(c.LogsTo), "compression": "none", "retry_on_failure": retry()}})
	}
	if c.SelfMetrics != "" {
		f.Service.Telemetry = selfTelemetry(host, port)
	}
	f.outlast(c.Standstill)
	c.Change.into(f)
	text, err := yaml.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("collector: configuration: %w", err)
	}
	return text, nil
}

// basis returns the configuration without the exporters that are optional in a Config. In shared back ends, the arm's name and
// the run's id say which arm of which run sent the telemetry, also where the Collector has derived it.
func (c Config) basis(shared bool) *file {
	f := &file{
		Receivers:  object{"otlp": object{"protocols": c.protocols()}},
		Extensions: c.extensions(),
		Processors: object{
			"memory_limiter": object{"check_interval": "1s", "limit_mib": 256, "spike_limit_mib": 64},
			"batch":          object{"timeout": "0s"},
			"batch/metrics":  object{"timeout": "100ms", "send_batch_size": 4096},
			arrival:          object{"metric_statements": arriving("")},
		},
		Connectors: object{"count": object{"logs": logCounts(), "spans": spanCounts()}, "count/all": object{"spans": allCounts(), "spanevents": notAgain()}},
		Exporters:  object{"otlp_http": c.prometheus()},
	}
	before := []string{"memory_limiter"}
	if shared && c.Arm != "" {
		before = append(before, "resource/arm")
		attributes := list{object{"key": ArmAttribute, "value": literal(c.Arm), "action": "upsert"}}
		if c.Run != "" {
			attributes = append(attributes, object{"key": role.RunAttribute, "value": literal(c.Run), "action": "upsert"})
		}
		f.Processors["resource/arm"] = object{"attributes": attributes}
	}
	f.Service.Extensions = sortedKeys(f.Extensions)
	f.Service.Pipelines = map[string]*pipeline{
		Traces:  {Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "batch"), Exporters: []string{"count", "count/all"}},
		Logs:    {Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "batch"), Exporters: []string{"count"}},
		Metrics: {Receivers: []string{"otlp", "count", "count/all"}, Processors: append(slices.Clone(before), arrival, "batch/metrics"), Exporters: []string{"otlp_http"}},
	}
	if c.Tail != nil {
		c.Tail.into(f, before)
	}
	return f
}

// arrival is the processor that gives the deltas their times.
const arrival = "transform/arrival"

// arriving returns the statements that give deltas that meet a condition the time at which they are made; "": all.
//
// A count of spans or log records bears the times of the first and the last of them. Prometheus refuses the count of an export, and
// what comes with it, if the export before ended in the same millisecond; it leaves the count out if the one before ended later, or
// if the first export of all began later. A service makes its exports one after the other, so their arrival has an order. The start
// is the time of the zero that Prometheus puts before the first count.
func arriving(condition string) list {
	where := " where metric.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA"
	if condition != "" {
		where += " and " + condition
	}
	return list{`set(datapoint.start_time, Now() - Duration("100ms"))` + where, `set(datapoint.time, Now())` + where}
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

// countedPart is the second part of the name of a pipeline that only counts.
const countedPart = "all"

// add configures an exporter and appends it to the pipelines of its signals.
func (f *file) add(e exporter) {
	f.Exporters[e.id] = e.config
	for name, p := range f.Service.Pipelines {
		if signal, part, _ := strings.Cut(name, "/"); part != countedPart && slices.Contains(e.signals, signal) {
			p.Exporters = append(p.Exporters, e.id)
		}
	}
}

// idle is how long a connection may do nothing: longer than any arm is parked.
const idle = "10m"

// protocols returns the protocols by which telemetry comes in.
func (c Config) protocols() object {
	http := object{
		"endpoint": literal(c.HTTP), "read_header_timeout": "5s", "read_timeout": "1m", "keepalive": object{"idle_timeout": idle},
	}
	grpc := object{
		"endpoint": literal(c.GRPC), "max_concurrent_streams": 100,
		"read_buffer_size": 32 << 10, // of every connection, also of one that never says who it is; the Collector's own is 512 KiB
		"keepalive":        object{"server_parameters": object{"max_connection_idle": idle}},
	}
	for _, protocol := range []object{http, grpc} {
		if c.Wire != "" {
			protocol["middlewares"] = list{object{"id": c.Wire}}
		}
		if c.Token != "" {
			protocol["auth"] = object{"authenticator": c.Wire}
		}
	}
	return object{"http": http, "grpc": grpc}
}

func (c Config) extensions() object {
	out := object{}
	if c.Wire != "" {
		out[c.Wire] = object{}
	}
	if c.Health != "" {
		check := object{"endpoint": literal(c.Health)}
		if c.Version != "" {
			check["response_body"] = object{"healthy": literal(c.Version)}
		}
		out["health_check"] = check
	}
	return out
}

// prometheus returns the exporter to the arm's Prometheus. A single consumer empties the queue: the counts are deltas and must
// arrive in order.
func (c Config) prometheus() object {
	out := object{
		"metrics_endpoint": literal(c.Prometheus),
		"compression":      "none",
		"sending_queue":    object{"num_consumers": 1, "queue_size": 1000},
		"retry_on_failure": retry(),
	}
	if c.Token != "" {
		out["headers"] = object{"Authorization": literal("Bearer " + c.Token)}
	}
	return out
}

// keep returns the exporter to the file of a signal.
func (c Config) keep(signal string) object {
	return object{"path": literal(path.Join(c.Dir, c.Arm+"."+signal+".jsonl")), "append": true, "flush_interval": "500ms"}
}

// spanCount is the metric of spans that ended in default content.
const (
	spanCount            = "perso.span.fallbacks"
	spanCountDescription = "Spans that ended in default content."
)

// logCount is the metric of log records that give a reason.
const logCount = "perso.log.records"

// logCounts and spanCounts are the metrics that the Collector derives.
func logCounts() object {
	return object{
		logCount: object{
			"description": "Log records that give a reason.",
			"attributes":  list{object{"key": "service.name"}, object{"key": "perso.reason"}},
		},
		"perso.log.redacted": object{
			"description": "Log records from which something was withheld.",
			"conditions":  list{`log.attributes["perso.redacted"] != nil`},
			"attributes":  list{object{"key": "service.name"}},
		},
	}
}

func spanCounts() object {
	return object{
		spanCount: object{
			"description": spanCountDescription,
			"conditions":  list{`span.attributes["perso.reason"] != "none" and span.attributes["perso.reason"] != ""`},
			"attributes":  list{object{"key": "perso.reason"}},
		},
	}
}

// notAgain keeps a second connector from counting span events, which a connector does that names no metric of them: two points of
// one series at one time are refused.
func notAgain() object {
	return object{"perso.span.events": object{"description": "None.", "conditions": list{"false"}}}
}

// allCounts are the metrics of all spans that arrive, also of those that tail sampling does not keep: how many there are, how
// many begin a trace, and which requests failed.
func allCounts() object {
	return object{
		"perso.spans": object{"description": "Spans.", "attributes": list{object{"key": "service.name"}}},
		"perso.span.roots": object{
			"description": "Requests that were served in a span without a parent.", "conditions": list{"span.kind == SPAN_KIND_SERVER and IsRootSpan()"},
			"attributes": list{object{"key": "service.name"}},
		},
		"perso.span.errors": object{
			"description": "Requests that failed, by their channel and placement.",
			"conditions":  list{`span.kind == SPAN_KIND_SERVER and span.status.code == STATUS_CODE_ERROR`},
			"attributes":  list{object{"key": "perso.channel"}, object{"key": "perso.placement"}},
		},
	}
}

// retryLimit is how long an export is tried again. It ends so early that the end of an arm does not have to wait for it.
const retryLimit = 10 * time.Second

func retry() object {
	return object{"initial_interval": "100ms", "max_interval": "1s", "max_elapsed_time": retryLimit.String()}
}

// exportLimit is how long an answer to an export may take where the Collector may be stopped meanwhile. It is the longest of the usual
// limits of the exporters.
const exportLimit = 30 * time.Second

// outlast has the exporters over the network wait so much longer.
func (f *file) outlast(standstill time.Duration) {
	if standstill == 0 {
		return
	}
	for _, config := range f.Exporters {
		e, _ := config.(object)
		if retried, ok := e["retry_on_failure"].(object); ok {
			e["timeout"], retried["max_elapsed_time"] = (exportLimit + standstill).String(), (retryLimit + standstill).String()
		}
	}
}

// literal quotes a value so that the Collector does not read it as a reference to a variable.
func literal(value string) string { return strings.ReplaceAll(value, "$", "$$") }
