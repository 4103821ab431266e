package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// attributes puts a child into its own process group: a terminal's Ctrl-C then reaches only the parent, which ends its children
// in order. They also make the kernel kill the child when the parent dies, even while the child is stopped.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// spawner starts all children from one thread that lives as long as the process: the kernel sends the parent-death
// signal when the *thread* that forked ends, and Go may end a thread at any time.
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

// Thaw lets the process go on.
func (p *Process) Thaw() error { return p.Signal(syscall.SIGCONT) }
