package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/crash"
)

// Spec describes a container to start.
type Spec struct {
	Name    string // for people: "decision of arm full"
	Host    string // its name in the network; the container's name is made of it
	Image   string
	Cmd     []string
	Env     map[string]string
	Network string
	Join    []string // further networks, which exist already
	Ports   []string // ports that this process has to reach, e.g. "8080"
	Publish string   // host:port where people reach the first of Ports; "" if only we do
	Files   []File
	User    string // "" for the image's own
	Ready   Probe  // nil: ready once it runs
	Turn    *Turn  // the right to create it, from Session.Turn; nil: Start waits for one
}

// Container is a running container of a session.
type Container struct {
	Name    string
	ID      string
	Meter   *Meter
	StartUp time.Duration // from its creation until it was ready

	session  *Session
	spec     Spec
	expected int // holds that may end it; guarded by the session's lock

	mu        sync.Mutex
	addresses map[string]string // host:port by container port
	published string            // host:port of the first port for people; "" if it is not published
}

// Ending reports whether something is in force that ends the container, so that there may be none just now.
func (c *Container) Ending() bool {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.expected > 0
}

// Start starts a container and waits until it is ready. It fails at once when the container ends, and quotes its log.
// The container belongs to the session also after an error: the session removes it.
func (s *Session) Start(ctx context.Context, spec Spec) (*Container, error) {
	c := &Container{Name: spec.Name, session: s, spec: spec, addresses: map[string]string{}}
	request := testcontainers.ContainerRequest{
		Image: spec.Image, Cmd: spec.Cmd, Env: spec.Env, Labels: s.Labels(), Name: fmt.Sprintf("tollgate-%s-%s", s.ID, spec.Host),
		Networks: append([]string{spec.Network}, spec.Join...), NetworkAliases: map[string][]string{spec.Network: {spec.Host}},
		ConfigModifier: func(config *container.Config) {
			if spec.User != "" {
				config.User = spec.User
			}
		},
		HostConfigModifier: func(host *container.HostConfig) { s.publish(host, spec) },
		LifecycleHooks: []testcontainers.ContainerLifecycleHooks{{
			PreStarts: []testcontainers.ContainerHook{func(ctx context.Context, created testcontainers.Container) error {
				return s.put(ctx, created.GetContainerID(), spec.Files)
			}},
			PostStarts: []testcontainers.ContainerHook{func(_ context.Context, started testcontainers.Container) error {
				c.ID = started.GetContainerID()
				s.mu.Lock()
				defer s.mu.Unlock()
				s.containers[c.ID] = c
				return nil
			}},
		}},
	}
	if !s.Direct || spec.Publish != "" {
		for _, port := range spec.Ports {
			request.ExposedPorts = append(request.ExposedPorts, port+"/tcp")
		}
	}
	begin, err := s.create(ctx, spec.Turn, request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Name, errors.Join(Explain(err), context.Cause(ctx)))
	}
	if err := c.locate(ctx); err != nil {
		return nil, err
	}
	if err := c.await(ctx); err != nil {
		return nil, err
	}
	if c.Meter, err = s.Meter(ctx, c.ID); err != nil {
		return nil, err
	}
	c.StartUp = time.Since(begin)
	return c, nil
}

// startsAtOnce is how many containers are created at the same time: an engine does little more at once.
const startsAtOnce = 6

// Turn is the right to create one container. A caller that takes turns one after the other decides the order in which
// containers are created, however long each takes to be ready.
type Turn struct{ release func() }

// Turn waits for one.
func (s *Session) Turn(ctx context.Context) (*Turn, error) {
	select {
	case s.starting <- struct{}{}:
		return &Turn{sync.OnceFunc(func() { <-s.starting })}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// create creates and starts a container. The turn ends with that, and not when the container is ready, since a container
// may be ready only after another one that is created later.
func (s *Session) create(ctx context.Context, turn *Turn, request testcontainers.ContainerRequest) (begin time.Time, err error) {
	if turn == nil {
		if turn, err = s.Turn(ctx); err != nil {
			return time.Time{}, err
		}
	}
	defer turn.release()
	begin = time.Now()
	_, err = testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: request, Started: true})
	return begin, err
}

// Host is the container's name in its network.
func (c *Container) Host() string { return c.spec.Host }

// Stop asks the container to end, and kills it after grace; it stays until it is removed.
func (c *Container) Stop(ctx context.Context, grace time.Duration) error {
	c.session.mu.Lock()
	c.expected++
	c.session.mu.Unlock()
	seconds := max(1, int(grace.Seconds()))
	if _, err := c.session.Client.ContainerStop(ctx, c.ID, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// Remove ends the container at once and removes it.
func (c *Container) Remove(ctx context.Context) error {
	c.session.mu.Lock()
	c.expected++
	c.session.mu.Unlock()
	return c.session.remove(ctx, c.ID)
}

// Logs copies the last lines of the container's log to w.
func (c *Container) Logs(ctx context.Context, lines int, w io.Writer) error {
	stream, err := c.session.Client.ContainerLogs(ctx, c.ID, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(lines),
	})
	if err != nil {
		return fmt.Errorf("%s: log: %w", c.Name, err)
	}
	defer stream.Close()
	_, err = stdcopy.StdCopy(w, w, stream)
	return err
}

// quotedLines is how many lines of a log an error quotes.
const quotedLines = 5

// quote is why the container crashed, or its last log lines, as the end of an error message.
func (c *Container) quote(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var text bytes.Buffer
	if err := c.Logs(ctx, LogLines, &text); err != nil {
		return "; its log cannot be read: " + err.Error()
	}
	if cause := crash.Cause(text.String()); cause != "" {
		return ": " + secret.Hide(cause)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	if len(lines) == 0 {
		return "; it logged nothing"
	}
	lines = lines[max(0, len(lines)-quotedLines):]
	return "; its last log lines:\n    " + secret.Hide(strings.Join(lines, "\n    "))
}
