package perso

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

const (
	assembleWithin = 30 * time.Second // for all VUs to have come
	setupWithin    = time.Minute      // for the setup of one arm
	maxSilent      = 10               // turns of an arm that may end before its target is asked for anything
)

// turns are the iterations of a script of the user's own. They are due when a schedule says so, whether or not those
// before have ended, and each is played by a VU of k6 that has nothing else to do; without one, it is dropped.
//
// All arms have the same schedule. What is measured are the HTTP requests that a turn makes to its arm.
type turns struct {
	recorder // its lock guards all that follows, and the turns
	seed     int64
	vus      int
	setup    bool // the script has a setup function

	launch int
	arms   map[string]*turnArm
	idle   []*seat       // VUs without a turn, the last to come last
	came   int           // VUs that came at least once
	all    chan struct{} // closed once all have come
	names  []string      // of steps, as they are recorded
	err    error         // first reason why the script cannot be measured
}

// turnArm is one target with its own schedule, which carries over from slot to slot of a launch.
type turnArm struct {
	slot.Target
	origin *url.URL // of the target
	launch int

	isSetUp bool
	data    string // what setup returned, as JSON; "": nothing

	arrivals *arrivals
	clock    time.Duration // virtual time at the start of the slot that is on, or else of the next one
	offset   time.Duration // by how much clock was turned back, against arms that take load at the same time
	rec      *record       // the slot that is on

	ended int64 // turns, over the launch
	asked int64 // requests to the target, over the launch
}

func newTurns(seed int64, vus int, setup bool) *turns {
	return &turns{seed: seed, vus: vus, setup: setup, launch: -1, all: make(chan struct{})}
}

