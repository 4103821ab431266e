package perso

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// maxWorkers is how many requests may be outstanding, over all arms. One more is dropped and counted: to delay it silently
// would make the load wait for the stack, and so no longer be open.
const maxWorkers = 1024

// driverOptions are the options that conduct and drive share.
type driverOptions struct {
	source     *journey.Source
	thinkScale float64
	timeout    time.Duration
	token      string
	trace      journey.Trace
	workers    int
	share      journey.Share // of the plan; the option parts of drive
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
		"trace":      traceOption(&o.trace),
		"baggage":    baggageOption(&o.trace),
		"workers":    intOption(&o.workers, 1, 1<<16),
	}
}

// journeys is a driver of journeys of ours. What comes due is a step of a source's journeys. The thread that waits for its time also
// writes its request, if a pool can carry it.
type journeys struct {
	*driver
	driverOptions
	prefix    string // of session ids
	transport func() *http.Transport

	busy  chan struct{}  // holds one token per outstanding request
	lanes []*journeyLane // of the launch

	planned, made int64 // steps that came due, and those of them that became requests
}

// journeyLane is the journeys of one arm.
type journeyLane struct {
	*arm
	all    *journeys
	stream *journey.Stream
	via    *http.Transport // for requests that the pool does not carry
	pool   *pool           // to the target at the URL; nil: none can carry its requests
	url    string
	client *journey.Client // of the slot that is on, or of the last one
}

func newJourneys(o driverOptions, prefix string, emit *emitter, transport func() *http.Transport) *journeys {
	j := &journeys{driverOptions: o, prefix: prefix, transport: transport, busy: make(chan struct{}, o.workers)}
	j.driver = newDriver(emit, j.lane)
	return j
}

// lane makes the lane of a new arm.
func (j *journeys) lane(a *arm) lane {
	if len(j.arms) == 0 { // the first of its launch
		j.hangUp()
	}
	prefix := fmt.Sprintf("%s%d", j.prefix, a.launch)
	l := &journeyLane{
		arm: a, all: j, via: j.transport(),
		stream: journey.NewStream(j.source, uint64(a.launch), prefix, j.thinkScale),
	}
	l.stream.Share = j.share
	j.lanes = append(j.lanes, l)
	return l
}

// hangUp closes the connections that are idle, and forgets them all.
func (j *journeys) hangUp() {
	for _, l := range j.lanes {
		l.via.CloseIdleConnections()
		if l.pool != nil {
			l.pool.hangUp()
		}
	}
	j.lanes = nil
}

// steps is how many steps have to come due for as many requests as an order calls for. Not every step becomes a request:
// clicks and purchases are planned for every page, and made only where a user clicks.
func (j *journeys) steps(o slot.Order) int {
	requests := o.Rate * o.Duration.Seconds()
	if j.made > 0 {
		requests *= float64(j.planned) / float64(j.made)
	}
	return max(1, int(math.Round(requests)))
}

// prepare implements lane: a gateway is ready, but may have moved.
func (l *journeyLane) prepare(_ context.Context, target slot.Target) error {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.client != nil && l.url == target.URL {
		return nil
	}
	if l.pool != nil {
		l.pool.hangUp()
	}
	l.url, l.pool = target.URL, plainPool(l.via, target.URL, l.all.token)
	l.client = l.all.client(l.via, target.URL, l.pool)
	return nil
}

// open implements lane.
func (l *journeyLane) open(o slot.Order) float64 {
	l.stream.Drift = o.Drift
	l.stream.CountIn(l.rec.report.AgeBands)
	if o.Exact && l.stream.Started() {
		return float64(l.stream.Span(l.clock, l.all.steps(o))) / float64(o.Duration)
	}
	l.stream.SetRate(o.Rate, l.clock+l.offset) // the same virtual time in every arm, so that schedules stay the same
	return 1
}

// peek implements lane.
func (l *journeyLane) peek() time.Duration { return l.stream.Peek() }

// client makes requests to a target, over a pool unless that is nil.
func (o *driverOptions) client(via http.RoundTripper, target string, p *pool) *journey.Client {
	c := journey.NewClient(via, target, o.token, o.timeout)
	c.Trace = o.trace
	if p != nil {
		c.Line = p
	}
	return c
}

// start implements lane.
func (l *journeyLane) start(ctx context.Context, scheduled time.Time) sends {
	l.all.planned++
	return l.dispatch(ctx, l.stream.Pop(), scheduled)
}

// dispatch makes a step whose time has come, or parks it until the step that it needs is resolved.
func (l *journeyLane) dispatch(ctx context.Context, s *journey.Step, scheduled time.Time) sends {
	if s.Park() {
		return nil
	}
	j := l.all
	cl, send, o := s.Prepare(j.source.People(), l.stream.Drift, scheduled)
	j.emit.outcome(scheduled, l.Arm, s, o)
	if !send {
		_, out := l.resolve(ctx, s, nil)
		return out
	}
	j.made++
	select {
	case j.busy <- struct{}{}:
	default:
		l.rec.report.Dropped++
		j.emit.drop(scheduled, l.Arm, s)
		_, out := l.resolve(ctx, s, nil)
		return out
	}
	l.rec.send(s)
	l.rec.run.out.Add(1)
	rec, run, c := l.rec, l.rec.run, l.client
	return sends{func() {
		c.Start(ctx, cl, scheduled, func(r journey.Reply) {
			defer run.out.Done()
			l.answered(ctx, rec, s, r)
		})
	}}
}

// answered takes what became of a request.
func (l *journeyLane) answered(ctx context.Context, rec *record, s *journey.Step, r journey.Reply) {
	j := l.all
	<-j.busy
	stopped := r.Err != nil && ctx.Err() != nil // given up, not failed
	if !stopped {
		j.emit.request(l.Arm, s, r)
	}
	j.mu.Lock()
	if !stopped {
		rec.add(s, r)
	}
	o, out := l.resolve(ctx, s, &r)
	if !stopped {
		rec.outcome(o)
	}
	j.mu.Unlock()
	out.make()
	j.emit.outcome(r.End, l.Arm, s, o)
	j.emit.flush(flushAt)
}

// resolve ends a step and makes the steps that waited for it. They were due before, so they start now, or with the arm's next
// slot if no slot is on.
func (l *journeyLane) resolve(ctx context.Context, s *journey.Step, r *journey.Reply) (o journey.Outcome, out sends) {
	var waiting []*journey.Step
	waiting, o = s.Resolve(l.all.source.People(), r)
	if r == nil {
		l.all.emit.outcome(time.Now(), l.Arm, s, o)
	}
	for _, w := range waiting {
		if l.rec == nil || ctx.Err() != nil {
			l.stream.Postpone(w, l.clock)
			continue
		}
		now := time.Now().Add(-l.rec.run.order.Hold) // it would have been due so much earlier, had nothing been held back
		if end := l.rec.run.start.Add(l.rec.run.order.Duration); now.After(end) {
			now = end // the slot is closing
		}
		out = append(out, l.dispatch(ctx, w, now)...)
	}
	return o, out
}

// runPrefix begins the session ids of a run by hand, so that they differ from those of earlier runs on the same stack.
func runPrefix(now time.Time) string {
	return fmt.Sprintf("%x-", now.UnixMicro())
}
