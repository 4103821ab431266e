package perso

import (
	"context"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// driver puts open load on arms, slot by slot: what an arm has to do starts when the arm's schedule says so, whether or not
// what started before has ended. What that is, the requests of journeys or the turns of a script, is the lanes' affair.
type driver struct {
	recorder                 // its lock guards all that follows, and the lanes
	newLane  func(*arm) lane // at an arm's first slot of a launch

	launch int
	arms   map[string]*arm // of the launch
}

// arm is one target with its own schedule, which carries over from slot to slot of a launch.
type arm struct {
	slot.Target // as in its first slot of the launch, without a slash at the end of the URL
	launch      int
	lane        lane

	clock  time.Duration // virtual time at the start of the slot that is on, or else of the next one
	offset time.Duration // by how much clock was turned back, against arms that take load at the same time
	tempo  float64       // virtual time per time in the slot that is on, above 0; 1 unless its order is exact
	rec    *record       // the slot that is on; nil between slots
	held   *record       // of a slot that goes on in a later order
}

// lane is what one arm has to do in a launch, in virtual time that starts at 0 and advances only while the arm takes load.
// The driver's lock is held in all calls but prepare.
type lane interface {
	// prepare gets the arm ready for a slot against the target that the order names, before the slot begins, however long that
	// takes.
	prepare(ctx context.Context, target slot.Target) error
	// open begins a slot and returns its tempo. The arm already has the slot's clock, offset and record.
	open(order slot.Order) (tempo float64)
	// peek is the virtual time at which the lane's next piece of work is due.
	peek() time.Duration
	// start takes that piece out and starts it, or counts it as dropped if nobody is free to do it. What it returns is left to do
	// without the lock.
	start(ctx context.Context, scheduled time.Time) sends
}

// sends are requests to make.
type sends []func()

func (s sends) make() {
	for _, send := range s {
		send()
	}
}

func newDriver(emit *emitter, newLane func(*arm) lane) *driver {
	return &driver{recorder: recorder{emit: emit}, newLane: newLane, launch: -1}
}

// run carries out one slot, from when its arms are ready, and returns when it is over, or ctx ends. Its answers may still be
// outstanding: finish waits for them. No two slots run at the same time.
func (d *driver) run(ctx context.Context, order slot.Order) (*slotRun, error) {
	arms := d.armsOf(order)
	for k, a := range arms {
		if err := a.lane.prepare(ctx, order.Targets[k]); err != nil {
			return nil, err
		}
	}
	if err := d.failure(); err != nil {
		return nil, err
	}
	beBrisk()
	p, err := openPacer()
	if err != nil {
		return nil, err
	}
	defer p.close()
	// What is held back is due before the arm is there: its requests meet the arm at the moments of the slot at which others meet theirs. An
	// arm that has stood still is slow at first, so that to come later in a slice is to be answered sooner.
	run := &slotRun{order: order, start: time.Now().Add(-order.Hold), cpu: cpuTime()}
	d.open(run, arms)
	for d.step(ctx, p, run, arms) {
	}
	d.close(run, arms)
	d.emit.flush(1)
	return run, d.failure()
}

// armsOf are the arms of an order, new ones where need be. Arms of another launch are forgotten.
func (d *driver) armsOf(order slot.Order) []*arm {
	d.mu.Lock()
	defer d.mu.Unlock()
	if order.Launch != d.launch {
		d.launch, d.arms = order.Launch, map[string]*arm{}
	}
	var arms []*arm
	for _, target := range order.Targets {
		a, ok := d.arms[target.Arm]
		if !ok {
			target.URL = strings.TrimSuffix(target.URL, "/")
			a = &arm{Target: target, launch: order.Launch}
			a.lane = d.newLane(a)
			d.arms[target.Arm] = a
		}
		arms = append(arms, a)
	}
	return arms
}

// open starts the books of a slot.
func (d *driver) open(run *slotRun, arms []*arm) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := run.order
	for k, a := range arms {
		// Arms with the same schedule would strike at the same instants, and come in waves if they were only a gap apart: the
		// requests of a journey follow each other closely. Spread them over the slot.
		offset := time.Duration(float64(k) / float64(len(arms)) * float64(o.Duration))
		a.clock, a.offset = a.clock+a.offset-offset, offset
		a.rec = a.held
		if a.rec == nil {
			a.rec = d.newRecord(run, a.Arm)
		}
		a.rec.run, a.held = run, nil
		if o.More {
			a.held = a.rec
		}
		a.tempo = a.lane.open(o)
		run.records = append(run.records, a.rec)
	}
}

// step waits for what is due earliest in the slot and starts it. It is false when there is nothing left, and the slot over.
func (d *driver) step(ctx context.Context, p *pacer, run *slotRun, arms []*arm) bool {
	d.mu.Lock()
	var next *arm
	at := run.order.Duration // since the start of the slot
	for _, a := range arms {
		if due := float64(max(a.lane.peek()-a.clock, 0)) / a.tempo; due < float64(at) {
			next, at = a, time.Duration(due)
		}
	}
	d.mu.Unlock()
	due := run.start.Add(at)
	if !p.wait(ctx, due.Add(run.order.Hold)) || next == nil {
		return false
	}
	d.mu.Lock()
	out := next.lane.start(ctx, due)
	failed := d.err != nil
	d.mu.Unlock()
	out.make()
	d.emit.flush(flushAt)
	return !failed
}

// close ends the slot: what comes due from now on belongs to the arms' next one.
func (d *driver) close(run *slotRun, arms []*arm) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range arms {
		a.clock += time.Duration(float64(run.order.Duration) * a.tempo)
		a.rec = nil
	}
}
