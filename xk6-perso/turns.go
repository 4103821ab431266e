package perso

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/journey"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

const (
	assembleWithin = 30 * time.Second // for all VUs to have come
	setupWithin    = time.Minute      // for the setup of one arm
	maxSilent      = 10               // turns that may end before one has made a request to its arm
)

// turns is a driver of a script of the user's own. What comes due is a turn, which is one iteration of the script. A VU of k6
// that has nothing else to do plays it; if there is none, it is dropped.
//
// All arms have the same schedule. The HTTP requests that a turn makes to its arm are measured.
type turns struct {
	*driver // its lock guards all that follows, and the turns
	vus     int
	setup   bool // the script has a setup function

	idle  []*seat       // VUs without a turn, the last to come last
	came  int           // VUs that came at least once
	all   chan struct{} // closed once all have come
	names []string      // of steps, as they are recorded
}

// turnLane is the turns of one arm.
type turnLane struct {
	*arm
	all      *turns
	arrivals *journey.Arrivals

	origin  *url.URL // of the target; nil until the arm is first prepared
	isSetUp bool
	data    string // what setup returned, as JSON; "": nothing

	ended int64 // turns, over the launch
	asked int64 // requests to the target, over the launch
}

func newTurns(seed int64, vus int, setup bool) *turns {
	t := &turns{vus: vus, setup: setup, all: make(chan struct{})}
	t.driver = newDriver(nil, func(a *arm) lane {
		return &turnLane{arm: a, all: t, arrivals: journey.NewArrivals(seed, uint64(a.launch))}
	})
	return t
}

// prepare implements lane: it waits until all VUs are there, and has the arm set up once.
func (l *turnLane) prepare(ctx context.Context, target slot.Target) error {
	if err := l.all.assemble(ctx); err != nil {
		return err
	}
	if now := strings.TrimSuffix(target.URL, "/"); now != l.URL {
		return fmt.Errorf("perso: turns: arm %s was at %s and is at %s in the same launch", l.Arm, l.URL, now)
	}
	if l.origin == nil {
		origin, err := url.Parse(l.URL)
		if err != nil {
			return fmt.Errorf("perso: turns: arm %s: %w", l.Arm, err)
		}
		l.all.mu.Lock()
		l.origin = origin
		l.all.mu.Unlock()
	}
	if l.all.setup && !l.isSetUp {
		return l.all.setUp(ctx, l)
	}
	return nil
}

// open implements lane.
func (l *turnLane) open(order slot.Order) float64 {
	l.arrivals.SetRate(order.Rate, l.clock+l.offset)
	return 1
}

// peek implements lane.
func (l *turnLane) peek() time.Duration { return l.arrivals.Peek() }

// start implements lane: it hands a turn to the VU that has waited least, whose connections are the warmest.
func (l *turnLane) start(_ context.Context, scheduled time.Time) {
	l.arrivals.Pop()
	if len(l.all.idle) == 0 {
		l.rec.report.Dropped++
		return
	}
	l.rec.run.out.Add(1)
	l.all.hand(&turn{all: l.all, arm: l, rec: l.rec, scheduled: scheduled})
}

// hand gives a turn to an idle VU; there must be one.
func (t *turns) hand(on *turn) {
	last := len(t.idle) - 1
	t.idle[last].next <- on // has room: who is idle has no turn
	t.idle = t.idle[:last]
}

// assemble waits until all VUs have come, so that no arrival is dropped because k6 is still starting.
func (t *turns) assemble(ctx context.Context) error {
	timer := time.NewTimer(assembleWithin)
	defer timer.Stop()
	select {
	case <-t.all:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		t.mu.Lock()
		defer t.mu.Unlock()
		return fmt.Errorf("perso: turns: %d of %d VUs have come within %s: option vus must be what the script's scenario has",
			t.came, t.vus, assembleWithin)
	}
}

// setUp has a VU play the script's setup function for an arm.
func (t *turns) setUp(ctx context.Context, l *turnLane) error {
	ctx, cancel := context.WithTimeoutCause(ctx, setupWithin, fmt.Errorf("it takes longer than %s", setupWithin))
	defer cancel()
	on := &turn{all: t, arm: l, done: make(chan struct{})}
	retry := time.NewTicker(stopCheck / 10)
	defer retry.Stop()
	for !t.offer(on) { // the VUs may still be busy with the slot before
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("perso: turns: setup of arm %s: no idle VU: %w", l.Arm, context.Cause(ctx))
		}
	}
	select {
	case <-on.done:
	case <-ctx.Done():
		return fmt.Errorf("perso: turns: setup of arm %s: %w", l.Arm, context.Cause(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case on.begun.IsZero():
		return fmt.Errorf("perso: turns: setup of arm %s: k6 stops", l.Arm)
	case on.threw != "":
		return fmt.Errorf("perso: turns: setup of arm %s threw: %s", l.Arm, on.threw)
	}
	l.data, l.isSetUp = on.result, true
	return nil
}

// offer hands a turn out if a VU is idle.
func (t *turns) offer(on *turn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) == 0 {
		return false
	}
	t.hand(on)
	return true
}