// run carries out one slot, from start or from when its arms are set up. No two slots run at the same time.
func (t *turns) run(ctx context.Context, order slot.Order, start time.Time) (*slotRun, error) {
	arms, err := t.prepare(ctx, order)
	if err != nil {
		return nil, err
	}
	p, err := openPacer()
	if err != nil {
		return nil, err
	}
	defer p.close()
	if now := time.Now(); now.After(start) {
		start = now
	}
	run := &slotRun{order: order, start: start, cpu: cpuTime()}
	t.open(run, arms)
	for t.step(ctx, p, run, arms) {
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range arms {
		a.clock += order.Duration
		a.rec = nil
	}
	return run, t.err
}

// step waits for the earliest turn that is due in the slot and hands it out. It is false when there is none left, and
// the slot over.
func (t *turns) step(ctx context.Context, p *pacer, run *slotRun, arms []*turnArm) bool {
	next := slices.MinFunc(arms, func(a, b *turnArm) int { return cmp.Compare(a.due(), b.due()) })
	at := min(next.due(), run.order.Duration)
	if !p.wait(ctx, run.start.Add(at)) || at == run.order.Duration {
		return false
	}
	next.arrivals.pop()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dispatch(next, run.start.Add(at))
	return t.err == nil
}

// due is when the arm's next turn is due, since the start of the slot.
func (a *turnArm) due() time.Duration { return max(a.arrivals.next-a.clock, 0) }

// dispatch hands a turn of the arm to the VU that has waited least, whose connections are the warmest.
func (t *turns) dispatch(a *turnArm, scheduled time.Time) {
	if len(t.idle) == 0 {
		a.rec.report.Dropped++
		return
	}
	a.rec.run.out.Add(1)
	t.hand(&turn{all: t, arm: a, rec: a.rec, scheduled: scheduled})
}

// hand gives a turn to a VU, of which at least one must be idle.
func (t *turns) hand(on *turn) {
	last := len(t.idle) - 1
	t.idle[last].next <- on // has room: who is idle has no turn
	t.idle = t.idle[:last]
}

// prepare makes the arms of an order, once all VUs are there. Arms of another launch are forgotten.
func (t *turns) prepare(ctx context.Context, order slot.Order) ([]*turnArm, error) {
	if err := t.assemble(ctx); err != nil {
		return nil, err
	}
	var arms []*turnArm
	for _, target := range order.Targets {
		a, err := t.armOf(order.Launch, target)
		if err != nil {
			return nil, err
		}
		if t.setup && !a.isSetUp {
			if err := t.setUp(ctx, a); err != nil {
				return nil, err
			}
		}
		arms = append(arms, a)
	}
	return arms, t.failure()
}

// armOf is the arm of a target in a launch, a new one if need be.
func (t *turns) armOf(launch int, target slot.Target) (*turnArm, error) {
	target.URL = strings.TrimSuffix(target.URL, "/")
	t.mu.Lock()
	defer t.mu.Unlock()
	if launch != t.launch {
		t.launch, t.arms = launch, map[string]*turnArm{}
	}
	a, ok := t.arms[target.Arm]
	if ok && a.Target != target {
		return nil, fmt.Errorf("perso: turns: arm %s was at %s and is at %s in the same launch", a.Arm, a.URL, target.URL)
	}
	if !ok {
		origin, err := url.Parse(target.URL)
		if err != nil {
			return nil, fmt.Errorf("perso: turns: arm %s: %w", target.Arm, err)
		}
		a = &turnArm{Target: target, origin: origin, launch: launch, arrivals: newArrivals(t.seed, uint64(launch))}
		t.arms[target.Arm] = a
	}
	return a, nil
}

// open starts the books of a slot.
func (t *turns) open(run *slotRun, arms []*turnArm) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, a := range arms {
		// As in driver.open: arms that take load together must not strike at the same instants.
		offset := time.Duration(float64(k) / float64(len(arms)) / run.order.Rate * float64(time.Second))
		a.clock, a.offset = a.clock+a.offset-offset, offset
		a.arrivals.setRate(run.order.Rate, a.clock+a.offset)
		a.rec = t.newRecord(run, a.Arm)
		a.rec.report.AgeBands = make([]int64, len(population.AgeBands)) // a script's users have no age
		run.records = append(run.records, a.rec)
	}
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
func (t *turns) setUp(ctx context.Context, a *turnArm) error {
	ctx, cancel := context.WithTimeoutCause(ctx, setupWithin, fmt.Errorf("it takes longer than %s", setupWithin))
	defer cancel()
	on := &turn{all: t, arm: a, done: make(chan struct{})}
	retry := time.NewTicker(stopCheck / 10)
	defer retry.Stop()
	for !t.offer(on) { // the VUs may still be busy with the slot before
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("perso: turns: setup of arm %s: no idle VU: %w", a.Arm, context.Cause(ctx))
		}
	}
	select {
	case <-on.done:
	case <-ctx.Done():
		return fmt.Errorf("perso: turns: setup of arm %s: %w", a.Arm, context.Cause(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case on.begun.IsZero():
		return fmt.Errorf("perso: turns: setup of arm %s: k6 stops", a.Arm)
	case on.threw != "":
		return fmt.Errorf("perso: turns: setup of arm %s threw: %s", a.Arm, on.threw)
	}
	a.data, a.isSetUp = on.result, true
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

// finish is the recorder's, and counts in requests what was dropped: as many as a turn of the slot made on average.
func (t *turns) finish(run *slotRun, log *result.LatencyWriter) (slot.Report, error) {
	report, err := t.recorder.finish(run, log)
	for i, rec := range run.records {
		a := &report.Arms[i]
		if rec.turns > 0 && a.Sent > rec.turns {
			a.Dropped = a.Dropped * a.Sent / rec.turns
		}
		a.Scheduled = a.Sent + a.Dropped
	}
	return report, errors.Join(err, t.failure())
}

// failure is the first reason why the script cannot be measured.
func (t *turns) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// fail ends the run for a reason that lies in the script; t.mu is held.
func (t *turns) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}
