// Package guard undoes what was done to things that outlive this process, such as a user's container or proxy, when this process
// is gone. The guard is a process of its own: it holds every act for as long as its lease is renewed, and outlives whoever
// started it by as long as it takes to undo everything. A guard that is killed is replaced by another, which takes over what the
// first one held.
package guard

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

// Act is something that can be done to a target, and undone.
type Act struct {
	Verb   string          `json:"verb"`
	Target string          `json:"target"`
	Params json.RawMessage `json:"params,omitempty"`
	// Saved is what the revert needs to know of the target as it was before.
	Saved json.RawMessage `json:"saved,omitempty"`
}

// key tells acts apart: one verb is in force once on one target.
func (a Act) key() string { return a.Target + "\x00" + a.Verb }

// request and answer are JSON lines on the guard's stdin and stdout.
type (
	request struct {
		Act
		Lease   time.Duration `json:"lease,omitempty"`   // ns; put in force, or renew
		Release bool          `json:"release,omitempty"` // undo
		Adopt   bool          `json:"adopt,omitempty"`   // it is in force already: another guard did it
	}
	answer struct {
		Error string `json:"error,omitempty"`
	}
)

// errGone says that the guard ended before it answered.
var errGone = errors.New("the guard is gone")

// Guard is a guard as its parent sees it. It is safe for concurrent use.
type Guard struct {
	// Log is told when the guard was replaced; nil: nobody is. It must be set before the first Hold.
	Log func(string)

	binary, role string
	env          []string

	mu       sync.Mutex // one request at a time
	p        *process   // nil: stopped, or there is none any more
	held     map[string]request
	replaced int
}

// replacements are how many guards may end by themselves: more is not an accident, and another one would end as well.
const replacements = 5

// Start starts a guard: binary with the arguments "serve ROLE", which calls Serve. Env is added to this process's environment.
func Start(binary, role string, env ...string) (*Guard, error) {
	g := &Guard{binary: binary, role: role, env: env, held: map[string]request{}}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g, g.start()
}

// start starts the process, and another one if it ends by itself. The caller has the lock.
func (g *Guard) start() (err error) {
	if g.p, err = startProcess(g.binary, g.role, g.env); err != nil {
		return err
	}
	go func(p *process) { // ends with the process, which Stop waits for
		<-p.done
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.p == p {
			g.replace()
		}
	}(g.p)
	return nil
}

// replace starts another guard in the place of one that has ended, which takes over what is held. The caller has the lock.
func (g *Guard) replace() {
	g.p = nil
	err := fmt.Errorf("it has ended %d times", g.replaced+1)
	if g.replaced++; g.replaced <= replacements {
		err = g.start()
	}
	for _, r := range g.held {
		if err == nil {
			r.Adopt = true
			err = g.p.ask(r)
		}
	}
	if g.Log == nil {
		return
	}
	if err != nil {
		g.Log(fmt.Sprintf("the guard ended by itself, and another cannot take its place: %v", err))
		return
	}
	g.Log("the guard ended by itself; another one has taken over what it held")
}

// ask asks the guard, or the one that takes its place. The caller has the lock.
func (g *Guard) ask(r request) error {
	if g.p == nil {
		return errGone
	}
	err := g.p.ask(r)
	if !errors.Is(err, errGone) {
		return err
	}
	if g.replace(); g.p == nil {
		return err
	}
	return g.p.ask(r)
}

// Hold does something and keeps it in force for a lease. If it is in force already, Hold only renews the lease.
func (g *Guard) Hold(a Act, lease time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := request{Act: a, Lease: lease}
	if before, ok := g.held[a.key()]; ok {
		r.Saved = before.Saved
	}
	if err := g.ask(r); err != nil {
		return err
	}
	g.held[a.key()] = r
	return nil
}

// Holds reports whether something is in force.
func (g *Guard) Holds(verb, target string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.held[Act{Verb: verb, Target: target}.key()]
	return ok
}

// Release undoes something; it is no error if it is not in force. If that fails it stays in force, so that another Release, or the
// end of the lease, tries again.
func (g *Guard) Release(verb, target string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := Act{Verb: verb, Target: target}
	if err := g.ask(request{Act: a, Release: true}); err != nil {
		return err
	}
	delete(g.held, a.key())
	return nil
}

// Stop ends the guard, which undoes what is still held.
func (g *Guard) Stop() error {
	g.mu.Lock()
	p := g.p
	g.p = nil
	g.mu.Unlock()
	if p == nil {
		return nil
	}
	_ = p.stdin.Close() // its end is the signal
	<-p.done
	if p.err != nil {
		return fmt.Errorf("guard: %w", p.err)
	}
	return nil
}

// process is a running guard.
type process struct {
	stdin io.WriteCloser
	out   *bufio.Reader
	pid   int
	done  chan struct{} // closed when it has ended
	err   error         // how; valid after done
}

func startProcess(binary, role string, env []string) (*process, error) {
	cmd := exec.Command(binary, "serve", role)
	cmd.Args[0] = "tollgate"
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = detached() // Ctrl-C is for the parent
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	reader, stdout, err := os.Pipe() // of our own: an answer can be read though the process has ended
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	cmd.Stdout = stdout
	err = cmd.Start()
	_ = stdout.Close() // the process has a copy of its own
	if err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("guard: cannot start: %w", err)
	}
	p := &process{stdin: stdin, pid: cmd.Process.Pid, out: bufio.NewReader(reader), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// ask sends a request and waits for its answer.
func (p *process) ask(r request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	if a.Error != "" {
		return errors.New(a.Error)
	}
	return nil
}

// verbLimit is how long one doing or undoing may take: far longer than an engine needs, also where its machine stands still for a while.
const verbLimit = 45 * time.Second

// bounded returns a context for one doing or undoing.
func bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.Background(), verbLimit, fmt.Errorf("not done within %s", verbLimit))
}
