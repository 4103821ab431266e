package stack

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const (
	resendsMost = 2                     // of one call
	resendPause = 10 * time.Millisecond // before the first; then twice as long; each by chance between half of it and all of it
)

// passing are the answers after which another attempt may succeed.
var passing = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// getPatiently is get for what may be asked twice: it asks again when the connection broke or the answer says that the service
// could not do it now. A call whose time is over is not repeated: it would only wait again.
func (c *client) getPatiently(ctx context.Context, path, query string, out any) error {
	err := c.get(ctx, path, query, out)
	for resend := 1; err != nil && resend <= resendsMost && again(ctx, err); resend++ {
		pause := resendPause << (resend - 1)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		err = c.get(withSpanAttributes(ctx, semconv.HTTPRequestResendCount(resend)), path, query, out)
	}
	return err
}

// again reports whether another attempt may succeed.
func again(ctx context.Context, err error) bool {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var answer *statusError
	return !errors.As(err, &answer) || slices.Contains(passing, answer.status)
}

type spanAttributesKey struct{}

// withSpanAttributes adds attributes to the spans of the calls that are made with the context.
func withSpanAttributes(ctx context.Context, attrs ...attribute.KeyValue) context.Context {
	return context.WithValue(ctx, spanAttributesKey{}, append(spanAttributes(ctx), attrs...))
}

func spanAttributes(ctx context.Context) []attribute.KeyValue {
	attrs, _ := ctx.Value(spanAttributesKey{}).([]attribute.KeyValue)
	return slices.Clip(attrs)
}
