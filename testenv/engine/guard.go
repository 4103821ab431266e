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
)

// GuardRole is the role of the guard: `tollgate serve guard`.
const GuardRole = "guard"

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
	cmd := exec.Command(binary, "serve", GuardRole)
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

// held is one verb in force, in the guard.
type held struct {
	verb      Verb
	container string
	saved     json.RawMessage
	timer     *time.Timer
}

// guardian is the guard from inside.
type guardian struct {
	engine *Engine

	mu   sync.Mutex
	held map[string]*held
}

// Guard serves requests until in ends, then undoes what is held and removes the session.
func Guard(session string, in io.Reader, out io.Writer) error {
	g := &guardian{held: map[string]*held{}}
	requests := bufio.NewScanner(in)
	requests.Buffer(nil, 1<<20)
	for requests.Scan() {
		var a answer
		if err := g.serve(requests.Bytes()); err != nil {
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
	err := g.connect(ctx)
	if err != nil {
		return err
	}
	for key := range g.held {
		err = errors.Join(err, g.release(key))
	}
	_, swept := g.engine.sweep(ctx, func(id, _ string) bool { return id == session })
	return errors.Join(err, swept, g.engine.Close())
}

// connect opens the engine when it is needed for the first time.
func (g *guardian) connect(ctx context.Context) (err error) {
	if g.engine == nil {
		g.engine, err = Open(ctx)
	}
	return err
}

func (g *guardian) serve(line []byte) error {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("engine: guard: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), revertLimit)
	defer cancel()
	if err := g.connect(ctx); err != nil {
		return err
	}
	if r.Release != "" {
		return g.release(r.Release)
	}
	return g.hold(ctx, r)
}

// hold applies a verb, or renews its lease while it is in force.
func (g *guardian) hold(ctx context.Context, r request) error {
	verb, err := LookupVerb(r.Verb)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.held[r.Hold]
	if h == nil {
		saved, err := verb.apply(ctx, g.engine, r.Container, r.Params)
		text, bad := json.Marshal(saved)
		if err := errors.Join(err, bad); err != nil {
			if verb.revert != nil { // it may have been done halfway
				err = errors.Join(err, verb.revert(ctx, g.engine, r.Container, text))
			}
			return fmt.Errorf("engine: %s: %w", verb.Name, err)
		}
		h = &held{verb: verb, container: r.Container, saved: text}
		g.held[r.Hold] = h
	} else {
		h.timer.Stop()
	}
	h.timer = time.AfterFunc(r.Lease, func() {
		g.mu.Lock()
		current := g.held[r.Hold] == h
		g.mu.Unlock()
		if current {
			if err := g.release(r.Hold); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	})
	return nil
}

// release undoes what is held under a key; nothing held is no error.
func (g *guardian) release(key string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.held[key]
	if h == nil {
		return nil
	}
	h.timer.Stop()
	delete(g.held, key)
	if h.verb.revert == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), revertLimit)
	defer cancel()
	if err := h.verb.revert(ctx, g.engine, h.container, h.saved); err != nil {
		return fmt.Errorf("engine: revert of %s: %w", h.verb.Name, err)
	}
	return nil
}
