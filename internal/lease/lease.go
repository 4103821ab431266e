// Package lease keeps things in force for as long as somebody renews them. What nobody renews is healed, so that a fault
// ends when whoever injected it is gone.
package lease

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Table holds leases by key. The zero value holds none and is ready. Its methods may be called concurrently; those of one
// key happen one after the other, those of different keys do not wait for each other.
type Table struct {
	// Failed takes the error of a heal that a lease's end has called, and that is tried again after another lease; nil:
	// nobody. It must be set before the first Hold.
	Failed func(key string, err error)

	mu      sync.Mutex
	entries map[string]*entry // never removed: keys are few, and a waiting goroutine may still use one
}

// Force puts something into force and returns what undoes it. When it fails halfway it returns both, and the heal is called
// at once; when it fails before it has done anything, it returns no heal. A heal is idempotent.
type Force func() (heal func() error, err error)

// Hold puts something into force for d, or renews the lease of what is in force already, which leaves it as it is.
func (t *Table) Hold(key string, d time.Duration, force Force) error {
	return t.hold(key, d, force, false)
}

// Set is Hold that calls force also when something is in force already, to give it other parameters. Of several heals of
// one key only the last is called. When force has done nothing, what was in force before stays, and so does its lease.
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
			t.renew(key, e, d) // which tries again
		}
	})
}

// Release heals what is held under a key. Nothing held is no error. What cannot be healed stays held, so that another
// Release, or the lease's end, tries again.
func (t *Table) Release(key string) error {
	e := t.entry(key)
	e.lock()
	defer e.unlock()
	return e.end()
}

// ReleaseAll heals everything, each whatever becomes of the others.
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

// Close heals everything and starts no lease anew for what cannot be healed.
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
	busy chan struct{} // full while somebody works on the entry; a channel and no mutex, so that synctest's clock runs meanwhile

	heal  func() error // nil: nothing is in force
	timer *time.Timer  // of the lease; nil before the first
	term  int          // counts leases: a timer that has fired may still wait when the next one begins
}

func (e *entry) lock()   { e.busy <- struct{}{} }
func (e *entry) unlock() { <-e.busy }

// stop ends the lease's time. The caller has the lock.
func (e *entry) stop() {
	e.term++
	if e.timer != nil {
		e.timer.Stop()
	}
}

// end heals what is in force; its lease goes on where that fails. The caller has the lock.
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
