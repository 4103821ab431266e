// Package child starts and supervises the processes of a run. No process outlives its parent, each has a name, and when one
// ends by itself, this is reported with its last log lines.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/tollgate-dev/tollgate/internal/crash"
)

// Spec describes a process to start.
type Spec struct {
	Name string // for people: "decision of arm full"
	Path string
	Args []string
	Dir  string   // working directory; "": that of this process
	Env  []string // the whole environment
	// Stdin is all that the child reads from its standard input; nil: nothing, and the input ends when this process does.
	Stdin io.Reader
	Files []*os.File // inherited as file descriptors 3, 4, …; closed here once the child has them
	// Ready says that the child announces on stdout when it can do its work (see Announce).
	Ready bool
	Log   io.Writer // takes a copy of the child's stderr; nil: nowhere
}

// Process is a running child.
type Process struct {
	Name string
	PID  int

	cmd      *exec.Cmd
	lifeline io.Closer // the child's stdin ends when this process is gone, for whatever reason; nil: it has an input of its own
	tail     *tail
	ready    chan map[string]string
	done     chan struct{} // closed once the child is reaped
	err      error         // of Wait; valid after done

	mu      sync.Mutex
	closing bool
}

// Start starts the process. It lives until Stop, or until this process ends.
func Start(spec Spec) (*Process, error) {
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Args[0] = "tollgate"
	cmd.Env, cmd.Dir = spec.Env, spec.Dir
	cmd.ExtraFiles = spec.Files
	cmd.SysProcAttr = attributes()
	p := &Process{Name: spec.Name, cmd: cmd, tail: &tail{copy: spec.Log}, ready: make(chan map[string]string, 1), done: make(chan struct{})}
	cmd.Stderr = p.tail
	if cmd.Stdin = spec.Stdin; spec.Stdin == nil {
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Name, err)
		}
		p.lifeline = stdin
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Name, err)
	}
	err = start(cmd)
	for _, f := range spec.Files {
		_ = f.Close() // the child has a copy of its own
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot start: %w", spec.Name, err)
	}
	p.PID = cmd.Process.Pid
	go p.supervise(stdout, spec.Ready)
	return p, nil
}

// supervise reads stdout to its end, then reaps the child.
func (p *Process) supervise(stdout io.Reader, ready bool) {
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if addrs, ok := announced(lines.Bytes()); ready && ok {
			p.ready <- addrs
			ready = false
			continue
		}
		_, _ = p.tail.Write(append(lines.Bytes(), '\n'))
	}
	_, _ = io.Copy(io.Discard, stdout)
	p.err = p.cmd.Wait()
}

// Ready waits for the ready line and returns its addresses. If the child ends before that, it returns an error at once, as Lost
// does. If ctx is cancelled, it returns the cause as it is.
func (p *Process) Ready(ctx context.Context) (map[string]string, error) {
	select {
	case addr := <-p.ready:
		return addr, nil
	case <-p.done:
		return nil, p.Lost()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) { // because of something else, which is the news
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s is not ready: %w%s", p.Name, context.Cause(ctx), p.tail.quote())
	}
}

// Done is closed when the child has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the child ended, nil for exit code 0; valid once Done is closed.
func (p *Process) Err() error { return p.err }

// Stopping reports whether Stop was called: if it was, the end of the child is no loss.
func (p *Process) Stopping() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// Lost describes a child that ended by itself: its name, how it ended, and why. That is the runtime's last words and our functions
// that were running if it crashed, and its last log lines otherwise.
func (p *Process) Lost() error {
	how, killed := "exit status 0", ""
	if p.err != nil {
		how = p.err.Error()
	}
	if p.cmd.ProcessState != nil {
		if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			killed = ": " + crash.Killed
		}
	}
	if cause := p.tail.cause(); cause != "" && p.err != nil {
		return fmt.Errorf("%s ended by itself (%s): %s", p.Name, how, cause)
	}
	return fmt.Errorf("%s ended by itself (%s%s)%s", p.Name, how, killed, p.tail.quote())
}

// Tail is the end of what the child has written to stdout and stderr, a few kilobytes at most.
func (p *Process) Tail() string {
	p.tail.mu.Lock()
	defer p.tail.mu.Unlock()
	return string(p.tail.text)
}

// Signal sends a signal; it is no error if the child is gone.
func (p *Process) Signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %v: %w", p.Name, sig, err)
	}
	return nil
}

// Kill ends the child at once, also one that is stopped, and returns when it is gone. Its end is no loss.
func (p *Process) Kill() error {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Stop asks the child to end, kills it if it has not ended within grace, and returns when it is gone. Stopping twice is no
// error.
func (p *Process) Stop(grace time.Duration) {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	_ = p.Signal(syscall.SIGTERM)
	resume(p) // a stopped process does not see SIGTERM
	if p.lifeline != nil {
		_ = p.lifeline.Close()
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
