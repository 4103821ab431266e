package perso

import (
	"fmt"
	"net"
	"slices"
	"time"

	"go.k6.io/k6/v2/lib/netext/httpext"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// A script names the step of a request with the tag "step"; without one it is slot.AnyStep. Steps tag histograms, so there are
// few of them, with plain names.
const (
	stepTag    = "step"
	maxSteps   = 20
	maxStepLen = 40
)

// What a turn has to do.
const (
	jobRun      = "run"
	jobSetUp    = "setup"
	jobTearDown = "teardown"
)

// turn is one iteration of the user's script against one arm, or its setup or teardown there. The lock of turns guards it.
type turn struct {
	all       *turns
	arm       *turnLane
	job       string
	rec       *record       // of a run; nil: what the turn does is not measured
	scheduled time.Time     // when it was due
	done      chan struct{} // without a record: closed at its end

	begun    time.Time
	requests int64                    // to the target
	open     map[net.Addr][]*exchange // made, but not yet in k6's samples; by connection, nil for those that got none
	failed   int64                    // requests
	threw    string                   // the exception that ended it
	result   string                   // of a setup: what it returned, as JSON
}

// exchange is one request of a turn to its target.
type exchange struct {
	sent    time.Time
	first   bool // of its turn
	bad     bool // transport error or status ≥ 400
	spun    time.Duration
	hasSpun bool
	hops    []slot.Hop
}

// begin starts the turn's clock.
func (t *turn) begin(now time.Time) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.begun, t.open = now, map[net.Addr][]*exchange{}
	if t.rec != nil {
		result.Record(t.rec.lag, t.lag())
	}
}

// lag is by how much the turn began late.
func (t *turn) lag() time.Duration { return t.begun.Sub(t.scheduled) }

// send takes note of a request that is about to be made.
func (t *turn) send(now time.Time) *exchange {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.requests++
	t.arm.asked++
	return &exchange{sent: now, first: t.requests == 1}
}

// answered takes a request that has its answer, or its error, and now waits for its sample. Connections are told apart by
// the identity of their remote address: each has a value of its own.
func (t *turn) answered(x *exchange, conn net.Addr) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.open[conn] = append(t.open[conn], x)
}

// sample takes what k6 measured of a request, to the target or to anybody else.
func (t *turn) sample(trail *httpext.Trail) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	if t.rec == nil {
		return
	}
	if x := t.match(trail); x != nil {
		t.record(x, trail)
	}
}

// match takes out the request that a sample belongs to; nil: the request did not go to the target. On a connection that
// carries many requests at once it is the one whose begin is nearest to the sample's.
func (t *turn) match(trail *httpext.Trail) *exchange {
	list := t.open[trail.ConnRemoteAddr]
	if len(list) == 0 {
		return nil
	}
	began := trail.EndTime.Add(-trail.Duration - trail.Blocked)
	best := 0
	for i, x := range list {
		if x.sent.Sub(began).Abs() < list[best].sent.Sub(began).Abs() {
			best = i
		}
	}
	x := list[best]
	t.open[trail.ConnRemoteAddr] = slices.Delete(list, best, best+1)
	return x
}

// record books a request. The delay of the turn is in the response time of its first request. Later requests are due when
// the script makes them.
func (t *turn) record(x *exchange, trail *httpext.Trail) {
	r := t.rec
	if trail.EndTime.After(r.last) {
		r.last = trail.EndTime
	}
	step := t.step(trail)
	r.report.Sent++
	r.report.Steps[step]++
	if trail.Failed.Bool || !trail.Failed.Valid && x.bad { // not valid: the script told k6 to judge no response
		r.report.Failed++
		t.failed++
	}
	if t.scheduled.Sub(r.run.start) < r.run.order.Washout {
		return
	}
	h, service := r.histograms(step), trail.EndTime.Sub(x.sent)
	result.Record(h[0], service)
	if x.first {
		result.Record(h[1], t.lag()+service)
		result.Record(h[2], t.lag())
	} else {
		result.Record(h[1], service)
	}
	if x.hasSpun {
		r.spun += x.spun
		r.report.SpunN++
	}
	if !x.bad {
		r.parts(step, x.hops, service)
	}
}

// step is the step that the request's tags name; slot.AnyStep if they name none, or there are too many names already.
func (t *turn) step(trail *httpext.Trail) string {
	if trail.Tags == nil {
		return slot.AnyStep
	}
	name, ok := trail.Tags.Get(stepTag)
	if !ok || name == slot.AnyStep || !plain(name) {
		return slot.AnyStep
	}
	if !slices.Contains(t.all.names, name) {
		if len(t.all.names) == maxSteps {
			return slot.AnyStep
		}
		t.all.names = append(t.all.names, name)
	}
	return name
}

// plain says whether a step's name has only lower-case letters, digits and hyphens, and is not too long.
func plain(name string) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= maxStepLen
}

// end closes the turn. All its samples are in; there are none if it was never begun.
func (t *turn) end() {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	switch {
	case t.rec == nil:
		close(t.done)
		return
	case !t.begun.IsZero():
		t.rec.turns++
		t.arm.ended++
		if t.threw != "" && t.failed == 0 { // else the exception came of a request that counts as failed already
			t.rec.report.Failed++
		}
		if t.arm.asked == 0 && t.arm.ended == maxSilent {
			t.all.fail(t.silence())
		}
	}
	t.rec.run.out.Done()
}

// silence is the error of a script whose turns make no requests to their arm.
func (t *turn) silence() error {
	if t.threw != "" {
		return fmt.Errorf("perso: turns: %d turns ended without a request to arm %s: the script threw: %s", maxSilent, t.arm.Arm, t.threw)
	}
	return fmt.Errorf("perso: turns: %d turns ended without an HTTP request to arm %s at %s: "+
		"build every URL from __ENV.BASE_URL, inside the function, or all arms are the same machine", maxSilent, t.arm.Arm, t.arm.URL)
}
