package perso

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

const (
	assembleWithin = 30 * time.Second // for all VUs to have come
	maxSilent      = 10               // turns that may end before one has made a request to its arm
)

// turns is a driver of a script of the user's own. What comes due is a turn, which is one iteration of the script. A VU of k6
// that has nothing else to do plays it; if there is none, it is dropped.
//
// All arms have the same schedule. The HTTP requests that a turn makes to its arm are measured.
type turns struct {
	*driver // its lock guards all that follows, and the turns
	turnsOptions

	idle  []*seat       // VUs without a turn, the last to come last
	came  int           // VUs that came at least once
	all   chan struct{} // closed once all have come
	names []string      // of steps, as they are recorded
}

// turnsOptions are the options of turns.
type turnsOptions struct {
	seed                        int64
	vus                         int
	setUp, tearDown             bool          // the script has such a function
	setUpWithin, tearDownWithin time.Duration // for one arm
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

func newTurns(o turnsOptions) *turns {
	t := &turns{turnsOptions: o, all: make(chan struct{})}
	t.driver = newDriver(nil, func(a *arm) lane {
		return &turnLane{arm: a, all: t, arrivals: journey.NewArrivals(o.seed, uint64(a.launch))}
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
	if l.all.setUp && !l.isSetUp {
		on := &turn{all: l.all, arm: l, job: jobSetUp}
		if err := l.all.play(ctx, on, l.all.setUpWithin); err != nil {
			return err
		}
		l.data, l.isSetUp = on.result, true
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
func (l *turnLane) start(_ context.Context, scheduled time.Time) sends {
	l.arrivals.Pop()
	if len(l.all.idle) == 0 {
		l.rec.report.Dropped++
		return nil
	}
	l.rec.run.out.Add(1)
	l.all.hand(&turn{all: l.all, arm: l, job: jobRun, rec: l.rec, scheduled: scheduled})
	return nil
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

// play has a VU do a job that is not measured, and waits for its end.
func (t *turns) play(ctx context.Context, on *turn, within time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("it takes longer than %s (option %sTimeout)", within, on.job))
	defer cancel()
	on.done = make(chan struct{})
	retry := time.NewTicker(stopCheck / 10)
	defer retry.Stop()
	for !t.offer(on) { // the VUs may still be busy with the slot before
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("perso: turns: %s of arm %s: no idle VU: %w", on.job, on.arm.Arm, context.Cause(ctx))
		}
	}
	select {
	case <-on.done:
	case <-ctx.Done():
		return fmt.Errorf("perso: turns: %s of arm %s: %w", on.job, on.arm.Arm, context.Cause(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case on.begun.IsZero():
		return fmt.Errorf("perso: turns: %s of arm %s: k6 stops", on.job, on.arm.Arm)
	case on.threw != "":
		return fmt.Errorf("perso: turns: %s of arm %s threw: %s", on.job, on.arm.Arm, on.threw)
	}
	return nil
}

// end has the script's teardown played for every arm of an order that was prepared in the launch, one after the other. It
// returns what went wrong, by arm: that does not end the run, as it does not under k6.
func (t *turns) end(ctx context.Context, order slot.Order) (wrong []string) {
	if !t.tearDown {
		return nil
	}
	for _, target := range order.Targets {
		t.mu.Lock()
		a := t.arms[target.Arm]
		t.mu.Unlock()
		if a == nil || a.launch != order.Launch {
			continue // it never took load
		}
		if err := t.play(ctx, &turn{all: t, arm: a.lane.(*turnLane), job: jobTearDown}, t.tearDownWithin); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	return wrong
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
