package perso

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/slot"
)

// maxWorkers is how many requests may be outstanding, over all arms. An arrival beyond is dropped and counted: to delay
// it silently would close the loop.
const maxWorkers = 1024

// driverOptions are the options that conductor and drive share.
type driverOptions struct {
	source     *Source
	thinkScale float64
	timeout    time.Duration
	token      string
	workers    int
}

func defaultDriver() driverOptions {
	return driverOptions{thinkScale: 1, timeout: 5 * time.Second, workers: maxWorkers}
}

func (o *driverOptions) fields() fields {
	return fields{
		"source":     sourceOption(&o.source),
		"thinkScale": floatOption(&o.thinkScale, 0, 1000),
		"timeout":    durationOption(&o.timeout, time.Millisecond, time.Minute),
		"token":      textOption(&o.token),
		"workers":    intOption(&o.workers, 1, 1<<16),
	}
}

// driver puts open load on arms: every request starts when its arm's schedule says, whether or not answers are in.
type driver struct {
	driverOptions
	recorder         // its lock guards launch and arms, too, and the streams and journeys reached from them
	prefix    string // of session ids
	transport func() *http.Transport

	busy chan struct{} // holds one token per outstanding request

	launch int
	arms   map[string]*arm

	planned, made int64 // steps that came due, and those of them that became requests
}

// arm is one target with its own schedule, which carries over from slot to slot of a launch.
type arm struct {
	name   string
	stream *stream
	client *client
	pool   *http.Transport

	clock  time.Duration // virtual time at the start of the slot that is on, or else of the next one
	offset time.Duration // by how much clock was turned back, against arms that take load at the same time
	tempo  float64       // virtual time per time in the slot that is on, above 0; 1 unless its order is exact
	rec    *record       // the slot that is on; nil between slots
}

func newDriver(o driverOptions, prefix string, emit *emitter, transport func() *http.Transport) *driver {
	return &driver{
		driverOptions: o, recorder: recorder{emit: emit}, prefix: prefix, transport: transport,
		busy: make(chan struct{}, o.workers), launch: -1,
	}
}

// run carries out one slot from start on and returns when it is over, or ctx ends. Its answers may still be outstanding:
// the slotRun's finish waits for them. No two slots run at the same time.
func (d *driver) run(ctx context.Context, order slot.Order, start time.Time) (*slotRun, error) {
	p, err := openPacer()
	if err != nil {
		return nil, err
	}
	defer p.close()
	run := &slotRun{order: order, start: start, cpu: cpuTime()}
	d.mu.Lock()
	arms := d.open(run)
	d.mu.Unlock()
	for d.step(ctx, p, run, arms) {
	}
	d.close(arms, order.Duration)
	d.emit.flush(1)
	return run, nil
}

// step waits for the earliest step of the arms that is due in the slot and makes it. It is false when there is none left,
// and the slot over.
func (d *driver) step(ctx context.Context, p *pacer, run *slotRun, arms []*arm) bool {
	d.mu.Lock()
	var next *arm
	at := run.order.Duration // since the start of the slot
	for _, a := range arms {
		if due := float64(max(a.stream.peek()-a.clock, 0)) / a.tempo; due < float64(at) {
			next, at = a, time.Duration(due)
		}
	}
	d.mu.Unlock()
	due := run.start.Add(at)
	if !p.wait(ctx, due) || next == nil {
		return false
	}
	d.mu.Lock()
	d.planned++
	d.dispatch(ctx, next, next.stream.pop(), due)
	d.mu.Unlock()
	d.emit.flush(flushAt)
	return true
}

