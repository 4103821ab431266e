// Command tollgate measures what the telemetry of a real-time personalization system costs and what it catches.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tollgate-dev/tollgate/internal/runner"
	_ "github.com/tollgate-dev/tollgate/xk6-perso" // k6/x/perso, for `tollgate k6`
)

func main() {
	if isK6(os.Args) {
		os.Exit(runK6(os.Args, os.Stdout, os.Stderr))
	}
	ctx, stop := interruptible(context.Background())
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// interruptible returns a context that ends at the first SIGINT or SIGTERM, so that the run ends in order. The second signal
// ends the process at once.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel(runner.ErrInterrupted)
		if _, ok := <-signals; ok {
			fmt.Fprintln(os.Stderr, "tollgate: interrupted twice: ending at once")
			os.Exit(exitCouldNotRun)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
