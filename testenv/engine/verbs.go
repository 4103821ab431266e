package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// Verb is a lever that only an engine can pull, at a container, with its revert.
type Verb struct {
	Name string // of the lever

	// ends: the container ends by it, which is no loss.
	ends bool
	// save returns what the revert needs to know of the container before it is done; nil: nothing.
	save func(ctx context.Context, e *Engine, id string, params json.RawMessage) (any, error)
	// apply does it. Doing it to a container to which it was done already is no error.
	apply func(ctx context.Context, e *Engine, id string, params json.RawMessage) error
	// revert undoes it; nil: there is nothing to undo. It is idempotent.
	revert func(ctx context.Context, e *Engine, id string, saved json.RawMessage) error
}

// Verbs are all verbs but Rewrite. What each does, and its parameters, is in lever.All.
func Verbs() []Verb {
	return []Verb{
		{Name: lever.Pause, apply: pause, revert: unpause},
		{Name: lever.Kill, ends: true, apply: kill, revert: start},
		{Name: lever.Restart, ends: true, apply: restart},
		{Name: lever.LimitCPU, save: limitsOf, apply: limitCPU, revert: unlimitCPU},
		{Name: lever.LimitMemory, ends: true, save: limitsOf, apply: limitMemory, revert: unlimitMemory},
		{Name: lever.Disconnect, save: endpointsOf, apply: disconnect, revert: connect},
	}
}

// LookupVerb returns the verb of that name; the error lists the legal ones.
func LookupVerb(name string) (Verb, error) {
	var names []string
	for _, v := range append(Verbs(), rewriteVerb()) {
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return Verb{}, fmt.Errorf("engine: unknown verb %q: legal verbs are %s", name, strings.Join(names, ", "))
}

func pause(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil || at.Container.State.Paused {
		return err
	}
	return untilFrozen(ctx, func() error {
		_, err := e.Client.ContainerPause(ctx, id, client.ContainerPauseOptions{})
		return err
	})
}

// How often a pause is tried, and how long a try waits for the next.
const (
	pauseTries = 8
	pauseWait  = 50 * time.Millisecond
)

// untilFrozen tries a pause again where the runtime gave up on it: runc looks for some milliseconds only whether all threads stand still, which
// is too short for many threads on a busy machine, and lets them go on then.
func untilFrozen(ctx context.Context, pause func() error) error {
	for try := 1; ; try++ {
		err := pause()
		if err == nil || try == pauseTries || !strings.Contains(err.Error(), "unable to freeze") {
			return err
		}
		select {
		case <-time.After(pauseWait):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

func unpause(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil || !at.Container.State.Paused {
		return err
	}
	_, err = e.Client.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
	return err
}

func kill(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	_, err := e.Client.ContainerKill(ctx, id, client.ContainerKillOptions{})
	if cerrdefs.IsConflict(err) { // not running
		return nil
	}
	return err
}

func start(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	_, err := e.Client.ContainerStart(ctx, id, client.ContainerStartOptions{}) // of one that runs: no error
	return err
}

func restart(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	at := 0
	_, err := e.Client.ContainerRestart(ctx, id, client.ContainerRestartOptions{Timeout: &at})
	return err
}

// endpoint is one connection of a container to a network.
type endpoint struct {
	Network string
	Aliases []string
	IP      string
}

func endpointsOf(ctx context.Context, e *Engine, id string, _ json.RawMessage) (any, error) {
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	var saved []endpoint
	for name, n := range at.Container.NetworkSettings.Networks {
		ip := ""
		if n.IPAddress.IsValid() {
			ip = n.IPAddress.String()
		}
		// The engine adds the container's own id to the aliases.
		aliases := slices.DeleteFunc(slices.Clone(n.Aliases), func(a string) bool { return strings.HasPrefix(id, a) })
		saved = append(saved, endpoint{name, aliases, ip})
	}
	return saved, nil
}

func disconnect(ctx context.Context, e *Engine, id string, _ json.RawMessage) error {
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	var errs []error
	for name := range at.Container.NetworkSettings.Networks {
		_, err := e.Client.NetworkDisconnect(ctx, name, client.NetworkDisconnectOptions{Container: id, Force: true})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func connect(ctx context.Context, e *Engine, id string, text json.RawMessage) error {
	var saved []endpoint
	if err := json.Unmarshal(text, &saved); err != nil {
		return err
	}
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range saved {
		if _, connected := at.Container.NetworkSettings.Networks[n.Network]; connected {
			continue
		}
		settings := &network.EndpointSettings{Aliases: n.Aliases}
		if ip, err := netip.ParseAddr(n.IP); err == nil {
			settings.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: ip}
		}
		_, err := e.Client.NetworkConnect(ctx, n.Network, client.NetworkConnectOptions{Container: id, EndpointConfig: settings})
		if err != nil { // its old address may be taken, or not be ours to choose
			settings.IPAMConfig = nil
			_, err = e.Client.NetworkConnect(ctx, n.Network, client.NetworkConnectOptions{Container: id, EndpointConfig: settings})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// strict decodes the parameters of a verb, refusing unknown ones.
func strict(params json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("engine: parameters: %w", err)
	}
	return nil
}
