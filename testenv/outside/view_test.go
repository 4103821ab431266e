package outside

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv"
)

// TestOutsideView: what the load generator saw can be scraped before the arm is up, and without it.
func TestOutsideView(t *testing.T) {
	o, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	v := o.Add("full", kgo.SeedBrokers("127.0.0.1:1"))
	v.Observe(testenv.Observed{Steps: map[string]int64{"click": 2}, Failed: 1})
	v.Observe(testenv.Observed{
		Steps: map[string]int64{"click": 3}, Dropped: 4, Response: []int64{1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3}, ResponseSum: 18 * time.Second,
	})
	resp, err := http.Get(o.URL("full"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`loadgen_requests_total{step="click"} 5`, "loadgen_failed_total 1", "loadgen_dropped_total 4",
		`loadgen_request_duration_seconds_bucket{le="0.005"} 1`, `loadgen_request_duration_seconds_bucket{le="0.025"} 3`,
		`loadgen_request_duration_seconds_bucket{le="5"} 3`, `loadgen_request_duration_seconds_bucket{le="+Inf"} 6`,
		"loadgen_request_duration_seconds_sum 18", "loadgen_request_duration_seconds_count 6",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	// A Prometheus to which the view is pushed has the same series.
	families, err := v.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	pushed := map[string]float64{}
	for _, series := range writeRequest(families, time.Now()).Timeseries {
		name := ""
		for _, l := range series.Labels {
			name += l.Name + "=" + l.Value + " "
		}
		pushed[name] = series.Samples[0].Value
	}
	for name, want := range map[string]float64{
		"__name__=loadgen_request_duration_seconds_bucket job=outside le=0.025 ": 3, "__name__=loadgen_request_duration_seconds_bucket job=outside le=+Inf ": 6,
		"__name__=loadgen_request_duration_seconds_count job=outside ": 6, "__name__=loadgen_failed_total job=outside ": 1,
	} {
		if got, ok := pushed[name]; !ok || got != want {
			t.Errorf("pushed %s is %v, want %v", name, got, want)
		}
	}
}
