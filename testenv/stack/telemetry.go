package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	goruntime "go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Export holds exporters that are used instead of those that the environment names. A nil field replaces nothing.
type Export struct {
	Spans   sdktrace.SpanExporter
	Metrics sdkmetric.Reader
	Logs    sdklog.Exporter
}

// telemetry is one role's instrumentation. When the level is off, tracers and meters are nil, and OpenTelemetry has no code on
// the request path. log and health are never nil.
type telemetry struct {
	log    *slog.Logger // what happens to requests; discarded unless logs are exported
	health *slog.Logger // problems of the role itself, as text on stderr

	version    string // of the service
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	names      pseudonyms
	redactions redactionSignals

	closers []func(context.Context) error
}

// setup builds the instrumentation of a role at the configured level. The SDK itself reads samplers, batch sizes, intervals and
// endpoints from the OTEL_ variables.
func setup(ctx context.Context, role string, cfg Config) (*telemetry, error) {
	stderr := cfg.Stderr
	if stderr == nil {
		stderr = io.Discard
	}
	t := &telemetry{version: cfg.version(), names: newPseudonyms(cfg.Token), log: slog.New(slog.DiscardHandler)}
	text := slog.NewTextHandler(stderr, nil)
	t.health = slog.New(redactor{next: text, names: t.names, least: slog.LevelWarn, hits: &t.redactions}).With("role", role, "arm", cfg.Arm)
	if cfg.Level.Off {
		return t, nil
	}
	res, err := describe(ctx, role, cfg)
	if err != nil {
		return nil, fmt.Errorf("stack: telemetry resource: %w", err)
	}
	t.propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	err = errors.Join(t.setupTraces(ctx, cfg, res), t.setupMetrics(ctx, cfg, res), t.setupLogs(ctx, cfg, res))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("stack: telemetry: %w", err), t.shutdown(ctx))
	}
	return t, nil
}

func (t *telemetry) setupTraces(ctx context.Context, cfg Config, res *resource.Resource) error {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)} // the sampler comes from the environment
	if cfg.Level.Traces || cfg.Export.Spans != nil {
		exporter := cfg.Export.Spans
		if exporter == nil {
			var err error
			if exporter, err = autoexport.NewSpanExporter(ctx); err != nil {
				return fmt.Errorf("traces: %w", err)
			}
		}
		opts = append(opts, sdktrace.WithBatcher(exporter))
	}
	provider := sdktrace.NewTracerProvider(opts...)
	t.tracers = tracers{provider}
	t.closers = append(t.closers, provider.Shutdown)
	return nil
}

func (t *telemetry) setupMetrics(ctx context.Context, cfg Config, res *resource.Resource) error {
	opts := []sdkmetric.Option{sdkmetric.WithResource(res)}
	exported := cfg.Level.Metrics || cfg.Export.Metrics != nil
	if exported {
		reader := cfg.Export.Metrics
		if reader == nil {
			var err error
			if reader, err = autoexport.NewMetricReader(ctx); err != nil {
				return fmt.Errorf("metrics: %w", err)
			}
		}
		opts = append(opts, sdkmetric.WithReader(reader))
	}
	provider := sdkmetric.NewMeterProvider(opts...)
	t.meters = meters{provider}
	t.closers = append(t.closers, provider.Shutdown)
	if !exported {
		return nil
	}
	if err := t.redactions.start(t); err != nil {
		return fmt.Errorf("redactions: %w", err)
	}
	if err := goruntime.Start(goruntime.WithMeterProvider(t.meters)); err != nil {
		return fmt.Errorf("runtime metrics: %w", err)
	}
	return nil
}

func (t *telemetry) setupLogs(ctx context.Context, cfg Config, res *resource.Resource) error {
	if !cfg.Level.Logs && cfg.Export.Logs == nil {
		return nil
	}
	exporter := cfg.Export.Logs
	if exporter == nil {
		var err error
		if exporter, err = autoexport.NewLogExporter(ctx); err != nil {
			return fmt.Errorf("logs: %w", err)
		}
	}
	provider := sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)))
	t.closers = append(t.closers, provider.Shutdown)
	least := slog.LevelInfo
	if cfg.Debug {
		least = slog.LevelDebug
	}
	bridge := otelslog.NewHandler(scope, otelslog.WithLoggerProvider(loggers{provider}), otelslog.WithVersion(t.version))
	t.log = slog.New(redactor{next: bridge, names: t.names, least: least, exported: true, hits: &t.redactions})
	return nil
}

// shutdown flushes and ends all signals.
func (t *telemetry) shutdown(ctx context.Context) error {
	var errs []error
	for _, closer := range t.closers {
		errs = append(errs, closer(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		// Lost telemetry is no reason for a service to fail.
		t.health.Warn("telemetry was not flushed", "error", err)
	}
	return nil
}

// on reports whether there is any OpenTelemetry.
func (t *telemetry) on() bool { return t.tracers != nil }

// tag sets attributes on the current span.
func (t *telemetry) tag(ctx context.Context, attrs ...attribute.KeyValue) {
	if t.on() {
		trace.SpanFromContext(ctx).SetAttributes(attrs...)
	}
}

// recording reports whether the current span is kept: only then are costly attributes computed.
func (t *telemetry) recording(ctx context.Context) bool {
	return t.on() && trace.SpanFromContext(ctx).IsRecording()
}

// withSession puts the session and its channel into the baggage of everything that follows, and the session into the span of the
// request, so that all requests of a session can be found.
func (t *telemetry) withSession(ctx context.Context, session, channel string) context.Context {
	if !t.on() {
		return ctx
	}
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("session.id", session))
	bag := baggage.FromContext(ctx)
	for _, kv := range [][2]string{{"session.id", session}, {"perso.channel", channel}} {
		member, err := baggage.NewMemberRaw(kv[0], kv[1])
		if err != nil {
			continue // baggage cannot carry this session id; it is still in the body
		}
		if with, err := bag.SetMember(member); err == nil {
			bag = with
		}
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

// session returns the session id in the baggage; "" if there is none.
func (t *telemetry) session(ctx context.Context) string {
	if !t.on() {
		return ""
	}
	return baggage.FromContext(ctx).Member("session.id").Value()
}
