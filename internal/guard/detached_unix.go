//go:build unix

package guard

import "syscall"

// detached puts a process into a session of its own, so that no signal of our terminal reaches it.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
