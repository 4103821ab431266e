package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Exit codes. Each verdict has one that nothing else on the way to a CI system uses: not the Go runtime, which ends a crashed
// program with 2, not a shell (126 to 165, 255), and not k6 (97, and 99 to 110), which is behind `tollgate k6`.
const (
	exitPass         = 0
	exitCouldNotRun  = 1
	exitCrashed      = 2 // of the Go runtime: out of memory, SIGQUIT, a panic
	exitInconclusive = 3
	exitInvalid      = 4
	exitFail         = 5
	exitUsage        = 64
)

// exitCode is the exit code of a verdict.
func exitCode(o verdict.Outcome) int {
	switch o {
	case verdict.Pass:
		return exitPass
	case verdict.Fail:
		return exitFail
	case verdict.Inconclusive:
		return exitInconclusive
	default:
		return exitInvalid
	}
}

// guarded carries out f and returns its exit code. A panic of f ends as a crash that the Go runtime reports: never with a
// verdict's code.
func guarded(stderr io.Writer, f func() int) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "tollgate crashed: %v; this is a bug, and there is no verdict\n%s", p, debug.Stack())
			code = exitCrashed
		}
	}()
	return f()
}
