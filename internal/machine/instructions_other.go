//go:build !linux

package machine

import "errors"

// Instructions says why the instructions that a process executes cannot be counted here: tollgate knows how on Linux alone.
func Instructions() error { return errors.New("tollgate knows how on Linux alone") }
