package verdict

import (
	"cmp"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// metricsOf are the metrics of a run: its step, its currency.
func metricsOf(r result.Run) []metric {
	all := metrics(r.Plan.MainStep())
	for i := range all {
		if all[i].Unit == Money && r.Prices != nil {
			all[i].Unit = cmp.Or(Unit(r.Prices.Currency), Money)
		}
	}
	return all
}

// What metrics are about.
const (
	latencies = "Latency"
	processor = "CPU"
	memory    = "Memory"
	volume    = "Telemetry"
)

// metrics are all metrics, in display order. step is the one whose latency is meant.
func metrics(step string) []metric {
	all := []metric{
		{
			Metric:  Metric{ID: "mean", Title: "mean latency, " + step, Unit: Seconds, Latency: true, Group: latencies},
			delayed: true, read: latency("mean", 0, (*hdr.Histogram).Mean),
		},
		{
			Metric: Metric{ID: "p50", Unit: Seconds, Quantile: 0.5, Main: 1, Few: 1, Vital: true},
			equal:  true, delayed: true,
			carried: func(_ *measured, r round, arm, _ int) float64 { return float64(r.response[arm].ValueAtPercentile(50)) },
		},
		{Metric: Metric{ID: "p90", Unit: Seconds, Quantile: 0.9}},
		{Metric: Metric{ID: "p95", Unit: Seconds, Quantile: 0.95, Main: 2, Few: 2, Frontier: 2}, equal: true},
		{Metric: Metric{ID: "p99", Unit: Seconds, Quantile: 0.99, Main: 3}},
		{Metric: Metric{ID: "p99.9", Unit: Seconds, Quantile: 0.999}},
		{
			Metric: Metric{ID: "cpu", Short: "CPU", Title: "CPU of the stack", Unit: Seconds, Per: PerThousand, Group: processor, Main: 4, Few: 3, Frontier: 1},
			needs:  []need{cpuOfStack()}, equal: true, signed: true, gross: stackCPU, read: netPerRequest(stackCPU),
			carried: func(m *measured, r round, arm, launch int) float64 {
				return m.net(arm, launch, stackCPU)(r.slots[arm]) / float64(max(1, r.slots[arm].Work.Sent))
			},
		},
		{
			Metric: Metric{ID: "pipeline-cpu", Short: "pipeline CPU", Title: "CPU of the telemetry pipeline", Unit: Seconds, Per: PerThousand, Group: processor, Main: 5},
			needs:  []need{cpuOfPipeline()}, signed: true, gross: pipelineCPU, read: netPerRequest(pipelineCPU),
		},
		{
			Metric: Metric{ID: "idle-cpu", Short: "CPU at rest", Title: "CPU of the stack at rest", Unit: Seconds, Per: PerArmHour, AtRest: true, Group: processor, Cost: 2},
			needs:  []need{rest(), cpuOfStack()}, read: atRest(stackCPU),
		},
		{
			Metric: Metric{ID: "idle-pipeline-cpu", Short: "pipeline CPU at rest", Title: "CPU of the telemetry pipeline at rest", Unit: Seconds,
				Per: PerArmHour, AtRest: true, Group: processor, Cost: 3},
			needs: []need{rest(), cpuOfPipeline()}, read: atRest(pipelineCPU),
		},
		{
			Metric: Metric{ID: "gc-cpu", Short: "GC CPU", Title: "CPU for garbage collection", Unit: Seconds, Per: PerThousand, Group: processor, Cost: 5},
			needs:  []need{runtimes()}, read: byLaunch(gcCPU),
		},
		{
			Metric: Metric{ID: "allocs", Title: "heap allocated", Unit: Bytes, Per: PerThousand, Group: memory, Cost: 6, Counted: true},
			needs:  []need{runtimes()}, copies: 0.007, read: withLoad(reported(func(r result.Runtime) int64 { return r.AllocBytes })).lessRest,
		},
		{
			Metric: Metric{ID: "alloc-objects", Short: "objects", Title: "objects allocated", Unit: Count, Per: PerThousand, Group: memory, Cost: 7, Counted: true},
			needs:  []need{runtimes()}, copies: 0.005, read: withLoad(reported(func(r result.Runtime) int64 { return r.AllocObjects })).lessRest,
		},
		{
			Metric:   Metric{ID: "rss", Short: "memory", Title: "memory of the stack", Unit: Bytes, Per: PerArm, Group: memory, Main: 6, Few: 4},
			formerly: "memory", needs: []need{memoryOfStack()}, read: perLaunch(steady),
		},
		{
			Metric: Metric{ID: "rss-peak", Short: "peak memory", Title: "peak memory of the stack", Unit: Bytes, Per: PerArm, Group: memory, Cost: 4},
			needs:  []need{peakOfStack()}, read: perLaunch(peak),
		},
		{
			Metric: Metric{ID: "spans", Title: "spans", Unit: Count, Per: PerThousand, Group: volume, Counted: true},
			needs:  []need{telemetryAtAll()}, copies: 0.005, read: spans.lessRest,
		},
		{
			Metric: Metric{ID: "log-records", Title: "log records", Unit: Count, Per: PerThousand, Group: volume, Counted: true},
			needs:  []need{telemetryAtAll()}, copies: 0.02, read: logRecords.lessRest,
		},
		{
			Metric: Metric{ID: "data-points", Title: "metric data points", Unit: Count, Per: PerThousand, Group: volume, Counted: true},
			needs:  []need{telemetryAtAll()}, copies: 0.03, read: dataPoints.perRequest,
		},
		{
			Metric: Metric{ID: "bytes", Short: "telemetry", Title: "telemetry on the wire", Unit: Bytes, Per: PerThousand, Group: volume, Main: 7, Few: 5, Frontier: 3, Counted: true},
			needs:  []need{telemetryAtAll()}, copies: 0.015, read: counted(telemetryBytes).lessRest,
		},
		{
			Metric: Metric{ID: "series", Title: "active series", Unit: Count, Per: PerArm, Group: volume, Counted: true},
			needs:  []need{telemetryAtAll()}, copies: 0.02, read: perLaunch(activeSeries),
		},
		{
			Metric: Metric{ID: "money", Title: "money", Unit: Money, Per: PerMillion, InUnit: true, Group: "Money", Cost: 1, Frontier: 4},
			needs:  []need{prices(), pricedLine()}, signed: true, read: money,
		},
		{Metric: Metric{ID: "capacity", Title: "highest offered rate within the SLO", Unit: PerSecond, MoreIsBetter: true, Phase: slot.Capacity, Group: "Capacity"}},
	}
	for i := range all {
		m := &all[i]
		m.Phase = cmp.Or(m.Phase, slot.Toll)
		if q := m.Quantile; q > 0 {
			m.Title, m.Latency, m.Group = m.ID+" latency, "+step, true, latencies
			m.read = latency(m.ID, q, func(h *hdr.Histogram) float64 { return float64(h.ValueAtQuantile(100 * q)) })
		}
	}
	return all
}
