package engine

import (
	"context"
	"time"
)

// Adopt takes a container into the session that somebody else has started, and waits until it is ready. Spec says what it
// is called, and which of its ports in which of its networks are to be reached; what makes a container is not looked at.
// One that carries the session's labels is watched and goes with the session; any other is measured and held, and stays.
func (s *Session) Adopt(ctx context.Context, id string, spec Spec) (*Container, error) {
	begin := time.Now()
	c := &Container{Name: spec.Name, ID: id, session: s, spec: spec, addresses: map[string]string{}}
	s.mu.Lock()
	s.containers[id] = c
	s.mu.Unlock()
	if err := c.locate(ctx); err != nil {
		return nil, err
	}
	if err := c.await(ctx); err != nil {
		return nil, err
	}
	var err error
	if c.Meter, err = s.Meter(ctx, id); err != nil {
		return nil, err
	}
	c.StartUp = time.Since(begin)
	return c, nil
}

// Expect says that the container is about to be ended by somebody else, which is no loss.
func (c *Container) Expect() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.expected++
}
