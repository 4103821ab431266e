package stack

import (
	"context"
	"log/slog"
	"runtime"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// redactedKey is the attribute with the number of values that were withheld from a log record.
const redactedKey = "perso.redacted"

// redactionSignals says which lines of code log what must not be logged.
type redactionSignals struct {
	counter metric.Int64Counter // nil without metrics
}

// start starts to count.
func (s *redactionSignals) start(tel *telemetry) (err error) {
	s.counter, err = tel.meter().Int64Counter("perso.redactions",
		metric.WithDescription("Values that were withheld from log records, by the function that logged them."))
	return err
}

// hit counts what was withheld from a record, and returns the attributes that say so: how much, of whom, and where it was logged.
func (s *redactionSignals) hit(ctx context.Context, pc uintptr, found finding) []slog.Attr {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if s != nil && s.counter != nil {
		s.counter.Add(ctx, int64(found.count), metric.WithAttributes(semconv.CodeFunctionName(frame.Function)))
	}
	attrs := []slog.Attr{
		slog.Int(redactedKey, found.count),
		slog.String(string(semconv.CodeFunctionNameKey), frame.Function), slog.Int(string(semconv.CodeLineNumberKey), frame.Line),
	}
	if found.hash != "" {
		attrs = append(attrs, slog.String("perso.redacted.hash", found.hash))
	}
	return attrs
}
