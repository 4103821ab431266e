package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/testenv/delayproxy"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/external"
	"github.com/tollgate-dev/tollgate/testenv/pipeline"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/stack"
)

func (a *app) serveCommand() *cobra.Command {
	roles := []string{role.Telemetry, role.Guard, role.ProxyGuard, role.DelayProxy, role.Receiver}
	for _, r := range stack.Roles() {
		roles = append(roles, r.Name)
	}
	return &cobra.Command{
		Use:       "serve ROLE",
		Short:     "Run one process of the stack (docs/stack.md)",
		Hidden:    true,
		ValidArgs: roles,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(c *cobra.Command, args []string) error {
			ctx := c.Context()
			if config, _ := role.FromEnv(os.Getenv); config.Lifeline == role.LifelineStdin { // the code below reports an error
				var cut context.CancelFunc
				ctx, cut = context.WithCancel(ctx)
				go func() { // ends when its input ends, at the latest with this process
					_, _ = io.Copy(io.Discard, a.stdin)
					cut()
				}()
			}
			return a.serve(ctx, args[0])
		},
	}
}

// serve runs one role until ctx ends.
func (a *app) serve(ctx context.Context, name string) error {
	err := a.runRole(ctx, name)
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil // asked to end
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (a *app) runRole(ctx context.Context, name string) error {
	switch name {
	case role.Guard:
		return engine.Guard(os.Getenv(engine.EnvGuardSession), a.stdin, a.stdout)
	case role.ProxyGuard:
		return external.ProxyGuard(a.stdin, a.stdout)
	case role.DelayProxy:
		config, err := delayproxy.ConfigFromEnv(os.Getenv)
		if err != nil {
			return usage(err)
		}
		return delayproxy.Run(ctx, config, a.stdout)
	case role.Receiver:
		config, err := receiver.ConfigFromEnv(os.Getenv)
		if err != nil {
			return usage(err)
		}
		return receiver.Run(ctx, config, a.stdout)
	case role.Telemetry:
		config, err := pipeline.ConfigFromEnv(os.Getenv, a.stdout)
		if err != nil {
			return usage(err)
		}
		return pipeline.Run(ctx, config)
	}
	config, err := stack.ConfigFromEnv(os.Getenv, a.stdout)
	if err != nil {
		return usage(err)
	}
	config.Version = version()
	roles := stack.Roles()
	return roles[slices.IndexFunc(roles, func(r stack.Role) bool { return r.Name == name })].Run(ctx, config)
}
