package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// launchesAtOnce is how many arms start at the same time: Compose is busy itself while it starts one.
const launchesAtOnce = 3

// foreign is one deployment of all arms of a system that is not ours.
type foreign struct {
	*External
	spec    Spec
	token   string
	scratch string
	rules   []byte
	session *engine.Session // nil: nothing of it is in an engine
	lost    chan error
	proxies leases // which all arms share
	startUp result.StartUp

	closing chan struct{}
	watch   sync.WaitGroup // over the session's losses

	mu      sync.Mutex
	slowest time.Duration
	doors   []*child.Process // and pipelines
	arms    []*foreignArm
}

// Launch starts all arms, or finds those that exist, and puts a door before each.
func (e *External) Launch(ctx context.Context, spec Spec) (_ Launch, err error) {
	if e.composed() && e.file == nil {
		return nil, errors.New("testenv: external: Check must come before Launch")
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, launchLimit, fmt.Errorf("the launch took longer than %v", launchLimit))
	defer cancel()
	l := &foreign{External: e, spec: spec, token: rand.Text(), lost: make(chan error, 1), closing: make(chan struct{}),
		startUp: result.StartUp{Launch: spec.Launch, Parts: map[string]time.Duration{}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close(context.WithoutCancel(ctx)))
		}
	}()
	if l.scratch, err = os.MkdirTemp(spec.Scratch, "tollgate-"); err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	if spec.RulesFile != "" {
		if l.rules, err = os.ReadFile(spec.RulesFile); err != nil {
			return nil, fmt.Errorf("testenv: %w", err)
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
		l.arms = append(l.arms, &foreignArm{foreign: l, spec: a, parts: map[string][]*engine.Container{}})
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

// started takes note of how long a container or a process of ours took to be ready.
func (l *foreign) started(arm, part string, container bool, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if container {
		l.startUp.Parts[arm+"-"+part] = took
	}
	if took > l.slowest {
		l.slowest, l.startUp.Slowest = took, fmt.Sprintf("%s of arm %s (%v)", part, arm, took.Round(time.Millisecond))
	}
}

// role starts a role of ours as a process, and returns its addresses.
func (l *foreign) role(ctx context.Context, role, arm string, env map[string]string) (*child.Process, map[string]string, error) {
	begin := time.Now()
	vars := map[string]string{"PERSO_ARM": arm, "PERSO_LISTEN": "127.0.0.1:0", "PERSO_CONTROL_TOKEN": l.token, "PERSO_LIFELINE": "stdin"}
	maps.Copy(vars, env)
	p, err := child.Start(child.Spec{
		Name: fmt.Sprintf("%s of arm %s", role, arm), Path: l.Binary, Args: []string{"serve", role}, Env: child.Environ(vars), Ready: true, Log: l.spec.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	l.doors = append(l.doors, p)
	l.mu.Unlock()
	go func() { // ends with the child, which Close waits for
		<-p.Done()
		if !p.Stopping() {
			l.lose(p.Lost())
		}
	}()
	addr, err := p.Ready(ctx)
	if err == nil {
		l.started(arm, role, false, time.Since(begin))
	}
	return p, addr, err
}

// lose makes a loss known; only the first matters.
func (l *foreign) lose(err error) {
	select {
	case l.lost <- err:
	default:
	}
}

// Arms are the arms in the order of the spec.
func (l *foreign) Arms() []Arm {
	arms := make([]Arm, len(l.arms))
	for i, a := range l.arms {
		arms[i] = a
	}
	return arms
}

// Lost delivers the first process of ours or container that ended by itself.
func (l *foreign) Lost() <-chan error { return l.lost }

// StartUp is how long the launch took, by part.
func (l *foreign) StartUp() result.StartUp { return l.startUp }

// Close ends what was started, the arms before their pipelines, and leaves alone what was there before.
func (l *foreign) Close(ctx context.Context) error {
	close(l.closing)
	l.watch.Wait()
	errs := []error{l.proxies.releaseAll()}
	var group errgroup.Group
	group.SetLimit(launchesAtOnce)
	for _, a := range l.arms {
		group.Go(func() error { return a.end(ctx) })
	}
	errs = append(errs, group.Wait())
	var doors sync.WaitGroup
	for _, p := range l.doors {
		doors.Go(func() { p.Stop(8 * time.Second) })
	}
	doors.Wait()
	if l.session != nil {
		errs = append(errs, l.session.Close(ctx))
	}
	if l.scratch != "" {
		errs = append(errs, os.RemoveAll(l.scratch))
	}
	return errors.Join(errs...)
}
