package collector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// send sends n successful traces and one failed trace, as a service called decision. Each trace has one span that ended in
// default content. For each trace it also sends a log record and adds one to the counter "sent". It returns the id of the
// failed trace.
func send(t *testing.T, base string, n int) (failed string) {
	t.Helper()
	ctx := context.Background()
	res := resource.NewSchemaless(attribute.String("service.name", "decision"))
	metrics, err1 := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(base+"/v1/metrics"))
	traces, err2 := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(base+"/v1/traces"))
	logs, err3 := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(base+"/v1/logs"))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithResource(res), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)))
	tracer := sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(traces))
	logger := sdklog.NewLoggerProvider(sdklog.WithResource(res), sdklog.WithProcessor(sdklog.NewBatchProcessor(logs)))
	sent, err := meter.Meter("test").Int64Counter("sent")
	if err != nil {
		t.Fatal(err)
	}
	reason := attribute.String("perso.reason", "attribute-missing")
	for i := range n + 1 {
		_, span := tracer.Tracer("test").Start(ctx, "decide")
		span.SetAttributes(reason)
		if i == n {
			span.SetStatus(codes.Error, "no answer")
			failed = span.SpanContext().TraceID().String()
		}
		span.End()
		var r log.Record
		r.SetTimestamp(time.Now()) // the count is as old as what it counts
		r.SetBody(attribute.StringValue("default content"))
		r.AddAttributes(reason)
		logger.Logger("test").Emit(ctx, r)
		sent.Add(ctx, 1)
	}
	if err := errors.Join(meter.Shutdown(ctx), tracer.Shutdown(ctx), logger.Shutdown(ctx)); err != nil {
		t.Fatal(err)
	}
	return failed
}
