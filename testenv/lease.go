package testenv

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// leases are controls that this process holds itself: what nobody renews is healed. The zero value holds none.
type leases struct {
	mu   sync.Mutex
	held map[string]*holding
}

type holding struct {
	heal  func() error
	timer *time.Timer
}

// hold puts something in force for a lease, or renews the lease of what is in force already.
func (l *leases) hold(key string, lease time.Duration, force, heal func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.held[key]; h != nil {
		h.timer.Reset(lease)
		return nil
	}
	if l.held == nil {
		l.held = map[string]*holding{}
	}
	h := &holding{heal: heal}
	l.held[key] = h // also if the force fails halfway: the release heals it
	h.timer = time.AfterFunc(lease, func() { _ = l.release(key) })
	return force()
}

// releaseAll heals everything.
func (l *leases) releaseAll() error {
	l.mu.Lock()
	keys := slices.Collect(maps.Keys(l.held))
	l.mu.Unlock()
	var errs []error
	for _, key := range keys {
		errs = append(errs, l.release(key))
	}
	return errors.Join(errs...)
}

// release heals what is held; nothing held is no error.
func (l *leases) release(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.held[key]
	if h == nil {
		return nil
	}
	h.timer.Stop()
	delete(l.held, key)
	return h.heal()
}
