package perso

import (
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"
)

// tee stands between a VU and k6 for one turn. It shows the turn the samples of its requests, and keeps all samples for k6
// until the VU comes back. It must not pass them on from a goroutine of its own: k6 closes the channel when the last VU is
// done, and to send on a closed channel panics. k6 gets no samples of a turn that it cuts short.
type tee struct {
	turn *turn
	sent *metrics.Metric
	in   chan metrics.SampleContainer // has room for afterwards
	out  chan<- metrics.SampleContainer
	held []metrics.SampleContainer
	done chan struct{}
}

// afterwards is how many samples find room between the end of a turn and the VU's return: one of the iteration, and those of
// another iteration that k6 begins and cuts short when it stops. Nobody takes them in that time, so without room k6 would wait
// for ever.
const afterwards = 16

// openTee puts a tee, and the turn's wire, into the state of a VU. close takes them out again.
func openTee(state *lib.State, on *turn) *tee {
	t := &tee{
		turn: on, sent: state.BuiltinMetrics.DataSent,
		in: make(chan metrics.SampleContainer, afterwards), out: state.Samples, done: make(chan struct{}),
	}
	state.Samples = t.in
	state.Transport = &wire{next: state.Transport, turn: on}
	go t.run()
	return t
}

// run ends with the turn. Its sign is the sample of the bytes sent, which k6 makes when an iteration and all its callbacks are
// over, even if the iteration failed. What comes afterwards waits in the channel for close.
func (t *tee) run() {
	defer close(t.done)
	for c := range t.in {
		t.held = append(t.held, c)
		if trail, ok := c.(*httpext.Trail); ok {
			t.turn.sample(trail)
		} else if samples := c.GetSamples(); len(samples) > 0 && samples[0].Metric == t.sent {
			t.turn.end()
			return
		}
	}
}

// close waits for run to end, hands the samples to k6 and restores the VU's state.
func (t *tee) close(state *lib.State) {
	<-t.done
	for _, c := range t.held {
		t.out <- c
	}
	for len(t.in) > 0 { // nobody sends: this is the VU's own goroutine
		t.out <- <-t.in
	}
	state.Samples = t.out
	if w, ok := state.Transport.(*wire); ok {
		state.Transport = w.next
	}
}
