package containers

import (
	"errors"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestVolumeOfSeveralConfigurations: the sum goes on, whether the lever said that the Collector begins again, or the guard made it.
func TestVolumeOfSeveralConfigurations(t *testing.T) {
	var v volume
	spans := func(n int64) int64 { return v.read(collector.Volume{Spans: n}).Spans }
	for _, step := range []struct{ reads, want int64 }{{5, 5}, {7, 7}, {2, 9}, {4, 11}} { // the third begins again
		if got := spans(step.reads); got != step.want {
			t.Errorf("read %d: %d spans, want %d", step.reads, got, step.want)
		}
	}
	v.again()
	for _, step := range []struct{ reads, want int64 }{{6, 17}, {8, 19}} { // more than before, and yet another Collector
		if got := spans(step.reads); got != step.want {
			t.Errorf("read %d: %d spans, want %d", step.reads, got, step.want)
		}
	}
}

// TestStateOfACollectorThatBeginsAgain: what is read while the Collector takes a configuration is not the state of one that works.
func TestStateOfACollectorThatBeginsAgain(t *testing.T) {
	const dropping = "# TYPE otelcol_receiver_accepted_metric_points counter\notelcol_receiver_accepted_metric_points 500\n" +
		"# TYPE otelcol_exporter_enqueue_failed_metric_points counter\notelcol_exporter_enqueue_failed_metric_points 200\n"
	const begun = "otelcol_exporter_queue_capacity 1000\n"
	broken := errors.New("connection refused")
	answers := lever.CollectorState{Answers: true}
	for _, c := range []struct {
		name          string
		before, after bool
		text          string
		failed        error
		want          lever.CollectorState
		err           bool
	}{
		{name: "it works", before: true, after: true, text: dropping, want: lever.CollectorState{Answers: true, DataPoints: 500, Dropped: 200}},
		{name: "it has begun", before: true, after: true, text: begun, want: answers},
		{name: "it is about to begin", before: true, text: begun},
		{name: "it has stopped", before: true, failed: broken},
		{name: "it does not work", text: dropping},
		{name: "it works and cannot be read", before: true, after: true, failed: broken, err: true},
		{name: "it works and says something else", before: true, after: true, text: "go_goroutines 5\n", err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := false
			works := func() bool {
				if read {
					return c.after
				}
				return c.before
			}
			got, err := stateOf(works, func() ([]byte, error) { read = true; return []byte(c.text), c.failed })
			if got != c.want || (err != nil) != c.err {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// TestPipelineHasItsLeversOnly: what needs the links and the receiver is refused where they are missing.
func TestPipelineHasItsLeversOnly(t *testing.T) {
	a := &arm{}
	for name, ok := range map[string]bool{
		lever.StopCollector: true, lever.AskSeries: true, lever.ChangeCollector: false, lever.SilenceAlerts: false, lever.AskNotified: false,
		lever.Pause: false, lever.Latency: false,
	} {
		if err := a.Reach(role.Telemetry, name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
