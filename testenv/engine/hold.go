package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/guard"
)

// hold is a verb in force, as the session sees it.
type hold struct {
	container *Container // nil for one that the session did not start
	verb      Verb
}

// Hold does a verb to a container and keeps it in force for a lease, or renews the lease. The guard undoes the verb when
// the lease ends, also when this process is gone. A renewal does not repeat a verb that has no revert, such as restart.
func (s *Session) Hold(ctx context.Context, container, verb string, params any, lease time.Duration) error {
	v, err := LookupVerb(verb)
	if err != nil {
		return err
	}
	act := guard.Act{Verb: verb, Target: container}
	if act.Params, err = json.Marshal(params); err != nil {
		return fmt.Errorf("engine: %s: %w", verb, err)
	}
	key := container + "/" + verb
	s.mu.Lock()
	if s.holds[key] == nil {
		h := &hold{container: s.containers[container], verb: v}
		if h.container != nil && v.ends {
			h.container.expected++
		}
		s.holds[key] = h
	}
	s.mu.Unlock()
	if v.save != nil && !s.guard.Holds(verb, container) {
		saved, err := v.save(ctx, s.Engine, container, act.Params)
		if err != nil {
			return fmt.Errorf("engine: %s: %w", verb, err)
		}
		if act.Saved, err = json.Marshal(saved); err != nil {
			return fmt.Errorf("engine: %s: %w", verb, err)
		}
	}
	if err := s.guard.Hold(act, lease); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}

// Release undoes a verb; one that is not in force is no error.
func (s *Session) Release(ctx context.Context, container, verb string) error {
	key := container + "/" + verb
	s.mu.Lock()
	h := s.holds[key]
	s.mu.Unlock()
	if h == nil {
		return nil
	}
	if err := s.guard.Release(verb, container); err != nil {
		return fmt.Errorf("engine: %w", err) // it is held still, so that another release tries again
	}
	s.mu.Lock()
	if s.holds[key] == h { // else another release, of an arm that shares the container, was faster
		delete(s.holds, key)
		if h.container != nil && h.verb.ends {
			h.container.expected--
		}
	}
	s.mu.Unlock()
	if h.container == nil {
		return nil
	}
	return h.container.locate(ctx) // it may have another address now
}

// releaseAll undoes everything.
func (s *Session) releaseAll(ctx context.Context) error {
	s.mu.Lock()
	type place struct{ container, verb string }
	var all []place
	for key, h := range s.holds {
		all = append(all, place{key[:len(key)-len(h.verb.Name)-1], h.verb.Name})
	}
	s.mu.Unlock()
	var errs []error
	for _, p := range all {
		errs = append(errs, s.Release(ctx, p.container, p.verb))
	}
	return errors.Join(errs...)
}
