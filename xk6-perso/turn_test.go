package perso

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

const ms = time.Millisecond

// testTurn is a turn that was due 200 ms into its slot and began 30 ms later, at 0.
func testTurn(at time.Time) *turn {
	all := newTurns(turnsOptions{seed: 1, vus: 1})
	scheduled := at.Add(-30 * ms)
	run := &slotRun{order: slot.Order{Phase: slot.Toll, Washout: 100 * ms}, start: scheduled.Add(-200 * ms)}
	on := &turn{all: all, arm: &turnLane{arm: &arm{}}, rec: all.newRecord(run, "off"), scheduled: scheduled}
	on.begin(at)
	return on
}

func testTrail(conn net.Addr, end time.Time, duration time.Duration, step string) *httpext.Trail {
	trail := &httpext.Trail{ConnRemoteAddr: conn, EndTime: end, Duration: duration}
	trail.Failed.Valid = true
	if step != "" {
		trail.Tags = metrics.NewRegistry().RootTagSet().With(stepTag, step)
	}
	return trail
}

// The delay of a turn is in the response time of its first request alone, and what the script does before it in none.
func TestTurnTimes(t *testing.T) {
	at := time.Now()
	on := testTurn(at)
	conn := &net.TCPAddr{Port: 1}
	for i, sent := range []time.Duration{500 * ms, 700 * ms} {
		on.answered(on.send(at.Add(sent)), conn)
		on.sample(testTrail(conn, at.Add(sent+40*ms), 40*ms, fmt.Sprintf("s%d", i)))
	}
	on.sample(testTrail(conn, at.Add(time.Second), ms, "")) // to elsewhere
	if r := on.rec.report; r.Sent != 2 || on.rec.last != at.Add(740*ms) || len(on.rec.hists) != 2 {
		t.Fatalf("%+v, last %s", r, on.rec.last)
	}
	for step, want := range map[string][len(kinds)]time.Duration{"s0": {40 * ms, 70 * ms, 30 * ms}, "s1": {40 * ms, 40 * ms, 0}} {
		for i, h := range on.rec.hists[step] {
			if got := time.Duration(h.Max()); got.Round(ms) != want[i] {
				t.Errorf("%s of %s: %s, want %s", kinds[i], step, got, want[i])
			}
		}
	}
}

// On a connection that carries several requests, and for requests that never got one, each sample finds its own.
func TestTurnMatches(t *testing.T) {
	at := time.Now()
	one, other := &net.TCPAddr{Port: 1}, &net.TCPAddr{Port: 1} // alike, but not the same
	on := testTurn(at)
	for i, conn := range []net.Addr{one, one, other, nil} {
		on.answered(on.send(at.Add(time.Duration(100*i)*ms)), conn)
	}
	on.sample(testTrail(one, at.Add(150*ms), 50*ms, "second"))
	on.sample(testTrail(other, at.Add(203*ms), 3*ms, "third"))
	on.sample(testTrail(one, at.Add(400*ms), 400*ms, "first"))
	on.sample(testTrail(nil, at.Add(305*ms), 0, "refused"))
	for step, want := range map[string]time.Duration{"first": 400 * ms, "second": 50 * ms, "third": 3 * ms, "refused": 5 * ms} {
		var h *hdr.Histogram
		if got := on.rec.hists[step]; got != nil {
			h = got[0]
		}
		if h == nil || h.TotalCount() != 1 || time.Duration(h.Max()).Round(ms) != want {
			t.Errorf("%s: %v, want one of %s", step, h, want)
		}
	}
}

// Names of steps that are odd, or one too many, fall under request.
func TestTurnSteps(t *testing.T) {
	on := testTurn(time.Now())
	for name, want := range map[string]string{
		"": slot.AnyStep, "Search": slot.AnyStep, "a/b": slot.AnyStep, "a b": slot.AnyStep, "ä": slot.AnyStep,
		strings.Repeat("a", 41): slot.AnyStep, slot.AnyStep: slot.AnyStep, "top-10": "top-10",
	} {
		if got := on.step(testTrail(nil, time.Now(), 0, name)); got != want {
			t.Errorf("%q is recorded as %q, want %q", name, got, want)
		}
	}
	steps := map[string]bool{}
	for range 2 {
		for i := range 100 {
			steps[on.step(testTrail(nil, time.Now(), 0, fmt.Sprintf("s%d", i)))] = true
		}
	}
	if len(steps) > maxSteps+1 || !steps["s0"] || !steps[slot.AnyStep] {
		t.Errorf("%d steps: %v", len(steps), steps)
	}
}
