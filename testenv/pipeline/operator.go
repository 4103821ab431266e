package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"

	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
)

// operator runs the Collector, and does with it what operators do: it stops and starts it, and gives it another configuration.
// The Collector keeps its addresses, and the Prometheus beside it goes on.
type operator struct {
	cfg  Config
	self string     // host:port of this process, at which its Prometheus takes OTLP
	lost chan error // delivers an error when a Collector has ended by itself

	mu      sync.Mutex
	at      [2]string           // where the Collector takes OTLP over HTTP and gRPC
	running *collector          // nil while it is stopped
	stopped bool                // it is meant to be
	change  configuration.Order // in force or meant to be
	applied configuration.Order // what the running Collector has
	link    *slowLink           // to Prometheus; nil: there is nothing between them
	past    Stats               // of the Collectors that have ended
	logs    logAges
	visible atomic.Pointer[collector] // running, for readers that must not wait for a restart
}

// restartLimit is how long a Collector may take to end and to be ready again.
const restartLimit = 20 * time.Second

// newOperator starts the Collector.
func newOperator(ctx context.Context, cfg Config, self string) (*operator, error) {
	o := &operator{cfg: cfg, self: self, lost: make(chan error, 1)}
	c, err := startCollector(ctx, cfg, "http://"+self+otlpPath, &o.logs)
	if err != nil {
		return nil, err
	}
	o.at = [2]string{c.http, c.grpc}
	o.run(c)
	return o, nil
}

// run takes over a Collector that has started.
func (o *operator) run(c *collector) {
	o.running = c
	o.visible.Store(c)
	o.logs.begin()
	go func() { // ends with the Collector
		<-c.done
		if !c.closing.Load() {
			select {
			case o.lost <- errors.New("pipeline: the collector ended by itself"):
			default: // one is enough
			}
		}
	}()
}

// stop ends the Collector, or starts it again.
func (o *operator) stop(stop bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = stop
	return o.reconcile()
}

// reconfigure gives the Collector another configuration. Nothing happens if it has that one already.
func (o *operator) reconfigure(to configuration.Order) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.change = to
	return o.reconcile()
}

// reconcile makes the Collector what it is meant to be. The caller has the lock.
func (o *operator) reconcile() error {
	if o.running != nil && (o.stopped || o.applied != o.change) {
		if err := o.end(); err != nil {
			return err
		}
	}
	if o.running != nil || o.stopped {
		return nil
	}
	metrics := o.self
	latency, err := o.change.Delay()
	if err == nil && latency > 0 {
		o.link, err = slow(o.self, latency)
	}
	if err != nil {
		return err
	}
	if o.link != nil {
		metrics = o.link.address()
	}
	ctx, cancel := context.WithTimeout(context.Background(), restartLimit)
	defer cancel()
	c, err := o.restart(ctx, "http://"+metrics+otlpPath)
	if err != nil {
		o.link.close()
		o.link = nil
		return fmt.Errorf("pipeline: the collector does not start again: %w", err)
	}
	o.applied = o.change
	o.run(c)
	return nil
}

// restart starts a Collector at the address of the one before, which somebody else may have taken for a moment.
func (o *operator) restart(ctx context.Context, metrics string) (*collector, error) {
	for {
		c, err := startCollectorAt(ctx, o.cfg, metrics, o.at[0], o.at[1], o.change.Change, &o.logs)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return c, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// end lets the Collector send what it holds, and ends it. What it could not send counts as refused. The caller has the lock.
func (o *operator) end() error {
	o.link.hurry() // what is queued is not to wait
	s, err := o.running.stats()
	o.past = o.past.plus(s)
	err = errors.Join(err, o.running.close())
	o.link.close()
	o.visible.Store(nil)
	o.running, o.link = nil, nil
	return err
}

// close ends the Collector for good.
func (o *operator) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	return o.reconcile()
}

// stats reads how much the Collectors have received and could not deliver, since the start of this process.
func (o *operator) stats() (Stats, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running == nil {
		return o.past, nil
	}
	s, err := o.running.stats()
	return o.past.plus(s), err
}

// Gather returns the metrics of the Collector about itself: none while it is stopped.
func (o *operator) Gather() ([]*dto.MetricFamily, error) {
	if c := o.visible.Load(); c != nil {
		return c.self.Gather()
	}
	return nil, nil
}

// plus adds the amounts of another Collector.
func (s Stats) plus(t Stats) Stats {
	return Stats{
		Spans: s.Spans + t.Spans, Roots: s.Roots + t.Roots, LogRecords: s.LogRecords + t.LogRecords, DataPoints: s.DataPoints + t.DataPoints,
		Bytes: s.Bytes + t.Bytes, MetricBytes: s.MetricBytes + t.MetricBytes, Refused: s.Refused + t.Refused,
	}
}
