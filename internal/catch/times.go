package catch

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// timesOf are the response times of a histogram, in seconds.
func timesOf(h *hdr.Histogram) []stats.Weighted {
	var out []stats.Weighted
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			out = append(out, stats.Weighted{Value: time.Duration(bar.To).Seconds(), N: bar.Count})
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
