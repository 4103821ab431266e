package verdicttest

import (
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// volumes say that of the bytes of every arm and launch half are of the span of requests, a quarter is of a metric, a tenth names the
// resource of spans, and the rest is not known.
func volumes(d *result.Data) []result.Volume {
	var out []result.Volume
	index := map[[2]any]int{}
	for _, s := range d.Slots {
		if s.Phase != slot.Toll {
			continue
		}
		key := [2]any{s.Launch, s.Arm}
		at, known := index[key]
		if !known {
			at = len(out)
			index[key] = at
			out = append(out, result.Volume{Launch: s.Launch, Arm: s.Arm})
		}
		out[at].Requests += s.Work.Sent
		out[at].Bytes += s.Telemetry.Bytes
	}
	for i, v := range out {
		if v.Bytes > 0 {
			out[i].Parts = []result.VolumePart{
				{Signal: result.InSpans, Service: "gateway", Name: "POST /recommend", Count: v.Requests, Bytes: v.Bytes / 2},
				{Signal: result.InSpans, Service: "gateway", Rest: result.RestBatches, Count: 10, Bytes: v.Bytes / 10},
				{Signal: result.InMetrics, Service: "gateway", Name: "requests", Count: 40, Bytes: v.Bytes / 4, Series: 12, Label: "channel", Values: 3},
			}
		}
	}
	return out
}
