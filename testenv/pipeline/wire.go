package pipeline

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// wire is a Collector extension. It counts the bytes of gRPC messages, for which the instrumentation has no metric, and it says
// when the pipelines are ready.
type wire struct {
	component.StartFunc
	component.ShutdownFunc
	bytes atomic.Int64
	ready chan struct{}
}

// wireID is the name of the extension in the configuration.
const wireID = "wire"

func newWire() *wire { return &wire{ready: make(chan struct{})} }

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

// GetGRPCServerOptions makes the Collector's gRPC server count.
func (w *wire) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	return []grpc.ServerOption{grpc.StatsHandler(w)}, nil
}

// HandleRPC adds up the sizes, on the wire, of the messages that came in.
func (w *wire) HandleRPC(_ context.Context, s stats.RPCStats) {
	if in, ok := s.(*stats.InPayload); ok {
		w.bytes.Add(int64(in.CompressedLength))
	}
}

// TagRPC leaves the context alone.
func (w *wire) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn leaves the context alone.
func (w *wire) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn ignores connections.
func (w *wire) HandleConn(context.Context, stats.ConnStats) {}
