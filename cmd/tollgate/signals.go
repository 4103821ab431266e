package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/tollgate-dev/tollgate/internal/runner"
)

// readers are the commands that only read and print. They have nothing to end in order, so a signal ends them as it ends any
// program, in the middle of a judgement, too: what waits for a verdict sees a signal and no exit code.
var readers = []string{"gate", "report", "compare", "list", "backends", "version", "help", "completion"}

// endsInOrder says whether the command of this command line must end in order: it has processes, containers or files to put away.
func endsInOrder(args []string) bool {
	return len(args) > 1 && !slices.Contains(readers, args[1])
}

// errHungUp is the interruption by a terminal that was lost.
var errHungUp = fmt.Errorf("%w: the terminal is gone (SIGHUP)", runner.ErrInterrupted)

// interruptible returns a context that ends at the first SIGINT, SIGTERM or SIGHUP, so that the run ends in order. A second
// SIGINT or SIGTERM ends the process at once; a second SIGHUP does not, since the kernel and the shell each send one when a
// terminal is lost. Under nohup SIGHUP stays ignored. A reader of our output that has gone is no reason to end: the reports are
// still to be written.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a write to a broken pipe is an error then, and not the end
	go func() {
		for sig := range signals {
			switch {
			case ctx.Err() == nil && sig == syscall.SIGHUP:
				cancel(errHungUp)
			case ctx.Err() == nil:
				cancel(runner.ErrInterrupted)
			case sig != syscall.SIGHUP:
				fmt.Fprintln(os.Stderr, "tollgate: interrupted twice: ending at once")
				os.Exit(exitCouldNotRun)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
