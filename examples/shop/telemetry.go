package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// telemetry is OpenTelemetry, set up by the standard variables; with OTEL_SDK_DISABLED=true it does nothing.
type telemetry struct {
	on    bool
	log   *slog.Logger
	close []func(context.Context) error
}

func setup(ctx context.Context) (*telemetry, error) {
	t := &telemetry{log: slog.New(slog.DiscardHandler)}
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return t, nil
	}
	t.on = true
	about := resource.Default() // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
	spans, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, err
	}
	tracing := trace.NewTracerProvider(trace.WithBatcher(spans), trace.WithResource(about))
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return nil, err
	}
	metrics := metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about))
	records, err := autoexport.NewLogExporter(ctx)
	if err != nil {
		return nil, err
	}
	logs := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(records)), sdklog.WithResource(about))
	otel.SetTracerProvider(tracing)
	otel.SetMeterProvider(metrics)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.log = otelslog.NewLogger("shop", otelslog.WithLoggerProvider(logs))
	t.close = append(t.close, tracing.Shutdown, metrics.Shutdown, logs.Shutdown)
	return t, nil
}

// instrument puts the middleware around a handler, if there is any telemetry.
func (t *telemetry) instrument(handle http.HandlerFunc) http.Handler {
	if !t.on {
		return handle
	}
	return otelhttp.NewHandler(handle, "")
}

// shutdown sends the telemetry that has not been sent yet.
func (t *telemetry) shutdown(ctx context.Context) error {
	var errs []error
	for _, end := range t.close {
		errs = append(errs, end(ctx))
	}
	return errors.Join(errs...)
}
