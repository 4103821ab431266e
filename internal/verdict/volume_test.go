package verdict_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// TestVolumeWithoutLoad: twice the time without load is twice the metrics exported in it, and no more telemetry per request.
func TestVolumeWithoutLoad(t *testing.T) {
	d := brief(nil)
	want := analyze(t, d)
	for i := range d.Slots {
		s := &d.Slots[i]
		if s.Telemetry.DataPoints > 0 { // metered for 550 ms with 500 ms of load: 900 data points and 64,000 bytes of metrics are those of the load
			s.Metered += s.Loaded()
			s.Telemetry.DataPoints += 900
			s.Telemetry.MetricBytes, s.Telemetry.Bytes = s.Telemetry.MetricBytes+64_000, s.Telemetry.Bytes+64_000
		}
	}
	got := analyze(t, d)
	for _, metric := range []string{"spans", "log-records", "data-points", "bytes"} {
		if a, b := effect(t, want, "full", metric), effect(t, got, "full", metric); !near(a.Value, b.Value) || b.Value == 0 || b.Note != a.Note {
			t.Errorf("%s: %v, note %q; with longer drains %v, note %q", metric, a.Value, a.Note, b.Value, b.Note)
		}
	}
}

// TestWorkAtRest: what an arm does at rest does not count for the time in which it had no load.
func TestWorkAtRest(t *testing.T) {
	d := brief(nil)
	want := analyze(t, d)
	for i := range d.Slots {
		s := &d.Slots[i]
		if s.Arm != "full" { // a slot has 500 ms of load and is metered for 550 ms, one at rest has 500 ms
			continue
		}
		extra := int64(100) // a second: 50 ms without load
		if s.Phase == slot.Idle {
			extra, s.Runtime = 1000, map[string]result.Runtime{}
		}
		s.Telemetry.Spans, s.Telemetry.LogRecords, s.Telemetry.Bytes = s.Telemetry.Spans+extra, s.Telemetry.LogRecords+2*extra, s.Telemetry.Bytes+300*extra
		of := s.Runtime["gateway"]
		of.AllocBytes, of.AllocObjects = of.AllocBytes+1000*extra, of.AllocObjects+10*extra
		s.Runtime["gateway"] = of
	}
	got := analyze(t, d)
	for _, metric := range []string{"spans", "log-records", "data-points", "bytes", "allocs", "alloc-objects"} {
		if a, b := effect(t, want, "full", metric), effect(t, got, "full", metric); !near(a.Value, b.Value) || b.Value == 0 || b.Note != a.Note {
			t.Errorf("%s: %v, note %q; with work at rest %v, note %q", metric, a.Value, a.Note, b.Value, b.Note)
		}
	}
}

// TestWorkAtRestUnknown: a run that does not know what its arms do at rest says that all of it is counted. All bytes of a level that has
// only metrics are metrics, also where nobody says how many are.
func TestWorkAtRestUnknown(t *testing.T) {
	d := brief(nil)
	d.Slots = slices.DeleteFunc(d.Slots, func(s result.Slot) bool { return s.Phase == slot.Idle })
	for i := range d.Slots {
		d.Slots[i].Telemetry.MetricBytes = 0
	}
	d.Volumes = nil
	a := analyze(t, d)
	for _, c := range []struct {
		level, metric string
		want          float64
		noted         bool
	}{
		{"metrics", "bytes", 64_000 / 150. * 1000, true}, {"metrics", "data-points", 6000, false},
		{"full", "bytes", (1.1*64_000/150 + 350*2 + 420*7) * 1000, true}, {"full", "alloc-objects", 0, true}, {"full", "spans", 7000, true},
	} {
		e := effect(t, a, c.level, c.metric)
		if noted := strings.Contains(e.Note, "does not know what its arms use at rest"); c.want > 0 && !near(e.Value, c.want) || noted != c.noted {
			t.Errorf("%s of %s: %v, note %q; want %v, with a note %v", c.metric, c.level, e.Value, e.Note, c.want, c.noted)
		}
	}
}

// TestMetricBytesOfOlderRuns: where slots do not say how many bytes were metrics, what the telemetry was made of does.
func TestMetricBytesOfOlderRuns(t *testing.T) {
	d := brief(nil)
	for i := range d.Slots {
		d.Slots[i].Telemetry.MetricBytes = 0
	}
	// By verdicttest: a quarter of the bytes is of a metric, and 0.85 of them are known. A slot is metered for 1.1 times the time with load.
	metrics := 0.25 / 0.85
	if e := effect(t, analyze(t, d), "full", "bytes"); math.Abs(e.Value/((1.1*64_000/150+350*2+420*7)*1000*(1-metrics+metrics/1.1))-1) > 1e-4 || e.Note != "" {
		t.Errorf("%v, note %q", e.Value, e.Note)
	}
}

// TestMetricBytesNowhereTold: where nothing tells how many of a level's bytes were metrics, what came at rest is taken off all of them, also if it
// was metrics alone.
func TestMetricBytesNowhereTold(t *testing.T) {
	d := brief(nil)
	d.Volumes = nil
	for i := range d.Slots {
		s := &d.Slots[i]
		s.Telemetry.MetricBytes = 0
		if s.Phase == slot.Idle && s.Arm == "full" { // half a second of the 900 data points that come in 500 ms
			s.Telemetry.DataPoints, s.Telemetry.Bytes = 900, 64_000
		}
	}
	if e := effect(t, analyze(t, d), "full", "bytes"); !near(e.Value, (64_000/150.+350*2+420*7)*1000) || e.Note != "" {
		t.Errorf("%v, note %q", e.Value, e.Note)
	}
}
