// Package process is the environment of plain child processes on this machine: every service its own process of one binary,
// broker and store in a child of their own, a pipeline per arm.
package process

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

var _ testenv.Environment = (*Environment)(nil)

// Environment starts the stack as processes. The zero value needs Binary.
type Environment struct {
	Binary string // path of tollgate itself
	// GatewayAddr is the address of the gateway's listener, for a stack that people talk to; "" for a free port.
	GatewayAddr string
	// ReadyLimit is how long a launch may take; 0 for two minutes.
	ReadyLimit time.Duration
}

// Name is "process".
func (*Environment) Name() string { return "process" }

// Size counts every arm's services and pipeline, and the broker and store.
func (*Environment) Size(arms int) string {
	return fmt.Sprintf("%d processes", arms*(len(role.Services())+1)+1)
}

// Check compares what the arms need with the memory that is available and the limit on open files.
func (*Environment) Check(_ context.Context, arms int) error { return testenv.Room(arms) }

// Supports says which levers processes cannot have: what only a container engine can do, and what takes a proxy.
func (*Environment) Supports(_ string, uses []string) error { return levers().Supports(uses) }
