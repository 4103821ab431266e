package receiver

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/plog"
)

// LogAges adds up how old log records are when they arrive where they are kept. It is a prometheus.Collector. The zero value has
// seen none. It is safe for concurrent use.
type LogAges struct {
	n   atomic.Int64
	sum atomic.Int64 // ns
}

var (
	logAgeCount = prometheus.NewDesc("tollgate_log_age_seconds_count", "Log records that arrived at the end of the pipeline.", nil, nil)
	logAgeSum   = prometheus.NewDesc("tollgate_log_age_seconds_sum", "Their ages at that time, added up.", nil, nil)
)

// Describe implements prometheus.Collector.
func (a *LogAges) Describe(out chan<- *prometheus.Desc) { out <- logAgeCount; out <- logAgeSum }

// Collect implements prometheus.Collector. Both are counters, and not a summary: a scrape asks for metrics by their whole names.
func (a *LogAges) Collect(out chan<- prometheus.Metric) {
	n, sum := a.Total()
	out <- prometheus.MustNewConstMetric(logAgeCount, prometheus.CounterValue, float64(n))
	out <- prometheus.MustNewConstMetric(logAgeSum, prometheus.CounterValue, sum.Seconds())
}

// Observe adds the ages of records that have arrived now. A record without a time of its own has the time at which it was observed.
func (a *LogAges) Observe(logs plog.Logs, now time.Time) {
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

// Total returns how many records have arrived, and their ages, added up.
func (a *LogAges) Total() (n int64, sum time.Duration) {
	return a.n.Load(), time.Duration(a.sum.Load())
}
