package engine

import (
	"context"
	"time"
)

// Adopt takes a running container, which somebody else has started, into the session, and waits until it is ready. It reads
// from spec the name, the network, the ports and the probe, and ignores what describes how to start a container. If the
// container carries the session's labels, the session watches and removes it; else the session leaves it behind.
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

// Expect says that somebody else is about to end the container, so that Lost does not report it.
func (c *Container) Expect() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.expected++
}
