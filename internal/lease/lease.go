// Package lease keeps things in force for as long as they are renewed. Without renewal they are healed, so that a fault ends
// when the process that injected it is gone.
package lease

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Table holds leases by key. The zero value holds none and is ready to use. Its methods may be called concurrently: calls for
// one key happen one after the other, and calls for different keys do not wait for each other.
type Table struct {
	// Failed is called with the error of a heal that the end of a lease has started; the heal is tried again after another
	// lease. Nil: errors are not reported. It must be set before the first Hold.
	Failed func(key string, err error)

	mu      sync.Mutex
	entries map[string]*entry // never removed: keys are few, and a waiting goroutine may still use one
}

// Force puts something into force and returns the heal that undoes it. If it fails halfway it returns a heal and an error, and
// the heal is called at once. If it fails before it has done anything, it returns no heal. A heal is idempotent.
type Force func() (heal func() error, err error)

// Hold puts something into force for d. If it is in force already, Hold only renews the lease.
func (t *Table) Hold(key string, d time.Duration, force Force) error {
	return t.hold(key, d, force, false)
}

// Set is Hold, but it calls force also when something is in force already, to give it other parameters. Only the last heal of a
// key is called. If force has done nothing, the earlier state stays in force, and so does its lease.
func (t *Table) Set(key string, d time.Duration, force Force) error {
	return t.hold(key, d, force, true)
}

func (t *Table) hold(key string, d time.Duration, force Force, again bool) error {
	e := t.entry(key)
	e.lock()
	defer e.unlock()
	if e.heal == nil || again {
		heal, err := force()
		if heal == nil && err != nil {
			return err
		}
		e.heal = heal
		if err != nil {
			return errors.Join(err, e.end())
		}
	}
	t.renew(key, e, d)
	return nil
}

// renew starts the lease anew. The caller has the entry's lock.
func (t *Table) renew(key string, e *entry, d time.Duration) {
	e.stop()
	term := e.term
	e.timer = time.AfterFunc(d, func() {
		e.lock()
		defer e.unlock()
		if e.term != term { // it was renewed, released or ended while this waited
			return
		}
		if err := e.end(); err != nil {
			if t.Failed != nil {
				t.Failed(key, err)
			}
			t.renew(key, e, d) // the next lease's end tries again
		}
	})
}

// Release heals what is held under a key; it is no error if nothing is held. If the heal fails, the key stays held, so that
// another Release, or the end of the lease, tries again.
func (t *Table) Release(key string) error {
	e := t.entry(key)
	e.lock()
	defer e.unlock()
	return e.end()
}

// ReleaseAll heals everything; an error of one heal does not stop the others.
func (t *Table) ReleaseAll() error {
	t.mu.Lock()
	keys := slices.Sorted(maps.Keys(t.entries))
	t.mu.Unlock()
	var errs []error
	for _, key := range keys {
		errs = append(errs, t.Release(key))
	}
	return errors.Join(errs...)
}

// Close heals everything. If a heal fails, Close does not start another lease.
func (t *Table) Close() error {
	err := t.ReleaseAll()
	t.mu.Lock()
	entries := slices.Collect(maps.Values(t.entries))
	t.mu.Unlock()
	for _, e := range entries {
		e.lock()
		e.stop()
		e.unlock()
	}
	return err
}

func (t *Table) entry(key string) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entries == nil {
		t.entries = map[string]*entry{}
	}
	e := t.entries[key]
	if e == nil {
		e = &entry{busy: make(chan struct{}, 1)}
		t.entries[key] = e
	}
	return e
}

// entry is one key.
type entry struct {
	busy chan struct{} // full while a call works on the entry; a channel, not a mutex, so that synctest's clock runs meanwhile

	heal  func() error // nil: nothing is in force
	timer *time.Timer  // of the lease; nil before the first
	term  int          // counts leases: a timer that has fired may still wait when the next one begins
}

func (e *entry) lock()   { e.busy <- struct{}{} }
func (e *entry) unlock() { <-e.busy }

// stop stops the lease's timer. The caller has the lock.
func (e *entry) stop() {
	e.term++
	if e.timer != nil {
		e.timer.Stop()
	}
}

// end heals what is in force; if that fails, its lease goes on. The caller has the lock.
func (e *entry) end() error {
	if e.heal == nil {
		return nil
	}
	if err := e.heal(); err != nil {
		return err
	}
	e.heal = nil
	e.stop()
	return nil
}
