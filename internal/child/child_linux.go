package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// attributes puts a child into its own process group, so that a terminal's Ctrl-C reaches only the parent, which then
// ends its children in order; and has the kernel kill it when the parent dies, even while it is stopped.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// spawner starts all children from one thread that lives as long as the process: the kernel sends the parent-death
// signal when the *thread* that forked ends, and Go ends threads as it likes.
var spawner = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func start(cmd *exec.Cmd) error {
	result := make(chan error)
	spawner() <- func() { result <- cmd.Start() }
	return <-result
}

func resume(p *Process) { _ = p.Signal(syscall.SIGCONT) }

// Freeze stops the process until Thaw.
func (p *Process) Freeze() error { return p.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (p *Process) Thaw() error { return p.Signal(syscall.SIGCONT) }
