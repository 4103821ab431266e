package pipeline

import (
	"context"
	"io"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
)

// selfTelemetry says how the Collector reports on itself: metrics go into a registry that is only read, warnings and errors go
// to log, and there are no spans.
func selfTelemetry(registry prometheus.Registerer, log io.Writer) telemetry.Factory {
	return telemetry.NewFactory(
		func() component.Config { return &struct{}{} },
		telemetry.WithCreateLogger(func(context.Context, telemetry.LoggerSettings, component.Config) (*zap.Logger, component.ShutdownFunc, error) {
			encoder := zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig())
			return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(log)), zapcore.WarnLevel)), nil, nil
		}),
		telemetry.WithCreateMeterProvider(func(context.Context, telemetry.MeterSettings, component.Config) (telemetry.MeterProvider, error) {
			reader, err := otelprometheus.New(
				otelprometheus.WithRegisterer(registry),
				otelprometheus.WithoutScopeInfo(),
				otelprometheus.WithoutTargetInfo(),
			)
			if err != nil {
				return nil, err
			}
			return sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(selfView)), nil
		}),
	)
}

// selfView keeps only the metrics that are read. The request size becomes a plain sum without attributes. The other instruments
// of the HTTP and RPC instrumentation, the process's own usage (which is measured from outside) and all other histograms would
// cost CPU, and nothing reads them.
func selfView(inst sdkmetric.Instrument) (sdkmetric.Stream, bool) {
	stream := sdkmetric.Stream{Name: inst.Name, Description: inst.Description, Unit: inst.Unit}
	switch {
	case inst.Name == configuration.RequestSize:
		stream.Aggregation = sdkmetric.AggregationSum{}
		stream.AttributeFilter = func(attribute.KeyValue) bool { return false }
	case inst.Kind == sdkmetric.InstrumentKindHistogram,
		strings.HasPrefix(inst.Name, "http."), strings.HasPrefix(inst.Name, "rpc."),
		strings.HasPrefix(inst.Name, "otelcol_process_"): // every reading of them reads /proc and stops the world
		stream.Aggregation = sdkmetric.AggregationDrop{}
	}
	return stream, true
}

// Stats is the answer of POST /control/stats: amounts since the start, except ActiveSeries.
type Stats struct {
	Spans        int64 `json:"spans"`
	Roots        int64 `json:"roots"` // spans of kind server without a parent
	LogRecords   int64 `json:"log_records"`
	DataPoints   int64 `json:"data_points"`
	Bytes        int64 `json:"bytes"`         // size of OTLP requests on the wire: HTTP bodies and gRPC messages
	MetricBytes  int64 `json:"metric_bytes"`  // how many of them were metrics
	Refused      int64 `json:"refused"`       // items that the Collector refused, could not queue or could not deliver
	ActiveSeries int64 `json:"active_series"` // series in the head of the TSDB
}
