package pipeline

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tollgate-dev/tollgate/testenv/receiver"
)

// logAges adds up how old log records are when they have passed all processors and arrive at the end of the pipeline.
type logAges struct {
	receiver.LogAges

	fromN, fromSum atomic.Int64 // its total when the Collector last started
}

// begin says that a Collector has started.
func (a *logAges) begin() {
	n, sum := a.Total()
	a.fromN.Store(n)
	a.fromSum.Store(int64(sum))
}

// since returns how many records arrived since a Collector last started, and their mean age.
func (a *logAges) since() (n int64, mean time.Duration) {
	n, sum := a.Total()
	if n -= a.fromN.Load(); n > 0 {
		mean = (sum - time.Duration(a.fromSum.Load())) / time.Duration(n)
	}
	return n, mean
}

// counting is the factory of the connector that counts spans and log records, with the ages in front of the latter. The
// connector stands at the end of the pipeline of logs, as the exporters do.
type counting struct {
	connector.Factory
	ages *logAges
}

func (a *logAges) counting() connector.Factory { return counting{countconnector.NewFactory(), a} }

// CreateLogsToMetrics implements connector.Factory.
func (f counting) CreateLogsToMetrics(
	ctx context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics,
) (connector.Logs, error) {
	logs, err := f.Factory.CreateLogsToMetrics(ctx, set, cfg, next)
	if err != nil {
		return nil, err
	}
	return aged{logs, f.ages}, nil
}

type aged struct {
	connector.Logs
	ages *logAges
}

// ConsumeLogs implements consumer.Logs.
func (a aged) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	a.ages.Observe(logs, time.Now())
	return a.Logs.ConsumeLogs(ctx, logs)
}
