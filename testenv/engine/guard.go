package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// EnvGuardSession names the session to the guard.
const EnvGuardSession = "TOLLGATE_SESSION"

// The guard is a process of its own that does to containers what a fault asks for, and undoes it when the lease ends. It
// outlives whoever started it by as long as it takes to undo everything and to remove the session: so nothing stays
// broken and nothing stays behind when that one is killed, with the reaper's image or without it. Requests and answers
// are JSON lines on its stdin and stdout.
type (
	request struct {
		Hold      string          `json:"hold,omitempty"`    // put in force, or renew, under this key
		Release   string          `json:"release,omitempty"` // undo what is held under this key
		Verb      string          `json:"verb,omitempty"`
		Container string          `json:"container,omitempty"`
		Params    json.RawMessage `json:"params,omitempty"`
		Lease     time.Duration   `json:"lease,omitempty"` // ns
	}
	answer struct {
		Error string `json:"error,omitempty"`
	}
)

// revertLimit is how long an undoing may take.
const revertLimit = 15 * time.Second

// guard is the guard as its parent sees it.
type guard struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	mu    sync.Mutex // one request at a time
}

func startGuard(binary, session string) (*guard, error) {
	cmd := exec.Command(binary, "serve", role.Guard)
	cmd.Env = append(os.Environ(), EnvGuardSession+"="+session)
	cmd.SysProcAttr = detached() // Ctrl-C is for the parent
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("engine: guard: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("engine: guard: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("engine: guard: %w", err)
	}
	return &guard{cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}, nil
}

// ask sends a request and waits for its answer.
func (g *guard) ask(r request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("engine: guard: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := g.stdin.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("engine: the guard is gone: %w", err)
	}
	text, err := g.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("engine: the guard is gone: %w", err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("engine: guard: %w", err)
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// stop ends the guard, which undoes what is still held.
func (g *guard) stop() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.stdin.Close() // its end is the signal
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("engine: guard: %w", err)
	}
	return nil
}

// server is the guard from inside.
type server struct {
	engine *Engine // nil: not needed yet
	leases lease.Table
}

// Guard serves requests until in ends, then undoes what is held and removes the session.
func Guard(session string, in io.Reader, out io.Writer) error {
	s := &server{}
	s.leases.Failed = func(_ string, err error) { fmt.Fprintln(os.Stderr, err) }
	requests := bufio.NewScanner(in)
	requests.Buffer(nil, 1<<20)
	for requests.Scan() {
		var a answer
		if err := s.serve(requests.Bytes()); err != nil {
			a.Error = err.Error()
		}
		line, err := json.Marshal(a)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			break // nobody listens any more
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return err
	}
	err := s.leases.Close()
	_, swept := s.engine.sweep(ctx, func(id, _ string) bool { return id == session })
	return errors.Join(err, swept, s.engine.Close())
}

// connect opens the engine when it is needed for the first time.
func (s *server) connect(ctx context.Context) (err error) {
	if s.engine == nil {
		s.engine, err = Open(ctx)
	}
	return err
}

func (s *server) serve(line []byte) error {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("engine: guard: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), revertLimit)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return err
	}
	if r.Release != "" {
		return s.leases.Release(r.Release)
	}
	verb, err := LookupVerb(r.Verb)
	if err != nil {
		return err
	}
	return s.leases.Hold(r.Hold, r.Lease, func() (func() error, error) { return s.apply(ctx, verb, r) })
}

// apply does what a verb does and returns what undoes it.
func (s *server) apply(ctx context.Context, verb Verb, r request) (func() error, error) {
	saved, err := verb.apply(ctx, s.engine, r.Container, r.Params)
	text, bad := json.Marshal(saved)
	revert := func() error {
		if verb.revert == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), revertLimit)
		defer cancel()
		if err := verb.revert(ctx, s.engine, r.Container, text); err != nil {
			return fmt.Errorf("engine: revert of %s: %w", verb.Name, err)
		}
		return nil
	}
	if err := errors.Join(err, bad); err != nil {
		return revert, fmt.Errorf("engine: %s: %w", verb.Name, err) // it may have been done halfway
	}
	return revert, nil
}
