package verdict_test

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// TestContentsAddUp: the pieces of a level are all of its telemetry, as the breakdown by signal has it, and what they are over the level
// below is what the level is over it.
func TestContentsAddUp(t *testing.T) {
	d := brief(nil)
	d.Volumes[len(d.Volumes)-1].Parts[0].Name = "PUT /recommend" // a name of one launch only, and of one level
	a := analyze(t, d)
	if len(a.Contents) != 4 {
		t.Fatalf("%d levels, want 4", len(a.Contents))
	}
	for i, c := range a.Contents {
		bytes, over := 0.0, 0.0
		for _, p := range c.Pieces {
			bytes, over = bytes+p.Bytes, over+p.Over
		}
		if want := wire(a.Parts[i]); !near(bytes, want) || !near(c.Bytes, want) {
			t.Errorf("%s: pieces of %v bytes, the level has %v, the breakdown %v", c.Arm.Name, bytes, c.Bytes, want)
		}
		switch {
		case i == 0 && (c.Below != "" || !math.IsNaN(c.Over) || !math.IsNaN(over)):
			t.Errorf("the baseline is %v over %q", c.Over, c.Below)
		case i > 0 && (c.Below != a.Contents[i-1].Arm.Name || !near(over, c.Over) || !near(c.Over, c.Bytes-a.Contents[i-1].Bytes)):
			t.Errorf("%s is %v over %q, its pieces %v", c.Arm.Name, c.Over, c.Below, over)
		}
	}
}

// wire is the bytes of a breakdown.
func wire(b verdict.Breakdown) float64 {
	for _, s := range b.Signals {
		if s.Of == "on the wire" {
			return s.Value
		}
	}
	return math.NaN()
}

// metricBytes leaves the slots of an arm in a launch these metrics, half of which came while it had no load, and all others none.
func metricBytes(d *result.Data, arm string, launch int, bytes int64) {
	for i := range d.Slots {
		s := &d.Slots[i]
		s.Telemetry.DataPoints, s.Telemetry.MetricBytes = 0, 0
		if s.Phase == slot.Toll && s.Arm == arm && s.Launch == launch {
			s.Metered, s.Telemetry.MetricBytes, bytes = 2*s.Loaded(), bytes, 0
		}
	}
}

// TestContentsByHand: two launches of 1,000 and 2,000 requests, the level below with a span that this one lacks, and prices. Half of
// the metrics came without load.
func TestContentsByHand(t *testing.T) {
	d := brief(nil)
	d.Run.Prices = &result.Prices{Currency: "EUR", SpansMillion: 2, TelemetryGB: 3, SeriesMonth: 730, Rate: 1e6 / 3600} // a million requests an hour
	span := func(name string, count, bytes int64) result.VolumePart {
		return result.VolumePart{Signal: result.InSpans, Service: "s", Name: name, Count: count, Bytes: bytes}
	}
	d.Volumes = []result.Volume{
		{Arm: "logs", Requests: 1000, Bytes: 500, Parts: []result.VolumePart{span("a", 5, 300), span("gone", 1, 200)}},
		{Arm: "full", Requests: 1000, Bytes: 1100, Parts: []result.VolumePart{span("a", 10, 1000)}},
		{Arm: "full", Launch: 1, Requests: 2000, Bytes: 5000, Parts: []result.VolumePart{span("a", 40, 3000),
			{Signal: result.InMetrics, Name: "m", Count: 8, Bytes: 2000, Series: 7, Label: "x", Values: 3}}},
	}
	metricBytes(d, "full", 1, 2000)
	a := analyze(t, d)
	if len(a.Contents) != 2 || a.Contents[1].Arm.Name != "full" || a.Contents[1].Below != "logs" || a.Contents[1].Currency != "EUR" {
		t.Fatalf("%+v", a.Contents)
	}
	// a: (1000 + 1500)/2 bytes, (10 + 20)/2 spans; 1.25 MB and 15,000 spans per million; m: (0 + 500)/2 bytes, 7 series for an hour
	for i, want := range []struct {
		name                       string
		bytes, over, count, amount float64
	}{
		{"a", 1250, 950, 15, 1.25e-3*3 + 0.015*2},
		{"m", 250, 250, 1, 0.25e-3*3 + 7./1000},
		{"", 50, 50, 0, 0.05e-3 * 3}, // of 1,100 bytes 100 are in no part
		{"gone", 0, -200, 0, 0},
	} {
		p := a.Contents[1].Pieces[i]
		if p.Of.Name != want.name || !near(p.Bytes, want.bytes) || !near(p.Over, want.over) || !near(p.Count, want.count) || !near(p.Amount, want.amount) {
			t.Errorf("piece %d: %+v, want %+v", i, p, want)
		}
	}
}

// TestContentsOfCompressed: what was compressed on the wire is divided by the sizes before, and nothing is left over.
func TestContentsOfCompressed(t *testing.T) {
	d := brief(nil)
	d.Volumes = []result.Volume{{Arm: "full", Requests: 1000, Bytes: 100, Compressed: true, Parts: []result.VolumePart{
		{Signal: result.InLogs, Name: "a", Count: 1, Bytes: 600}, {Signal: result.InLogs, Name: "b", Count: 1, Bytes: 200}}}}
	metricBytes(d, "", 0, 0)
	c := analyze(t, d).Contents
	if len(c) != 1 || !c[0].Compressed || !near(c[0].Pieces[0].Bytes, 75) || !near(c[0].Pieces[1].Bytes, 25) || c[0].Pieces[2].Bytes != 0 {
		t.Errorf("%+v", c)
	}
	d.Volumes = nil
	if a := analyze(t, d); a.Contents != nil {
		t.Errorf("a run that cannot tell has %+v", a.Contents)
	}
}
