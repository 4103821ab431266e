//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// attributes puts a child into its own process group, so that a terminal's Ctrl-C reaches only the parent. On this system a
// child learns from the end of its standard input that the parent is gone.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func start(cmd *exec.Cmd) error { return cmd.Start() }

func resume(*Process) {}

// Freeze does nothing on this system: a stopped child could not see its parent's end.
func (p *Process) Freeze() error { return nil }

// Thaw does nothing on this system.
func (p *Process) Thaw() error { return nil }
