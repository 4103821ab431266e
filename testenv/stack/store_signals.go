package stack

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
	"go.opentelemetry.io/otel/trace"
)

// opPipeline is the operation of several commands that are sent together.
const opPipeline = "PIPELINE"

// commandBuckets are the boundaries that the conventions advise for the durations of database operations, in seconds.
var commandBuckets = metric.WithExplicitBucketBoundaries(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)

// storeSignals is the hook of a Redis client that emits a span and a duration for every command and every pipeline. The
// commands themselves are not shown: they hold keys, and keys hold user ids. Health checks are left out.
type storeSignals struct {
	tracer trace.Tracer
	took   dbconv.ClientOperationDuration
	attrs  []attribute.KeyValue
	target string // of the spans' names
	known  sync.Map
}

// command is how an operation is described: its span and its duration have the same attributes.
type command struct {
	name     string // of the span
	span     trace.SpanStartEventOption
	duration metric.MeasurementOption
}

func newStoreSignals(options *redis.Options, tel *telemetry) (*storeSignals, error) {
	s := &storeSignals{tracer: tel.tracer(), target: " " + options.Addr}
	s.attrs = append(serverAttributes(options.Addr), semconv.DBSystemNameRedis, semconv.DBNamespace(strconv.Itoa(options.DB)))
	var err error
	s.took, err = dbconv.NewClientOperationDuration(tel.meter(), commandBuckets)
	return s, err
}

// describe describes an operation; more says how it failed.
func (s *storeSignals) describe(operation string, more ...attribute.KeyValue) command {
	if how, ok := s.known.Load(operation); ok && len(more) == 0 {
		return how.(command)
	}
	attrs := append(more, semconv.DBOperationName(operation))
	attrs = append(attrs, s.attrs...)
	how := command{name: operation + s.target, span: trace.WithAttributes(attrs...), duration: metric.WithAttributes(attrs...)}
	if len(more) == 0 {
		s.known.Store(operation, how)
	}
	return how
}

// DialHook implements redis.Hook. A connection belongs to no single command.
func (*storeSignals) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (s *storeSignals) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "ping" {
			return next(ctx, cmd)
		}
		return s.observe(ctx, cmd.Name(), nil, func(ctx context.Context) (error, error) {
			err := next(ctx, cmd)
			return err, err
		})
	}
}

// ProcessPipelineHook implements redis.Hook.
func (s *storeSignals) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		operation, size := pipelined(cmds)
		return s.observe(ctx, operation, size, func(ctx context.Context) (error, error) {
			err := next(ctx, cmds)
			return err, pipelineFailure(cmds, err)
		})
	}
}

// observe emits the telemetry of what run does. Run returns the error for the caller, and why the operation failed: a value that
// does not exist is no failure.
func (s *storeSignals) observe(ctx context.Context, operation string, more []attribute.KeyValue,
	run func(ctx context.Context) (err, failure error)) error {
	how := s.describe(operation)
	began := time.Now()
	ctx, span := s.tracer.Start(ctx, how.name, trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindClient), how.span,
		trace.WithAttributes(more...))
	err, failure := run(ctx)
	ended := time.Now()
	if failure != nil && !errors.Is(failure, redis.Nil) {
		kind := []attribute.KeyValue{errorType(failure)}
		if code := storeCode(failure); code != "" {
			kind = append(kind, semconv.DBResponseStatusCode(code))
		}
		failed(span, failure, kind...)
		how = s.describe(operation, kind...)
	}
	s.took.Inst().Record(ctx, ended.Sub(began).Seconds(), how.duration)
	span.End(trace.WithTimestamp(ended))
	return err
}

// pipelined returns the operation of a pipeline, and its size if it has not exactly one command.
func pipelined(cmds []redis.Cmder) (string, []attribute.KeyValue) {
	if len(cmds) == 1 {
		return cmds[0].Name(), nil
	}
	operation := opPipeline
	for i, cmd := range cmds {
		if cmd.Name() != cmds[0].Name() {
			operation = opPipeline
			break
		}
		if i == 0 {
			operation += " " + cmd.Name()
		}
	}
	return operation, []attribute.KeyValue{semconv.DBOperationBatchSize(len(cmds))}
}

// pipelineFailure returns the first failure in a pipeline; err is what the client returned for the whole of it.
func pipelineFailure(cmds []redis.Cmder, err error) error {
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return err
}
