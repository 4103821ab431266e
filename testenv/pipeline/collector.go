package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"

	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
)

// collector is a running OpenTelemetry Collector.
type collector struct {
	http, grpc string // host:port at which it takes OTLP
	self       *prometheus.Registry
	wire       *wire
	roots      roots
	run        *otelcol.Collector
	logs       *logAges
	closing    atomic.Bool   // its end is wanted
	done       chan struct{} // closed when Run has returned
	err        error         // what Run returned
}

// portTries is how often another pair of ports is tried, because another process may take a port between its choice and its
// use.
const portTries = 5

// startCollector starts the Collector and returns when the pipelines take telemetry. The Collector sends metrics to the OTLP
// endpoint at metricsURL.
func startCollector(ctx context.Context, cfg Config, metricsURL string, logs *logAges) (*collector, error) {
	var err error
	for range portTries {
		var ports []string
		if ports, err = freePorts(2); err != nil {
			return nil, err
		}
		var c *collector
		http, grpc := cmp.Or(cfg.OTLPHTTP, ports[0]), cmp.Or(cfg.OTLPGRPC, ports[1])
		if c, err = startCollectorAt(ctx, cfg, metricsURL, http, grpc, configuration.Change{}, logs); !errors.Is(err, syscall.EADDRINUSE) {
			return c, err
		}
	}
	return nil, err
}

// startCollectorAt starts the Collector at two addresses, with a change of its configuration.
func startCollectorAt(
	ctx context.Context, cfg Config, metricsURL, http, grpc string, change configuration.Change, logs *logAges,
) (*collector, error) {
	c := &collector{
		http: http, grpc: grpc, self: prometheus.NewRegistry(), wire: newWire(http, cfg.PipelineToken, cfg.tap), logs: logs, done: make(chan struct{}),
	}
	text, err := configuration.Config{
		HTTP: c.http, GRPC: c.grpc, Wire: wireID, Token: cfg.PipelineToken, Prometheus: metricsURL,
		Dir: cfg.TelemetryDir, Arm: cfg.Arm, Tail: cfg.Tail, Standstill: cfg.Standstill, Change: change,
	}.YAML()
	if err != nil {
		return nil, fmt.Errorf("pipeline: %w", err)
	}
	c.run, err = otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo:               component.BuildInfo{Command: "tollgate-telemetry", Description: "OpenTelemetry Collector of one arm"},
		Factories:               func() (otelcol.Factories, error) { return c.factories(cfg) },
		DisableGracefulShutdown: true, // main handles signals
		SkipSettingGRPCLogger:   true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{"yaml:" + string(text)},
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
	if f.Receivers, err = otelcol.MakeFactoryMap(c.roots.receiver()); err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap[processor.Factory](
		batchprocessor.NewFactory(), memorylimiterprocessor.NewFactory(), tailsamplingprocessor.NewFactory(),
		filterprocessor.NewFactory(), transformprocessor.NewFactory()); err != nil {
		return f, err
	}
	if f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](fileexporter.NewFactory(), otlphttpexporter.NewFactory()); err != nil {
		return f, err
	}
	if f.Connectors, err = otelcol.MakeFactoryMap(c.logs.counting(), spanmetricsconnector.NewFactory()); err != nil {
		return f, err
	}
	f.Extensions, err = otelcol.MakeFactoryMap[extension.Factory](c.wire.factory())
	return f, err
}

// stats reads how much the Collector received and how much it could not deliver.
func (c *collector) stats() (Stats, error) {
	families, err := c.self.Gather()
	if err != nil {
		return Stats{}, err
	}
	v := configuration.Sum(families)
	metricBytes := c.wire.metricBytes.Load() // before the bytes, of which it is a part
	return Stats{
		Spans: v.Spans, LogRecords: v.LogRecords, DataPoints: v.DataPoints, Refused: v.Refused, Roots: c.roots.n.Load(),
		Bytes: v.Bytes + c.wire.bytes.Load(), MetricBytes: v.MetricBytes + metricBytes,
	}, nil
}

// close empties the pipelines and ends the Collector.
func (c *collector) close() error {
	c.closing.Store(true)
	c.run.Shutdown()
	<-c.done
	if c.err != nil {
		return fmt.Errorf("pipeline: collector: %w", c.err)
	}
	return nil
}

// freePorts returns n loopback addresses with ports that are free now.
func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("pipeline: no free port: %w", err)
		}
		defer ln.Close() // kept open until all are chosen, so that the ports differ
		out = append(out, ln.Addr().String())
	}
	return out, nil
}
