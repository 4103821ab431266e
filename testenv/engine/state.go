package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/client"
)

// Runs reports whether the container's processes run now: it was started, and is not paused.
func (c *Container) Runs(ctx context.Context) (bool, error) {
	at, err := c.session.Client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if err != nil {
		return false, fmt.Errorf("testenv: %s: %w", c.Name, err)
	}
	s := at.Container.State
	return s != nil && s.Running && !s.Paused && !s.Restarting, nil
}

// Started is when the container was last started, by the engine's clock; it is an error if it does not run.
func (c *Container) Started(ctx context.Context) (time.Time, error) {
	at, err := c.session.Client.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("testenv: %s: %w", c.Name, err)
	}
	s := at.Container.State
	if s == nil || !s.Running || s.Restarting {
		return time.Time{}, fmt.Errorf("testenv: %s does not run", c.Name)
	}
	began, err := time.Parse(time.RFC3339Nano, s.StartedAt)
	if err != nil {
		return time.Time{}, fmt.Errorf("testenv: %s: its start: %w", c.Name, err)
	}
	return began, nil
}
