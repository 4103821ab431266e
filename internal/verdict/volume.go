package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// counted reads what of a slot counts as the work of its load, of the slots of an arm in a launch. An arm runs for longer than it has load:
// it drains. What it does all the same in that time would make its work for a request depend on how often it drains.
type counted func(m *measured, arm, launch int) func(result.Slot) float64

// perRequest reads it per 1,000 requests sent.
func (c counted) perRequest(m *measured) series {
	return perRound(m, func(arm, launch int, s result.Slot) float64 { return c(m, arm, launch)(s) })
}

// lessRest is perRequest of what needs to be known at rest.
func (c counted) lessRest(m *measured) series {
	s := c.perRequest(m)
	if m.idle == nil {
		s.note = noIdle
	}
	return s
}

// withLoad counts an amount less what the arm comes to at rest, in that launch, in the time without load.
func withLoad(amount func(result.Slot) float64) counted {
	return func(m *measured, arm, launch int) func(result.Slot) float64 {
		rate := m.idleRate(arm, launch, amount)
		return func(s result.Slot) float64 { return max(0, amount(s)-rate*max(0, metered(s)-s.Loaded()).Seconds()) }
	}
}

// byClock counts the share of an amount that comes at its own times, whether or not there is load: metrics are exported so. At rest there
// are too few exports to measure their rate by.
func byClock(amount func(result.Slot) float64) counted {
	return func(*measured, int, int) func(result.Slot) float64 {
		return func(s result.Slot) float64 {
			return amount(s) * s.Loaded().Seconds() / max(s.Loaded(), metered(s), 1).Seconds()
		}
	}
}

// The amounts of telemetry that count.
var (
	spans      = withLoad(func(s result.Slot) float64 { return float64(s.Telemetry.Spans) })
	logRecords = withLoad(func(s result.Slot) float64 { return float64(s.Telemetry.LogRecords) })
	dataPoints = byClock(func(s result.Slot) float64 { return float64(s.Telemetry.DataPoints) })

	bytesOfMetrics = byClock(func(s result.Slot) float64 { return float64(s.Telemetry.MetricBytes) })
	otherBytes     = withLoad(func(s result.Slot) float64 { return float64(s.Telemetry.Bytes - s.Telemetry.MetricBytes) })
)

// inLaunch is an arm in a launch.
type inLaunch struct {
	launch int
	arm    string
}

// metricShares are what part of an arm's bytes was metrics: by what its telemetry was made of, or all where it had nothing else.
func metricShares(d *result.Data) map[inLaunch]float64 {
	out := map[inLaunch]float64{}
	for _, s := range d.Slots {
		if s.Phase == slot.Toll {
			out[inLaunch{s.Launch, s.Arm}] = 1
		}
	}
	for _, s := range d.Slots {
		if s.Telemetry.Spans+s.Telemetry.LogRecords > 0 {
			delete(out, inLaunch{s.Launch, s.Arm})
		}
	}
	for _, v := range d.Volumes {
		metrics, all := int64(0), int64(0)
		for _, p := range v.Parts {
			all += p.Bytes
			if p.Signal == result.InMetrics {
				metrics += p.Bytes
			}
		}
		out[inLaunch{v.Launch, v.Arm}] = float64(metrics) / float64(max(1, all))
	}
	return out
}

// metricBytes are the bytes of a slot that were metrics. Older runs do not say it: there they are a share of them where it is known, at rest next
// to all of them. Where it is not known they are 0, also at rest.
func metricBytes(s result.Slot, shares map[inLaunch]float64) int64 {
	share, known := shares[inLaunch{s.Launch, s.Arm}]
	switch t := s.Telemetry; {
	case t.MetricBytes > 0 || t.DataPoints == 0:
		return t.MetricBytes
	case known && s.Phase == slot.Idle:
		return t.Bytes
	default:
		return int64(share * float64(t.Bytes))
	}
}

// telemetryBytes are all bytes that count. Where it is not known which of them were metrics, they are like the others.
func telemetryBytes(m *measured, arm, launch int) func(result.Slot) float64 {
	metrics, others := bytesOfMetrics(m, arm, launch), otherBytes(m, arm, launch)
	return func(s result.Slot) float64 { return metrics(s) + others(s) }
}

// uncounted are the bytes of an arm in one launch that do not count, as shares of its metrics and of all else, and together.
func (m *measured) uncounted(of result.Volume) (ofMetrics, ofOthers, bytes float64) {
	launch := slices.Index(m.numbers, of.Launch)
	arm := slices.IndexFunc(m.run.Arms, func(a result.Arm) bool { return a.Name == of.Arm })
	if launch < 0 || arm < 0 {
		return 0, 0, 0
	}
	var allMetrics, allOthers, metrics, others float64
	for _, s := range m.slots {
		if s.Launch == of.Launch && s.Arm == of.Arm {
			allMetrics, metrics = allMetrics+float64(s.Telemetry.MetricBytes), metrics+bytesOfMetrics(m, arm, launch)(s)
			allOthers, others = allOthers+float64(s.Telemetry.Bytes-s.Telemetry.MetricBytes), others+otherBytes(m, arm, launch)(s)
		}
	}
	return (allMetrics - metrics) / max(1, allMetrics), (allOthers - others) / max(1, allOthers), allMetrics + allOthers - metrics - others
}
