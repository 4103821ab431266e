package pipeline

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// wire is a Collector extension. It stands before the receivers: it asks for the pipeline's token, if there is one, and refuses
// requests to other hosts. It counts the bytes of gRPC messages, for which the instrumentation has no metric, and it says when
// the pipelines are ready.
type wire struct {
	component.StartFunc
	component.ShutdownFunc
	http  string // host:port of the HTTP server
	token string // "": none is needed
	tap   *volume.Tap
	ready chan struct{}

	bytes, metricBytes atomic.Int64 // of gRPC messages; how many of them were metrics
}

var (
	_ extensionauth.Server           = (*wire)(nil)
	_ extensionmiddleware.HTTPServer = (*wire)(nil)
	_ extensionmiddleware.GRPCServer = (*wire)(nil)
)

// connectLimit is how long a gRPC client may take to connect, in which nothing is known of it.
const connectLimit = 5 * time.Second

// wireID is the name of the extension in the configuration.
const wireID = "wire"

func newWire(http, token string, tap *volume.Tap) *wire {
	return &wire{http: http, token: token, tap: tap, ready: make(chan struct{})}
}

func (w *wire) factory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType(wireID),
		func() component.Config { return &struct{}{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return w, nil
		},
		component.StabilityLevelStable,
	)
}

// Ready is called by the Collector once all pipelines run.
func (w *wire) Ready() error {
	close(w.ready)
	return nil
}

// NotReady is called by the Collector before it stops the receivers.
func (w *wire) NotReady() error { return nil }

// Authenticate asks for the token in the headers of an HTTP request or of a gRPC call.
func (w *wire) Authenticate(ctx context.Context, headers map[string][]string) (context.Context, error) {
	for name, values := range headers {
		if strings.EqualFold(name, "Authorization") && len(values) == 1 && api.Admits(values[0], w.token) {
			return ctx, nil
		}
	}
	return ctx, errors.New("OTLP needs the token of the arm's pipeline")
}

// GetHTTPHandler returns what makes the Collector's HTTP server refuse requests to other hosts.
func (w *wire) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return onLoopback(w.http, w.tap.Handler(next)), nil
	}, nil
}

// GetGRPCServerOptions makes the Collector's gRPC server count, and not wait for clients that do not finish to connect.
func (w *wire) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return []grpc.ServerOption{grpc.StatsHandler(w), grpc.ConnectionTimeout(connectLimit)}, nil
}

// HandleRPC adds up the sizes, on the wire, of the messages that came in.
func (w *wire) HandleRPC(ctx context.Context, s stats.RPCStats) {
	in, ok := s.(*stats.InPayload)
	if !ok {
		return
	}
	n := int64(in.CompressedLength)
	w.bytes.Add(n)
	if ctx.Value(methodKey{}) == metricsMethod {
		w.metricBytes.Add(n)
	}
}

// methodKey is the key of the context under which the method of a call is.
type methodKey struct{}

// metricsMethod is the method that exports metrics.
const metricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

// TagRPC puts the method of a call into its context.
func (w *wire) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

// TagConn leaves the context alone.
func (w *wire) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn ignores connections.
func (w *wire) HandleConn(context.Context, stats.ConnStats) {}
