package external

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/internal/scratch"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// launchesAtOnce is how many arms start at the same time. It is small, since Compose itself uses CPU while it starts an arm.
const launchesAtOnce = 3

// launch is one deployment of all arms of a system of the user's own.
type launch struct {
	*Environment
	spec    testenv.Spec
	client  role.Client
	scratch *scratch.Dir
	rules   []byte
	session *engine.Session // nil: no part of the launch is in an engine
	lost    chan error
	proxies *guard.Guard // of the proxies, which all arms share; nil: none are named
	startUp result.StartUp

	closing chan struct{}
	watch   sync.WaitGroup // for the watcher of the session's losses

	finding sync.Mutex
	found   map[string]*engine.Container // of the user's that run already, by id

	mu      sync.Mutex
	slowest time.Duration
	procs   []*child.Process // delay proxies and pipelines
	arms    []*arm
}

// Launch starts all arms, or finds those that exist, and starts a delay proxy in front of each.
func (e *Environment) Launch(ctx context.Context, spec testenv.Spec) (_ testenv.Launch, err error) {
	if e.composed() && e.file == nil {
		return nil, errors.New("testenv: external: Check must come before Launch")
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, engine.LaunchLimit, fmt.Errorf("the launch took longer than %v", engine.LaunchLimit))
	defer cancel()
	l := &launch{Environment: e, spec: spec, client: role.NewClient(rand.Text()), lost: make(chan error, 1), closing: make(chan struct{}),
		found:   map[string]*engine.Container{},
		startUp: result.StartUp{Launch: spec.Launch, Parts: map[string]time.Duration{}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close(context.WithoutCancel(ctx)))
		}
	}()
	if l.scratch, err = scratch.Make(spec.Scratch, "launch"); err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	if spec.RulesFile != "" {
		if l.rules, err = os.ReadFile(spec.RulesFile); err != nil {
			return nil, fmt.Errorf("testenv: %w", err)
		}
	}
	if len(e.Proxies) > 0 {
		if l.proxies, err = guard.Start(e.Binary, role.ProxyGuard); err != nil {
			return nil, err
		}
		if spec.Log != nil {
			l.proxies.Log = func(line string) { fmt.Fprintln(spec.Log, line) }
		}
	}
	if e.engine != nil {
		if l.session, err = e.engine.NewSession(ctx, e.Binary); err != nil {
			return nil, err
		}
		l.watch.Go(func() {
			select {
			case err := <-l.session.Lost():
				l.lose(err)
			case <-l.closing:
			}
		})
	}
	for _, a := range spec.Arms {
		l.arms = append(l.arms, &arm{launch: l, spec: a, parts: map[string][]*engine.Container{}})
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(launchesAtOnce)
	for _, a := range l.arms {
		group.Go(func() error {
			if err := a.start(groupCtx); err != nil {
				return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, a := range l.arms {
		a.begin(context.WithoutCancel(ctx))
	}
	l.startUp.Total, l.startUp.Processes = time.Since(begin), len(l.startUp.Parts)
	return l, nil
}

// theirs returns a container of the user's that runs already. Several arms may name it: it is the same for all of them, since
// what a fault does to it is known of it alone.
func (l *launch) theirs(ctx context.Context, service, name string) (*engine.Container, error) {
	at, err := l.session.Client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	l.finding.Lock()
	defer l.finding.Unlock()
	if c := l.found[at.Container.ID]; c != nil {
		return c, nil
	}
	c, err := l.session.Adopt(ctx, at.Container.ID, engine.Spec{Name: fmt.Sprintf("%s (container %s)", service, name)})
	if err == nil {
		l.found[c.ID] = c
	}
	return c, err
}

// started records how long a container or a process of ours took to be ready.
func (l *launch) started(arm, part string, container bool, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if container {
		l.startUp.Parts[arm+"-"+part] = took
	}
	if took > l.slowest {
		l.slowest, l.startUp.Slowest = took, fmt.Sprintf("%s of arm %s (%v)", part, arm, took.Round(time.Millisecond))
	}
}

// start starts a role of ours as a process, and returns its addresses.
func (l *launch) start(ctx context.Context, name string, config role.Config) (*child.Process, map[string]string, error) {
	begin := time.Now()
	config.Token, config.Lifeline = l.client.Token, role.LifelineStdin
	p, err := child.Start(child.Spec{
		Name: fmt.Sprintf("%s of arm %s", name, config.Arm), Path: l.Binary, Args: []string{"serve", name}, Env: child.Environ(config.Environ()), Ready: true, Log: l.spec.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	l.procs = append(l.procs, p)
	l.mu.Unlock()
	go func() { // ends with the child; Close waits for the child
		<-p.Done()
		if !p.Stopping() {
			l.lose(p.Lost())
		}
	}()
	addr, err := p.Ready(ctx)
	if err == nil {
		l.started(config.Arm, name, false, time.Since(begin))
	}
	return p, addr, err
}

// lose reports a loss; only the first one is delivered.
func (l *launch) lose(err error) {
	select {
	case l.lost <- err:
	default:
	}
}

// Arms are the arms in the order of the spec.
func (l *launch) Arms() []testenv.Arm {
	arms := make([]testenv.Arm, len(l.arms))
	for i, a := range l.arms {
		arms[i] = a
	}
	return arms
}

// Lost delivers an error for the first process of ours, or container, that ended by itself.
func (l *launch) Lost() <-chan error { return l.lost }

// StartUp says how long the launch took, by part.
func (l *launch) StartUp() result.StartUp { return l.startUp }

// Close ends what the launch has started: the arms, and then their pipelines. It leaves everything else alone.
func (l *launch) Close(ctx context.Context) error {
	close(l.closing)
	l.watch.Wait()
	var errs []error
	if l.proxies != nil {
		errs = append(errs, l.proxies.Stop())
	}
	var group errgroup.Group
	group.SetLimit(launchesAtOnce)
	for _, a := range l.arms {
		group.Go(func() error { return a.end(ctx) })
	}
	errs = append(errs, group.Wait())
	var ending sync.WaitGroup
	for _, p := range l.procs {
		ending.Go(func() { p.Stop(8 * time.Second) })
	}
	ending.Wait()
	l.client.Close()
	if l.session != nil {
		errs = append(errs, l.session.Close(ctx))
	}
	return errors.Join(append(errs, l.scratch.Remove())...)
}
