package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Probe finds out whether a container can do its work. The error says what it still lacks.
type Probe func(ctx context.Context, c *Container) error

// probeInterval is the pause between two probes; probeLimit is the longest that one may take.
const (
	probeInterval = 50 * time.Millisecond
	probeLimit    = time.Second
)

// HTTP is a probe that succeeds when a GET of the path answers 200.
func HTTP(port, path string) Probe {
	return func(ctx context.Context, c *Container) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL(port)+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", path, resp.Status)
		}
		return nil
	}
}

// await probes until the container is ready, has ended, or ctx is over.
func (c *Container) await(ctx context.Context) error {
	if c.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := c.session.Client.ContainerWait(ctx, c.ID, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	for {
		probe, stop := context.WithTimeout(ctx, probeLimit)
		err := c.spec.Ready(probe, c)
		stop()
		if err == nil {
			return nil
		}
		select {
		case exit := <-ended.Result:
			return fmt.Errorf("%s ended before it was ready (exit code %d)%s", c.Name, exit.StatusCode, c.quote(ctx))
		case err := <-ended.Error:
			if ctx.Err() == nil {
				return fmt.Errorf("%s: %w", c.Name, Explain(err))
			}
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) { // because of something else, which is the news
				return context.Cause(ctx)
			}
			return fmt.Errorf("%s is not ready: %w (%w)%s", c.Name, context.Cause(ctx), err, c.quote(ctx))
		case <-tick.C:
		}
	}
}
