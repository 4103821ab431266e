package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/tollgate-dev/tollgate/internal/crash"
	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Labels of everything that tollgate creates in an engine.
const (
	LabelSession = "dev.tollgate.session" // one id per session
	LabelOwner   = "dev.tollgate.owner"   // the process that has made it: host, pid, start time
)

// Session is what one launch has in an engine: containers and networks that carry the session's label, the verbs that are
// in force on them, and the guard, a process that undoes the verbs and removes the rest if this process dies.
type Session struct {
	*Engine
	ID string

	guard    *guard.Guard
	lost     chan error
	starting chan struct{}      // holds one token per container that is being created
	ended    context.CancelFunc // of the watch over containers
	watch    sync.WaitGroup

	mu         sync.Mutex
	containers map[string]*Container // by id
	networks   []string
	closing    bool
	holds      map[string]*hold
}

// NewSession begins a session. Binary is tollgate itself, which runs the guard.
func (e *Engine) NewSession(ctx context.Context, binary string) (*Session, error) {
	s := &Session{
		Engine: e, ID: strings.ToLower(rand.Text()[:8]), lost: make(chan error, 1),
		starting: make(chan struct{}, startsAtOnce), containers: map[string]*Container{}, holds: map[string]*hold{},
	}
	var err error
	if s.guard, err = guard.Start(binary, role.Guard, EnvGuardSession+"="+s.ID); err != nil {
		return nil, err
	}
	s.follow(context.WithoutCancel(ctx))
	return s, nil
}

// Labels are those of everything that belongs to the session.
func (s *Session) Labels() map[string]string {
	return map[string]string{LabelSession: s.ID, LabelOwner: owner()}
}

// owner names this process so that another one can tell whether it is still alive.
func owner() string {
	host, _ := os.Hostname() // "" if the system does not say
	started, _ := started(os.Getpid())
	return fmt.Sprintf("%s %d %d", host, os.Getpid(), started)
}

// started tells a process from later ones with its id. Where there is a /proc, it is the time since the machine began, in ticks: the
// time of day would be another one after the wall clock was set.
func started(pid int) (int64, error) {
	if p, err := procfs.NewProc(pid); err == nil {
		at, err := p.Stat()
		return int64(at.Starttime), err // #nosec G115 -- ticks since the machine began
	}
	p, err := process.NewProcess(int32(pid)) // #nosec G115 -- a process id of this machine
	if err != nil {
		return 0, err
	}
	return p.CreateTime()
}

// alive reports whether the owner that a label names may still be running. One of another machine may.
func alive(label string) bool {
	parts := strings.Fields(label)
	if len(parts) != 3 {
		return false
	}
	if host, _ := os.Hostname(); parts[0] != host {
		return true
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	began, err := started(pid)
	return err == nil && strconv.FormatInt(began, 10) == parts[2]
}

// Network makes a network of the session and returns its name.
func (s *Session) Network(ctx context.Context, suffix string) (string, error) {
	name := fmt.Sprintf("tollgate-%s-%s", s.ID, suffix)
	if _, err := s.Client.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Labels: s.Labels()}); err != nil {
		return "", fmt.Errorf("engine: network %s: %w", name, Explain(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.networks = append(s.networks, name)
	return name, nil
}

// Lost delivers the first container that ended by itself, as an error that names it and quotes its last log lines.
func (s *Session) Lost() <-chan error { return s.lost }

// follow listens to the engine for containers that end. It ends with Close.
func (s *Session) follow(ctx context.Context) {
	ctx, s.ended = context.WithCancel(ctx)
	stream := s.Client.Events(ctx, client.EventsListOptions{
		Filters: make(client.Filters).Add("label", LabelSession+"="+s.ID).Add("type", "container").Add("event", "die"),
	})
	s.watch.Go(func() {
		for {
			select {
			case event := <-stream.Messages:
				s.died(ctx, event)
			case <-stream.Err: // the engine is gone, or the session has ended
				return
			case <-ctx.Done():
				return
			}
		}
	})
}

func (s *Session) died(ctx context.Context, event events.Message) {
	s.mu.Lock()
	c := s.containers[event.Actor.ID]
	expected := s.closing || c == nil || c.expected > 0
	s.mu.Unlock()
	if expected {
		return
	}
	how := "exit code " + event.Actor.Attributes["exitCode"]
	if how == "exit code 137" { // 128 and the number of SIGKILL
		how += ": " + crash.Killed
	}
	err := fmt.Errorf("%s ended by itself (%s)%s", c.Name, how, c.quote(ctx))
	select {
	case s.lost <- err:
	default: // only the first matters
	}
}

// Close heals what is held, removes what is left of the session's containers and networks, and ends the guard.
func (s *Session) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	errs := []error{s.releaseAll(ctx)}
	_, err := s.sweep(ctx, func(id, _ string) bool { return id == s.ID })
	errs = append(errs, err)
	s.ended()
	s.watch.Wait()
	return errors.Join(append(errs, s.guard.Stop())...)
}
