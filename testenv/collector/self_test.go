package collector

import (
	"os"
	"strings"
	"testing"
)

// testdata/self.txt is what the standard image answered at 0.161.0, after 4 spans, 4 log records and a data point over HTTP
// and a data point over gRPC, without a Prometheus to send metrics to.
func TestParseSelfMetrics(t *testing.T) {
	f, err := os.Open("testdata/self.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := ParseSelfMetrics(f)
	if want := (Volume{Spans: 4, LogRecords: 4, DataPoints: 2, Bytes: 348 + 85 + 469, MetricBytes: 85, Refused: 4}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, tt := range []struct{ text, want string }{
		{"up 1\n", "none of the 1 metrics is a Collector's"},
		{"", "none of the 0 metrics"},
		{"<html>", "collector: self-metrics: text format parsing error"},
	} {
		if _, err := ParseSelfMetrics(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want it to contain %q", tt.text, err, tt.want)
		}
	}
}
