package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// Swept is what a sweep has removed.
type Swept struct {
	Sessions   int // sessions that had left something
	Containers int
	Networks   int
	Volumes    int // those of a user's Compose file; our own containers have none with a name
	Alive      int // sessions that were kept because their process may be running
}

// Sweep removes what dead sessions have left: those whose process is gone from this machine.
func (e *Engine) Sweep(ctx context.Context) (Swept, error) {
	return e.sweep(ctx, func(_, owner string) bool { return !alive(owner) })
}

// sweep removes the sessions that are chosen by their id and owner.
func (e *Engine) sweep(ctx context.Context, choose func(session, owner string) bool) (Swept, error) {
	var swept Swept
	ours := make(client.Filters).Add("label", LabelSession)
	containers, err := e.Client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return swept, Explain(err)
	}
	networks, err := e.Client.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return swept, Explain(err)
	}
	volumes, err := e.Client.VolumeList(ctx, client.VolumeListOptions{Filters: ours})
	if err != nil {
		return swept, Explain(err)
	}
	gone, living := map[string]bool{}, map[string]bool{}
	chosen := func(labels map[string]string) bool {
		id := labels[LabelSession]
		if choose(id, labels[LabelOwner]) {
			gone[id] = true
			return true
		}
		living[id] = true
		return false
	}
	var mu sync.Mutex
	var errs []error
	var group errgroup.Group
	group.SetLimit(4)
	for _, c := range containers.Items {
		if !chosen(c.Labels) {
			continue
		}
		swept.Containers++
		group.Go(func() error {
			if err := e.remove(ctx, c.ID); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	for _, n := range networks.Items {
		if !chosen(n.Labels) {
			continue
		}
		swept.Networks++
		if _, err := e.Client.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("engine: network %s: %w", n.Name, err))
		}
	}
	for _, v := range volumes.Items {
		if !chosen(v.Labels) {
			continue
		}
		swept.Volumes++
		if _, err := e.Client.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{}); err != nil && !cerrdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("engine: volume %s: %w", v.Name, err))
		}
	}
	swept.Sessions, swept.Alive = len(gone), len(living)
	return swept, errors.Join(errs...)
}

// remove ends a container at once and removes it with its volumes, even if it is paused or frozen.
func (e *Engine) remove(ctx context.Context, id string) error {
	if at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); err == nil && at.Container.State != nil {
		thaw(at.Container.State.Pid) // a frozen process does not die
		if at.Container.State.Paused {
			_, _ = e.Client.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}) // the removal says what is wrong
		}
	}
	_, err := e.Client.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) { // conflict: somebody is removing it already
		return fmt.Errorf("engine: container %.12s: %w", id, err)
	}
	return nil
}
