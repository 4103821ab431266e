package process

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// cpuPeriod is that of the kernel's quota for control groups.
const cpuPeriod = 100 * time.Millisecond

// limitCPU gives a service a share of one core. Processes have no control groups of their own that everybody may write, so this
// process stops the service for the rest of every period, as the kernel does with a group that has used up its quota. It differs
// from the kernel in that it does not wait until the quota is used: a service that does next to nothing waits, too.
func limitCPU(_ context.Context, a *arm, service string, params any, d time.Duration) error {
	var p struct {
		Cores float64 `json:"cores"`
	}
	text, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("limit-cpu: %w", err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&p); err != nil {
		return fmt.Errorf("limit-cpu: %w", err)
	}
	if !(p.Cores >= 0.01 && p.Cores < 1) {
		return fmt.Errorf("limit-cpu: cores must be from 0.01 to below 1 for processes, got %g", p.Cores)
	}
	return a.leases.Set(lever.At(service, lever.LimitCPU), d, func() (func() error, error) {
		return a.throttle(service, time.Duration(p.Cores*float64(cpuPeriod))), nil
	})
}

// throttle lets a service go on for so much of every period, until the returned function is called.
func (a *arm) throttle(service string, runs time.Duration) (end func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.throttled[service]; t != nil { // in force: only the share may be another
		t.runs.Store(int64(runs))
		return t.end
	}
	t := &throttle{stop: make(chan struct{}), done: make(chan struct{})}
	t.runs.Store(int64(runs))
	t.end = func() error {
		a.mu.Lock()
		mine := a.throttled[service] == t
		delete(a.throttled, service)
		a.mu.Unlock()
		if mine {
			close(t.stop)
		}
		<-t.done
		if p := a.running()[service]; p != nil {
			return p.Thaw()
		}
		return nil
	}
	if a.throttled == nil {
		a.throttled = map[string]*throttle{}
	}
	a.throttled[service] = t
	go t.run(a, service) // ends with t.end, which the lease calls
	return t.end
}

// throttle is a service that is being throttled.
type throttle struct {
	runs       atomic.Int64  // ns of every period
	stop, done chan struct{} // closed when it is to end, and when it has
	end        func() error
}

// run stops the service and lets it go on, period after period. What fails in one period is tried again in the next. The service
// stands still for the rest of a period even if it was stopped late, because this process did not get the CPU in time: otherwise it
// would go on at once.
func (t *throttle) run(a *arm, service string) {
	defer close(t.done)
	for {
		runs := time.Duration(t.runs.Load())
		select {
		case <-t.stop:
			return
		case <-time.After(runs):
		}
		p := a.running()[service]
		if p != nil {
			_ = p.Freeze()
		}
		select {
		case <-t.stop: // whoever ends it lets the service go on
			return
		case <-time.After(cpuPeriod - runs):
		}
		if p != nil {
			_ = p.Thaw()
		}
	}
}
