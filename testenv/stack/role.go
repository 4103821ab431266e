// Package stack is the personalization system that tollgate measures. Its roles together recommend items to users over
// several channels and learn from what the users do. They report in metrics, logs and traces.
//
// The interfaces (environment, HTTP, Kafka, control) are in docs/stack.md.
package stack

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Role is one kind of process of the stack.
type Role struct {
	Name  string
	Title string
	// Run runs the role until ctx ends, and returns nil after an orderly end. It prints the ready line once the role can do its
	// work. Errors say what could not be reached or started.
	Run func(ctx context.Context, cfg Config) error
}

// Roles are all roles of the stack, in the order in which a request meets them.
func Roles() []Role {
	return []Role{
		service(role.Gateway, "the entrance of all channels", newGateway,
			func(c *role.Config) []any { return []any{&c.Arm, &c.DecisionURL, &c.ProfileURL, &c.Brokers} }),
		service(role.Decision, "segments, rules, variants and default content", newDecision,
			func(c *role.Config) []any { return []any{&c.Arm, &c.ModelURL, &c.ProfileURL} }),
		service(role.Model, "ranking and its confidence", newModel,
			func(c *role.Config) []any { return []any{&c.Arm} }),
		service(role.Profile, "profiles, identities and content", newProfile,
			func(c *role.Config) []any { return []any{&c.Arm, &c.RedisAddr} }),
		service(role.Ingest, "events and profile updates into the store", newIngest,
			func(c *role.Config) []any { return []any{&c.Arm, &c.Brokers, &c.RedisAddr} }),
		service(role.ETL, "the upstream that delivers profile attributes", newETL,
			func(c *role.Config) []any { return []any{&c.Arm, &c.Brokers} }),
		uninstrumented(service(role.Backing, "broker and store of all arms", newBacking,
			func(c *role.Config) []any { return []any{&c.Arms} })),
		uninstrumented(service(role.Links, "what stands between the parts of an arm while faults are injected", newLinks,
			func(c *role.Config) []any { return []any{&c.Arm, &c.Links} })),
	}
}

// uninstrumented makes a role that is not part of what is measured: no level applies to it.
func uninstrumented(r Role) Role {
	inner := r.Run
	r.Run = func(ctx context.Context, cfg Config) error {
		cfg.Level = Level{Off: true}
		return inner(ctx, cfg)
	}
	return r
}

// service makes a role from a function that builds its parts. Needs are the fields of the configuration that must be set.
func service(name, title string, build builder, needs func(*role.Config) []any) Role {
	return Role{Name: name, Title: title, Run: func(ctx context.Context, cfg Config) error {
		if err := cfg.Require(name, needs(&cfg.Config)...); err != nil {
			return fmt.Errorf("stack: %w", err)
		}
		return run(ctx, name, cfg, build)
	}}
}
