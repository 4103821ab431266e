package main

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// parallel calls a function for 0 to n−1, on all cores.
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
