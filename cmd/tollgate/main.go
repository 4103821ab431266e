// Command tollgate measures what the telemetry of a real-time personalization system costs and what it catches.
package main

import (
	"context"
	"os"

	_ "github.com/tollgate-dev/tollgate/xk6-perso" // k6/x/perso, for `tollgate k6`
)

func main() {
	os.Exit(guarded(os.Stderr, func() int {
		if isK6(os.Args) {
			return runK6(os.Args, os.Stdout, os.Stderr)
		}
		ctx, stop := context.Background(), func() {}
		if endsInOrder(os.Args) {
			ctx, stop = interruptible(ctx)
		}
		defer stop()
		return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}))
}
