package pipeline

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
)

// logAges adds up how old log records are when they have passed all processors and arrive at the end of the pipeline. It is a
// prometheus.Collector.
type logAges struct {
	n   atomic.Int64
	sum atomic.Int64 // ns

	fromN, fromSum atomic.Int64 // of both, when the Collector last started
}

var (
	logAgeCount = prometheus.NewDesc("tollgate_log_age_seconds_count", "Log records that arrived at the end of the pipeline.", nil, nil)
	logAgeSum   = prometheus.NewDesc("tollgate_log_age_seconds_sum", "Their ages at that time, added up.", nil, nil)
)

// Describe implements prometheus.Collector.
func (a *logAges) Describe(out chan<- *prometheus.Desc) { out <- logAgeCount; out <- logAgeSum }

// Collect implements prometheus.Collector. Both are counters, and not a summary: a scrape asks for metrics by their whole names.
func (a *logAges) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(logAgeCount, prometheus.CounterValue, float64(a.n.Load()))
	out <- prometheus.MustNewConstMetric(logAgeSum, prometheus.CounterValue, time.Duration(a.sum.Load()).Seconds())
}

// observe adds the ages of records.
func (a *logAges) observe(logs plog.Logs, now time.Time) {
	n, sum := int64(0), int64(0)
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				at := record.Timestamp()
				if at == 0 {
					at = record.ObservedTimestamp()
				}
				n++
				sum += max(int64(now.Sub(at.AsTime())), 0)
			}
		}
	}
	a.n.Add(n)
	a.sum.Add(sum)
}

// begin says that a Collector has started.
func (a *logAges) begin() {
	a.fromN.Store(a.n.Load())
	a.fromSum.Store(a.sum.Load())
}

// since returns how many records arrived since a Collector last started, and their mean age.
func (a *logAges) since() (n int64, mean time.Duration) {
	if n = a.n.Load() - a.fromN.Load(); n > 0 {
		mean = time.Duration((a.sum.Load() - a.fromSum.Load()) / n)
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
	a.ages.observe(logs, time.Now())
	return a.Logs.ConsumeLogs(ctx, logs)
}