// open makes the arms of a slot ready. Arms of another launch are forgotten.
func (d *driver) open(run *slotRun) []*arm {
	o := run.order
	if o.Launch != d.launch {
		for _, a := range d.arms {
			a.pool.CloseIdleConnections()
		}
		d.launch, d.arms = o.Launch, map[string]*arm{}
	}
	var arms []*arm
	for k, t := range o.Targets {
		a, ok := d.arms[t.Arm]
		if !ok {
			prefix := fmt.Sprintf("%s%d", d.prefix, o.Launch)
			a = &arm{name: t.Arm, stream: newStream(d.source, uint64(o.Launch), prefix, d.thinkScale), pool: d.transport()}
			d.arms[t.Arm] = a
		}
		// Arms with the same schedule would strike at the same instants. Spread them over one mean gap.
		offset := time.Duration(float64(k) / float64(len(o.Targets)) / o.Rate * float64(time.Second))
		a.clock, a.offset = a.clock+a.offset-offset, offset
		a.client = newClient(a.pool, strings.TrimSuffix(t.URL, "/"), d.token, d.timeout)
		a.stream.drift = o.Drift
		if a.tempo = 1; o.Exact && a.stream.rate > 0 {
			a.tempo = float64(a.stream.span(a.clock, d.steps(o))) / float64(o.Duration)
		} else {
			a.stream.setRate(o.Rate, a.clock+a.offset) // the same virtual time in every arm, so that schedules stay the same
		}
		a.rec = d.newRecord(run, a.name)
		a.rec.client = a.client
		run.records = append(run.records, a.rec)
		arms = append(arms, a)
	}
	return arms
}

// steps is how many steps have to come due for the requests that an order calls for: clicks and purchases are planned for
// every page, and made where a user clicks.
func (d *driver) steps(o slot.Order) int {
	requests := o.Rate * o.Duration.Seconds()
	if d.made > 0 {
		requests *= float64(d.planned) / float64(d.made)
	}
	return max(1, int(math.Round(requests)))
}

// close ends the slot: what comes due from now on belongs to the arms' next one.
func (d *driver) close(arms []*arm, length time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range arms {
		a.clock += time.Duration(float64(length) * a.tempo)
		a.rec.report.AgeBands = a.stream.takeBands()
		a.rec = nil
	}
}

// dispatch makes a step whose time has come, or parks it until the step that it needs is resolved.
func (d *driver) dispatch(ctx context.Context, a *arm, s *step, scheduled time.Time) {
	if s.need != nil && !s.need.resolved {
		s.need.parked = append(s.need.parked, s)
		return
	}
	rec := a.rec
	cl, send, o := s.prepare(d.source.people(), a.stream.drift, scheduled)
	d.emit.outcome(scheduled, a.name, s, o)
	if !send {
		d.resolve(ctx, a, s, nil)
		return
	}
	d.made++
	rec.report.Scheduled++
	select {
	case d.busy <- struct{}{}:
	default:
		rec.report.Dropped++
		d.emit.drop(scheduled, a.name, s)
		d.resolve(ctx, a, s, nil)
		return
	}
	rec.send(s)
	rec.run.out.Add(1)
	go d.perform(ctx, a, rec, s, cl, scheduled)
}

// perform makes one request, on a goroutine of its own that slotRun.finish joins.
func (d *driver) perform(ctx context.Context, a *arm, rec *record, s *step, cl call, scheduled time.Time) {
	defer rec.run.out.Done()
	r := rec.client.post(ctx, cl, scheduled)
	<-d.busy
	stopped := r.err != nil && ctx.Err() != nil // given up, not failed
	if !stopped {
		d.emit.request(a.name, s, r)
	}
	d.mu.Lock()
	if !stopped {
		rec.add(s, r)
	}
	o := d.resolve(ctx, a, s, &r)
	if !stopped {
		rec.outcome(o)
	}
	d.mu.Unlock()
	d.emit.outcome(r.end, a.name, s, o)
	d.emit.flush(flushAt)
}

// resolve ends a step and makes those that waited for it: they were due before, so they start now, or with the arm's next
// slot if it has none at the moment.
func (d *driver) resolve(ctx context.Context, a *arm, s *step, r *reply) outcome {
	waiting, o := s.resolve(d.source.people(), r)
	if r == nil {
		d.emit.outcome(time.Now(), a.name, s, o)
	}
	for _, w := range waiting {
		if a.rec == nil || ctx.Err() != nil {
			w.at = a.clock
			a.stream.push(w)
			continue
		}
		now := time.Now()
		if end := a.rec.run.start.Add(a.rec.run.order.Duration); now.After(end) {
			now = end // the slot is closing
		}
		d.dispatch(ctx, a, w, now)
	}
	return o
}

// runPrefix makes the session ids of a run by hand differ from those of the run before, on the same stack.
func runPrefix(now time.Time) string {
	return fmt.Sprintf("%x-", now.UnixMicro())
}
