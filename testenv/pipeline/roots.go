package pipeline

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

// roots counts the spans of kind server without a parent: one for each request from outside whose trace was sampled. They are
// counted as they arrive, before anything samples, filters or copies them.
type roots struct{ n atomic.Int64 }

// receiver returns the OTLP receiver with the count in front of its pipelines.
func (r *roots) receiver() receiver.Factory {
	otlp := otlpreceiver.NewFactory()
	traces := func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
		counted, err := consumer.NewTraces(func(ctx context.Context, spans ptrace.Traces) error {
			r.n.Add(countRoots(spans))
			return next.ConsumeTraces(ctx, spans)
		}, consumer.WithCapabilities(next.Capabilities()))
		if err != nil {
			return nil, err
		}
		return otlp.CreateTraces(ctx, set, cfg, counted)
	}
	return receiver.NewFactory(otlp.Type(), otlp.CreateDefaultConfig,
		receiver.WithTraces(traces, otlp.TracesStability()),
		receiver.WithMetrics(otlp.CreateMetrics, otlp.MetricsStability()),
		receiver.WithLogs(otlp.CreateLogs, otlp.LogsStability()))
}

func countRoots(spans ptrace.Traces) int64 {
	n := int64(0)
	for _, resource := range spans.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				if span.ParentSpanID().IsEmpty() && span.Kind() == ptrace.SpanKindServer {
					n++
				}
			}
		}
	}
	return n
}
