package stack

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// errorType returns the error.type of a failure: the name of an error of the broker or the store, e.g. NOT_LEADER_FOR_PARTITION
// or WRONGTYPE; the status of an HTTP answer; "timeout"; or the Go type of the error, which for HTTP is also what otelhttp
// writes. An error without a type of its own is _OTHER.
func errorType(err error) attribute.KeyValue {
	var request *url.Error // around the failure of every request
	if errors.As(err, &request) {
		err = request.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return semconv.ErrorType(context.DeadlineExceeded)
	}
	var broker *kerr.Error
	if errors.As(err, &broker) {
		return semconv.ErrorTypeKey.String(broker.Message)
	}
	if code := storeCode(err); code != "" {
		return semconv.ErrorTypeKey.String(code)
	}
	var wire net.Error
	if errors.Is(err, kgo.ErrRecordTimeout) || errors.As(err, &wire) && wire.Timeout() {
		return semconv.ErrorTypeKey.String("timeout")
	}
	kind := semconv.ErrorType(err)
	switch kind.Value.AsString() {
	case "*errors.errorString", "*errors.joinError", "*fmt.wrapErrors":
		return semconv.ErrorTypeOther
	}
	return kind
}

// errorTypes returns the error.type of an error, and nothing for nil.
func errorTypes(err error) []attribute.KeyValue {
	if err == nil {
		return nil
	}
	return []attribute.KeyValue{errorType(err)}
}

// storeCode returns the code with which the store's error answer begins, e.g. WRONGTYPE; "" for any other error.
func storeCode(err error) string {
	var answer redis.Error
	if !errors.As(err, &answer) || errors.Is(err, redis.Nil) {
		return ""
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	return code
}

// failed marks a span of an operation that ended with an error, whose attributes say of what kind it was.
func failed(span trace.Span, err error, attrs ...attribute.KeyValue) {
	span.SetAttributes(attrs...)
	span.SetStatus(codes.Error, err.Error())
}
