package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits of a role's life.
const (
	readyLimit    = 2 * time.Minute        // from the start until the dependencies must have answered; a launch has a limit of its own
	shutdownLimit = 5 * time.Second        // to drain and flush
	retryFirst    = 10 * time.Millisecond  // pause before the second attempt, doubled after each
	retryMost     = 100 * time.Millisecond // the longest pause
	attemptLimit  = time.Second            // of one attempt to reach a dependency
	healthLimit   = 300 * time.Millisecond // to find out whether a dependency answers
	bodyLimit     = 64 << 10               // bytes of a request body
)

// parts are what a role consists of. All fields are optional.
type parts struct {
	routes    map[string]http.HandlerFunc // by mux pattern; instrumented when telemetry is on
	endpoints []endpoint
	addrs     map[string]string                 // addresses in the ready line besides role.AddrHTTP
	prepare   func(ctx context.Context) error   // returns when the role can do its work
	healthy   func(ctx context.Context) error   // after prepare: an error if the role cannot do its work now
	work      []func(ctx context.Context) error // loops that run from the start until ctx ends
	close     func(ctx context.Context) error   // flushes and releases; called once, after work has ended
}

// builder makes the parts of a role. It must not wait for other roles: parts.prepare does that.
type builder func(ctx context.Context, cfg Config, tel *telemetry) (parts, error)

// run runs a role through its life: listen, build, serve, become ready, wait, drain, flush.
func run(ctx context.Context, name string, cfg Config, build builder) (err error) {
	listener, err := role.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	tel, err := setup(ctx, name, cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	p, err := build(ctx, cfg, tel)
	if err != nil {
		return errors.Join(fmt.Errorf("stack: %s: %w", name, err), listener.Close(), tel.shutdown(context.WithoutCancel(ctx)))
	}
	var ready atomic.Bool
	control := newControl(cfg.Token, append(p.endpoints, runtimeEndpoint(), stallsEndpoint(), uptimeEndpoint(), profileEndpoint()))
	server := api.Server(handler(name, p, tel, control, &ready), bodyLimit)

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	group.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("stack: %s: %w", name, err))
		}
	})
	for _, work := range p.work {
		group.Go(func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				stop(fmt.Errorf("stack: %s: %w", name, err))
			}
		})
	}
	err = becomeReady(ctx, name, cfg, p, tel, listener.Addr().String(), &ready)
	if err == nil {
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	} else if cause := context.Cause(ctx); cause != nil {
		if err = cause; errors.Is(cause, context.Canceled) {
			err = nil // it was asked to end before it was ready
		}
	}
	stop(nil)
	return errors.Join(err, end(context.WithoutCancel(ctx), server, control, &group, p, tel))
}

// becomeReady waits until the role can do its work, and prints the ready line.
func becomeReady(ctx context.Context, name string, cfg Config, p parts, tel *telemetry, addr string, ready *atomic.Bool) error {
	if p.prepare != nil {
		limit := cmp.Or(cfg.readyLimit, readyLimit)
		waitCtx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err := p.prepare(waitCtx); err != nil {
			return fmt.Errorf("stack: %s: not ready within %v: %w", name, limit, err)
		}
	}
	ready.Store(true)
	tel.log.InfoContext(ctx, "started", "perso.lifecycle", "started")
	addrs := map[string]string{role.AddrHTTP: addr}
	maps.Copy(addrs, p.addrs)
	return child.Announce(cfg.Stdout, addrs)
}

// end drains and flushes within the shutdown limit.
func end(ctx context.Context, server *http.Server, control *control, group *sync.WaitGroup, p parts, tel *telemetry) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownLimit)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("stack: draining: %w", err), server.Close())
	}
	control.close()
	group.Wait()
	if p.close != nil {
		err = errors.Join(err, p.close(ctx))
	}
	return errors.Join(err, tel.shutdown(ctx))
}

func handler(name string, p parts, tel *telemetry, control *control, ready *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	for pattern, route := range p.routes {
		next := tel.handler(route)
		if isHop(pattern) {
			next = timed{name, next}
		}
		mux.Handle(pattern, next)
	}
	mux.Handle(role.ControlPath, control)
	mux.HandleFunc("GET "+role.HealthPath, func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() {
			fail(w, http.StatusServiceUnavailable, errors.New("starting"))
			return
		}
		if p.healthy != nil {
			ctx, cancel := context.WithTimeout(r.Context(), healthLimit)
			defer cancel()
			if err := p.healthy(ctx); err != nil {
				fail(w, http.StatusServiceUnavailable, err)
				return
			}
		}
		reply(w, http.StatusOK, struct{}{})
	})
	return mux
}

// retry calls attempt until it succeeds or ctx ends. If ctx ends, it returns the last error that is more than a time-out.
func retry(ctx context.Context, attempt func(ctx context.Context) error) error {
	var last error
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		attemptCtx, cancel := context.WithTimeout(ctx, attemptLimit)
		err := attempt(attemptCtx)
		cancel()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(pause):
		}
	}
}

// reply writes a JSON answer.
func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	replyBytes(w, status, text)
}

func replyBytes(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}

// fail writes an error answer.
func fail(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}

// body is the body of a request; check returns what is wrong with it.
type body interface{ check() error }

// read decodes and checks a JSON body of limited size. If that fails, it answers 400 and returns false.
func read(w http.ResponseWriter, r *http.Request, into body) bool {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Errorf("the body must be JSON of at most %d bytes: %w", bodyLimit, err))
		return false
	}
	if err := into.check(); err != nil {
		fail(w, http.StatusBadRequest, err)
		return false
	}
	return true
}
