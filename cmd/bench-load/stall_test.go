package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/markdown"
)

// TestStall: of 200 requests a second for 10 s, those that are due in a stall of 1 s wait for its end. Every peer whose load is open
// shows that in its 99th and 99.9th percentile. One that is closed, or that drops what it cannot send, does not, where the machine keeps
// up: on one that is busy everybody waits longer than planned, and shows that. TestAsPlanned has the closed one on any machine.
func TestStall(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 seconds")
	}
	const but = 0.15
	p := stallPlan{rate: 200, length: 10 * time.Second, after: 4 * time.Second, stop: time.Second, together: true, vegeta: buildVegeta(t)}
	b := &bench{stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}
	seen, err := b.stall(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	planned, stalled := p.rate*p.length.Seconds(), p.rate*p.stop.Seconds()
	keepsUp := true
	for _, s := range seen {
		if enough := float64(s.vus) >= stalled; enough && s.script != "" {
			keepsUp = keepsUp && s.dropped == 0 && !(s.lag.p99 > 0.1)
		}
	}
	for _, s := range seen {
		name, told, enough := s.name+" "+s.how, s.toldTail(), float64(s.vus) >= stalled || s.script == ""
		for q, got := range map[float64]float64{0.99: s.reference.p99, 0.999: s.reference.p999} {
			if want := p.byArithmetic(s.stop, q); s.plan && math.Abs(got-want) > 0.1 {
				t.Errorf("%s: the %v quantile of what users would have waited is %.3f s, by arithmetic %.3f", name, q, got, want)
			}
		}
		if enough && !told.shows(s.reference, but) {
			t.Errorf("%s: p99 %.3f s, p99.9 %.3f s, and users would have waited %.3f and %.3f", name, told.p99, told.p999, s.reference.p99, s.reference.p999)
		}
		if s.script != "" && s.told.requests > 1500 && (relative(s.recorded.p99, told.p99) > 0.05 || relative(s.recorded.longest, told.longest) > 0.01) {
			t.Errorf("%s: --out perso says p99 %.3f s and max %.3f s, k6's summary %.3f and %.3f", name, s.recorded.p99, s.recorded.longest, told.p99, told.longest)
		}
		if s.persoTimes && !(s.lag.p99 >= 0) {
			t.Errorf("%s: --out perso has no lag", name)
		}
		if !keepsUp {
			continue
		}
		if !enough && told.shows(s.reference, but) {
			t.Errorf("%s: p99 %.3f s, p99.9 %.3f s: it shows a stall that it cannot have seen", name, told.p99, told.p999)
		}
		if few := s.vus > 1 && !enough; few && float64(s.dropped) < stalled/2 {
			t.Errorf("%s: %d requests are counted as dropped, of the %v that were due in the stall", name, s.dropped, stalled)
		}
		if s.peer == visit && relative(s.told.requests+float64(s.dropped), planned) > 0.02 {
			t.Errorf("%s: %v requests and %d dropped, want %v together", name, s.told.requests, s.dropped, planned)
		}
	}
	if !keepsUp {
		t.Log("the machine is too busy to tell what a closed load does not show")
	}
	t.Log(text(t, b, stallTable(p, seen)))
}

// shows says whether a tail has what users would have waited, but for a part of it, at the 99th percentile and at the 99.9th.
func (t tail) shows(reference tail, but float64) bool {
	return t.p99 >= (1-but)*reference.p99 && t.p999 >= (1-but)*reference.p999
}

// relative is how far a number is from another one, as a part of it.
func relative(got, want float64) float64 { return math.Abs(got-want) / want }

// text is a table as it is printed.
func text(t *testing.T, b *bench, table *markdown.Table) string {
	t.Helper()
	var out bytes.Buffer
	b.stdout = &out
	if err := b.show(table); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestAsPlanned: a target that takes 2 ms stalls from 4 to 5 s. Requests that came at even times waited what the plan says; of a
// generator that waited with them, only one did, and the plan says the same.
func TestAsPlanned(t *testing.T) {
	at := func(s float64) int64 { return int64(s * 1e9) }
	open, closed := serverLog{StallFrom: at(4), StallTo: at(5)}, serverLog{StallFrom: at(4), StallTo: at(5)}
	for n := range 2000 {
		due := float64(n) / 200
		left := due + 0.002
		if due >= 4 && due < 5 {
			left = 5.002
		}
		open.Requests = append(open.Requests, served{at(due), at(left)})
		if due <= 4 || due >= 5.002 {
			closed.Requests = append(closed.Requests, served{at(due), at(left)})
		}
	}
	for name, log := range map[string]serverLog{"open": open, "closed": closed} {
		got := log.asPlanned(200, 10*time.Second)
		for _, c := range []struct{ got, want float64 }{{got.p99, 0.902}, {got.p999, 0.992}, {got.longest, 1.002}} {
			if math.Abs(c.got-c.want) > 0.006 { // one request
				t.Errorf("%s: %.4f s, want %.4f", name, c.got, c.want)
			}
		}
	}
	reference := open.asPlanned(200, 10*time.Second)
	if own := open.asPlanned(0, 0); !own.shows(reference, 0.15) {
		t.Errorf("the open generator's own times %v do not show %v", own, reference)
	}
	if own := closed.asPlanned(0, 0); own.shows(reference, 0.15) {
		t.Errorf("the closed generator's own times %v show %v", own, reference)
	}
	if got := open.asPlanned(0, 0); math.Abs(got.p99-0.902) > 0.006 {
		t.Errorf("by the requests that came: p99 %.4f s, want 0.902", got.p99)
	}
	if got := closed.asPlanned(0, 0); got.p99 > 0.01 {
		t.Errorf("by the requests of the closed generator: p99 %.4f s, want 0.002", got.p99)
	}
}

// TestInterrupted: an interrupted bench ends, and says so.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, strings.Fields("memory --for 1m --every 1s --rate 10"), &stdout, &stderr); code != exitCouldNotRun {
		t.Errorf("exit code %d, %s", code, fmt.Sprint(stdout.String(), stderr.String()))
	}
}
