package main

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// parallel does n things on all cores.
func parallel(ctx context.Context, n int, do func(i int)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			do(i)
			return nil
		})
	}
	return group.Wait()
}
