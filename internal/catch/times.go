package catch

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// timesOf are the response times of a histogram, in seconds, each the highest that its bucket stands for.
func timesOf(h *hdr.PackedHistogram) []stats.Weighted {
	out := make([]stats.Weighted, 0, h.Populated())
	one := h.Clone() // of the same geometry
	for value, n := range h.ForEachBucket {
		one.Reset()
		if n > 0 && one.RecordValue(value) == nil { // what was in h is in its range
			out = append(out, stats.Weighted{Value: time.Duration(one.Max()).Seconds(), N: n})
		}
	}
	return out
}

// percentile is the 95th of the response times of a window, with its interval.
func (w window) percentile() stats.Interval {
	var seconds [][]stats.Weighted
	for _, s := range w {
		seconds = append(seconds, s.times)
	}
	out := stats.ClusterQuantile(seconds, 0.95, FeltConfidence, 1)
	out.Lo = max(0, out.Lo)
	return out
}
