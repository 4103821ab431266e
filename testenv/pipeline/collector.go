package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

// collectorConfig is the Collector's configuration. One consumer empties the queue to Prometheus, so that the counts,
// which are deltas, arrive in their order. Spans and log records come batched by the SDKs and go on at once; metrics of
// all services are gathered for a moment, since each request to Prometheus has its price. The timer of a batch runs
// even when nothing comes, which is another reason not to have three of 50 ms.
var collectorConfig = template.Must(template.New("collector").Parse(`
receivers:
  otlp:
    protocols:
      http: {endpoint: "{{.HTTP}}"}
      grpc: {endpoint: "{{.GRPC}}", middlewares: [{id: wire}]}
extensions:
  wire: {}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 256, spike_limit_mib: 64}
  batch: {timeout: 0s}
  batch/metrics: {timeout: 100ms, send_batch_size: 4096}
connectors:
  count:
    logs:
      perso.log.records:
        description: Log records that give a reason.
        attributes: [{key: service.name}, {key: perso.reason}]
    spans:
      perso.span.fallbacks:
        description: Spans that ended in default content.
        conditions: ['span.attributes["perso.reason"] != "none" and span.attributes["perso.reason"] != ""']
        attributes: [{key: perso.reason}]
exporters:
  otlp_http:
    metrics_endpoint: "{{.Metrics}}"
    compression: none
    sending_queue: {num_consumers: 1, queue_size: 1000}
    retry_on_failure: {initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 10s}
{{- if .Dir}}
  file/spans: {path: "{{.Spans}}", append: true, flush_interval: 500ms}
  file/logs: {path: "{{.Logs}}", append: true, flush_interval: 500ms}
{{- else}}
  nop: {}
{{- end}}
service:
  extensions: [wire]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [count, {{if .Dir}}file/spans{{else}}nop{{end}}]
    logs:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [count, {{if .Dir}}file/logs{{else}}nop{{end}}]
    metrics:
      receivers: [otlp, count]
      processors: [memory_limiter, batch/metrics]
      exporters: [otlp_http]
`))

// collector is a running OpenTelemetry Collector.
type collector struct {
	http, grpc string // where it takes OTLP, host:port
	self       *prometheus.Registry
	wire       *wire
	run        *otelcol.Collector
	done       chan struct{} // closed when Run has returned
	err        error         // what Run returned
}

// portTries is how often another pair of ports is tried when somebody took one between the choice and its use.
const portTries = 5

// startCollector returns when the pipelines take telemetry. Metrics go on to the OTLP endpoint at metricsURL.
func startCollector(ctx context.Context, cfg Config, metricsURL string) (*collector, error) {
	var err error
	for range portTries {
		var ports []string
		if ports, err = freePorts(2); err != nil {
			return nil, err
		}
		var c *collector
		if c, err = startCollectorAt(ctx, cfg, metricsURL, ports[0], ports[1]); !errors.Is(err, syscall.EADDRINUSE) {
			return c, err
		}
	}
	return nil, err
}

func startCollectorAt(ctx context.Context, cfg Config, metricsURL, http, grpc string) (*collector, error) {
	c := &collector{http: http, grpc: grpc, self: prometheus.NewRegistry(), wire: newWire(), done: make(chan struct{})}
	var text bytes.Buffer
	err := collectorConfig.Execute(&text, map[string]string{
		"HTTP": c.http, "GRPC": c.grpc, "Metrics": metricsURL, "Dir": cfg.TelemetryDir,
		"Spans": quoted(filepath.Join(cfg.TelemetryDir, cfg.Arm+".spans.jsonl")),
		"Logs":  quoted(filepath.Join(cfg.TelemetryDir, cfg.Arm+".logs.jsonl")),
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: collector configuration: %w", err)
	}
	c.run, err = otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo:               component.BuildInfo{Command: "tollgate-telemetry", Description: "OpenTelemetry Collector of one arm"},
		Factories:               func() (otelcol.Factories, error) { return c.factories(cfg) },
		DisableGracefulShutdown: true, // signals belong to main
		SkipSettingGRPCLogger:   true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{"yaml:" + text.String()},
			ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("pipeline: collector: %w", err)
	}
	go func() { // joined by close
		defer close(c.done)
		c.err = c.run.Run(context.WithoutCancel(ctx))
	}()
	select {
	case <-c.wire.ready:
		return c, nil
	case <-c.done:
		return nil, cmp.Or(c.close(), errors.New("pipeline: the collector ended before it was ready"))
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.close())
	}
}

func (c *collector) factories(cfg Config) (otelcol.Factories, error) {
	f := otelcol.Factories{Telemetry: selfTelemetry(c.self, cfg.Stderr)}
	var err error
	if f.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap[processor.Factory](batchprocessor.NewFactory(), memorylimiterprocessor.NewFactory()); err != nil {
		return f, err
	}
	if f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](fileexporter.NewFactory(), otlphttpexporter.NewFactory(), nopexporter.NewFactory()); err != nil {
		return f, err
	}
	if f.Connectors, err = otelcol.MakeFactoryMap[connector.Factory](countconnector.NewFactory()); err != nil {
		return f, err
	}
	f.Extensions, err = otelcol.MakeFactoryMap[extension.Factory](c.wire.factory())
	return f, err
}

// stats reads what the Collector took in and what it could not deliver.
func (c *collector) stats() (Stats, error) {
	s, err := collectorStats(c.self)
	s.Bytes += c.wire.bytes.Load()
	return s, err
}

// close empties the pipelines and ends the Collector.
func (c *collector) close() error {
	c.run.Shutdown()
	<-c.done
	if c.err != nil {
		return fmt.Errorf("pipeline: collector: %w", c.err)
	}
	return nil
}

// freePorts returns n loopback addresses that nobody listens on now.
func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("pipeline: no free port: %w", err)
		}
		defer ln.Close() // held until all are chosen, so that they differ
		out = append(out, ln.Addr().String())
	}
	return out, nil
}

// quoted escapes a path for a double-quoted YAML string.
func quoted(path string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path)
}
