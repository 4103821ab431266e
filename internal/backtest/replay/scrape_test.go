package replay

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// Of every interval the first sample is left. A series that ends for good ends at the next interval; one that is back by then has not
// ended.
func TestEvery(t *testing.T) {
	const gone = -1 // a staleness marker
	for _, c := range []struct {
		name       string
		in, out    [][2]int64 // time, value
		every, off int64
	}{
		{"every second one", [][2]int64{{100, 1}, {105, 2}, {110, 3}, {115, 4}}, [][2]int64{{100, 1}, {110, 3}}, 10, 0},
		{"with another beginning", [][2]int64{{100, 1}, {105, 2}, {110, 3}, {115, 4}}, [][2]int64{{100, 1}, {105, 2}, {115, 4}}, 10, 5},
		{"samples that are late", [][2]int64{{101, 1}, {106, 2}, {114, 3}, {117, 4}}, [][2]int64{{101, 1}, {114, 3}}, 10, 0},
		{"a gap", [][2]int64{{100, 1}, {105, 2}, {150, 3}}, [][2]int64{{100, 1}, {150, 3}}, 10, 0},
		{"ended in the middle", [][2]int64{{100, 1}, {105, gone}}, [][2]int64{{100, 1}, {110, gone}}, 10, 0},
		{"ended at a scrape", [][2]int64{{100, 1}, {110, gone}}, [][2]int64{{100, 1}, {110, gone}}, 10, 0},
		{"back at the next scrape", [][2]int64{{100, 1}, {105, gone}, {110, 3}}, [][2]int64{{100, 1}, {110, 3}}, 10, 0},
		{"back within the interval", [][2]int64{{100, 1}, {103, gone}, {106, 2}, {110, 3}}, [][2]int64{{100, 1}, {110, 3}}, 10, 0},
		{"back later", [][2]int64{{100, 1}, {105, gone}, {122, 3}}, [][2]int64{{100, 1}, {110, gone}, {122, 3}}, 10, 0},
		{"nothing", nil, nil, 10, 0},
	} {
		var in floats
		for _, s := range c.in {
			v := float64(s[1])
			if s[1] == gone {
				v = math.Float64frombits(value.StaleNaN)
			}
			in = append(in, float{s[0], v})
		}
		var got [][2]int64
		for _, s := range in.every(c.every, c.off) {
			v := int64(gone)
			if !value.IsStaleNaN(s.v) {
				v = int64(s.v)
			}
			got = append(got, [2]int64{s.t, v})
		}
		if !slices.Equal(got, c.out) {
			t.Errorf("%s: %v, want %v", c.name, got, c.out)
		}
	}
}

// An interval must be one that both sources of samples can tell, and longer than they are.
func TestScrapedRefuses(t *testing.T) {
	r := &Recording{experiment: &experiment.Experiment{
		Telemetry: experiment.Telemetry{ScrapeInterval: 500 * time.Millisecond, CatchMetricInterval: 250 * time.Millisecond}, Alerts: experiment.Alerts{Lapse: 60},
	}}
	for every, ms := range map[time.Duration]int64{
		time.Minute: 1000, 90 * time.Second: 1500, 10 * time.Minute: 10_000,
		30 * time.Second: 0, 45 * time.Second: 0, 75 * time.Second: 0, 15 * time.Second: 0, time.Nanosecond: 0, -time.Minute: 0,
	} {
		got, err := r.Scraped(every)
		switch {
		case ms > 0 && (err != nil || got.every != ms || r.every != 0):
			t.Errorf("%v: %v, %v, want %d ms", every, got, err, ms)
		case ms == 0 && (err == nil || !strings.Contains(err.Error(), "want a multiple of the recorded 30s in the time of the rules, from 1m on")):
			t.Errorf("%v: %v", every, err)
		}
	}
}
