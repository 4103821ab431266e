package containers

import (
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
