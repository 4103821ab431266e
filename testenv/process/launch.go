package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/internal/scratch"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// launch is one deployment of all arms as processes.
type launch struct {
	env     *Environment
	spec    testenv.Spec
	client  role.Client
	backing string       // the token of the broker and the store
	scratch *scratch.Dir // removed at the end
	views   *outside.Server
	lost    chan error

	mu      sync.Mutex
	procs   []*child.Process // in the order of their start
	arms    []*arm
	startUp result.StartUp
	slowest time.Duration
}

// Launch starts the backing process, then all arms in parallel.
func (e *Environment) Launch(ctx context.Context, spec testenv.Spec) (_ testenv.Launch, err error) {
	begin := time.Now()
	limit := e.ReadyLimit
	if limit == 0 {
		limit = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the launch took longer than %v", limit))
	defer cancel()

	l := &launch{env: e, spec: spec, client: role.NewClient(rand.Text()), backing: rand.Text(), lost: make(chan error, 1), startUp: result.StartUp{Launch: spec.Launch}}
	defer func() {
		if err != nil {
			_ = l.Close(context.WithoutCancel(ctx))
		}
	}()
	if l.scratch, err = scratch.Make(spec.Scratch, "launch"); err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	if l.views, err = outside.Serve(); err != nil {
		return nil, err
	}
	names := make([]string, len(spec.Arms))
	for i, a := range spec.Arms {
		names[i] = a.Name
	}
	config := role.Defaults()
	config.Arms, config.BackingToken = names, l.backing
	backing, addr, err := l.start(ctx, role.Backing, config, map[string]string{otelenv.SDKDisabled: "true"})
	if err != nil {
		return nil, err
	}
	l.arms = make([]*arm, len(spec.Arms))
	group, ctx := errgroup.WithContext(ctx)
	for i, a := range spec.Arms {
		group.Go(func() error {
			arm, err := l.deploy(ctx, a, backing, addr)
			l.arms[i] = arm
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	l.startUp.Total, l.startUp.Processes = time.Since(begin), len(l.procs)
	return l, nil
}

// start starts one role and waits until it is ready. Env is added to the environment variables of the configuration.
func (l *launch) start(ctx context.Context, service string, config role.Config, env map[string]string, files ...*os.File) (*child.Process, map[string]string, error) {
	begin := time.Now()
	name := service
	if config.Arm != "" {
		name = fmt.Sprintf("%s of arm %s", service, config.Arm)
	}
	config.Token, config.Lifeline = l.client.Token, role.LifelineStdin
	if len(files) > 0 {
		config.Listen = role.InheritedListen
	}
	vars := config.Environ()
	vars[otelenv.ServiceName] = service
	maps.Copy(vars, env)
	p, err := child.Start(child.Spec{Name: name, Path: l.env.Binary, Args: []string{"serve", service}, Env: child.Environ(vars), Files: files, Ready: true, Log: l.spec.Log})
	if err != nil {
		return nil, nil, fmt.Errorf("testenv: %w", err)
	}
	l.mu.Lock()
	l.procs = append(l.procs, p)
	l.mu.Unlock()
	addr, err := p.Ready(ctx)
	if err != nil {
		return p, nil, fmt.Errorf("testenv: %w", err)
	}
	l.mu.Lock()
	if took := time.Since(begin); took > l.slowest {
		l.slowest, l.startUp.Slowest = took, fmt.Sprintf("%s (%v)", name, took.Round(time.Millisecond))
	}
	l.mu.Unlock()
	go func() { // ends with the child, which Close waits for
		<-p.Done()
		if !p.Stopping() {
			select {
			case l.lost <- p.Lost():
			default: // only the first loss matters
			}
		}
	}()
	return p, addr, nil
}

// Arms are the arms in the order of the spec.
func (l *launch) Arms() []testenv.Arm {
	arms := make([]testenv.Arm, len(l.arms))
	for i, a := range l.arms {
		arms[i] = a
	}
	return arms
}

// Lost delivers an error for the first child that ended by itself.
func (l *launch) Lost() <-chan error { return l.lost }

// StartUp is how long the launch took.
func (l *launch) StartUp() result.StartUp {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.startUp
}

// Close ends the children: first the services, then the pipelines, which take the last telemetry of the services, and the
// backing process last.
func (l *launch) Close(context.Context) error {
	l.mu.Lock()
	arms := l.arms
	l.mu.Unlock()
	for _, a := range arms {
		if a != nil {
			_ = a.leases.Close() // while its processes are there; those that a fault has stopped are thawed below in any case
		}
	}
	l.mu.Lock()
	procs := slices.Clone(l.procs) // with those that a heal has started again
	l.mu.Unlock()
	for _, p := range procs {
		_ = p.Thaw() // the services send their last telemetry to pipelines, which may be parked
	}
	stop := func(pick func(name string) bool) {
		var group sync.WaitGroup
		for _, p := range procs {
			if pick(p.Name) {
				group.Go(func() { p.Stop(8 * time.Second) })
			}
		}
		group.Wait()
	}
	isPipeline := func(name string) bool { return strings.HasPrefix(name, role.Telemetry+" of") }
	stop(func(name string) bool { return name != role.Backing && !isPipeline(name) })
	stop(isPipeline)
	stop(func(name string) bool { return name == role.Backing })
	l.client.Close()
	for _, a := range l.arms {
		if a == nil {
			continue
		}
		for _, listener := range a.listeners {
			_ = listener.Close()
		}
	}
	var errs []error
	if l.views != nil {
		errs = append(errs, l.views.Close())
	}
	return errors.Join(append(errs, l.scratch.Remove())...)
}

// inherit opens a listener for a child, and returns it with the base URL at which others reach the child. It stays open here, too:
// the address must not go to somebody else while a service is started again. Who connects meanwhile waits.
func inherit(address string) (*net.TCPListener, string, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("testenv: cannot listen on %s: %w (is another stack up? choose another port)", address, err)
	}
	return listener.(*net.TCPListener), "http://" + listener.Addr().String(), nil
}
