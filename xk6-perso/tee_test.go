package perso

import (
	"net"
	"net/http"
	"testing"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"
)

// A tee ends with its turn; what k6 sends afterwards, even for an iteration that never comes to its turn, finds room, and k6
// gets every sample once, in order.
func TestTee(t *testing.T) {
	builtin := metrics.RegisterBuiltinMetrics(metrics.NewRegistry())
	out, transport := make(chan metrics.SampleContainer, 100), new(http.Transport)
	state := &lib.State{BuiltinMetrics: builtin, Samples: out, Transport: transport}
	on := testTurn(time.Now())
	on.rec.run.out.Add(1)
	conn := &net.TCPAddr{}
	sample := func(m *metrics.Metric) metrics.Sample {
		return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m}}
	}

	tee := openTee(state, on)
	on.answered(on.send(time.Now()), conn)
	state.Samples <- testTrail(conn, time.Now(), 0, "")
	state.Samples <- sample(builtin.Checks)
	state.Samples <- sample(builtin.DataSent)
	on.rec.run.out.Wait()
	if on.rec.report.Sent != 1 || on.rec.turns != 1 || len(out) != 0 {
		t.Errorf("%+v, %d turns; k6 has %d samples before the VU is back", on.rec.report, on.rec.turns, len(out))
	}
	for range afterwards {
		state.Samples <- sample(builtin.Iterations)
	}
	tee.close(state)
	if len(out) != 3+afterwards || state.Samples != (chan<- metrics.SampleContainer)(out) || state.Transport != http.RoundTripper(transport) {
		t.Fatalf("k6 has %d samples, of %d", len(out), 3+afterwards)
	}
	<-out
	if c := (<-out).GetSamples()[0].Metric; c != builtin.Checks {
		t.Errorf("the second sample is of %s", c.Name)
	}
}
