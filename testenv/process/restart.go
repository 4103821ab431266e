package process

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// startLimit is how long a service may take to be ready again.
const startLimit = 20 * time.Second

// kill ends the process of a service as the kernel does when memory runs out; the release starts another one. Its listener stays
// open meanwhile, as with a supervisor that activates services by their sockets.
func kill(_ context.Context, a *arm, service string, _ any, d time.Duration) error {
	return a.leases.Hold(lever.At(service, lever.Kill), d, func() (func() error, error) {
		return func() error { return a.revive(service) }, a.end(service)
	})
}

// restart ends the process of a service and starts another one, once: a renewal does nothing.
func restart(_ context.Context, a *arm, service string, _ any, d time.Duration) error {
	return a.leases.Hold(lever.At(service, lever.Restart), d, func() (func() error, error) {
		if err := a.end(service); err != nil {
			return nil, err
		}
		return func() error { return a.revive(service) }, a.revive(service)
	})
}

// end kills the process of a service.
func (a *arm) end(service string) error {
	a.mu.Lock()
	p := a.procs[service]
	delete(a.procs, service)
	a.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.Kill()
}

// revive starts a service again unless it has a process. It has a context of its own, since a service that is half started helps
// nobody.
func (a *arm) revive(service string) error {
	if a.running()[service] != nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), startLimit, fmt.Errorf("a start takes longer than %v", startLimit))
	defer cancel()
	return a.serve(ctx, service)
}
