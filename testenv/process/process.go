// Package process is the environment of plain child processes on this machine. Every service is a process of its own, all of
// one binary. The broker and the store are in one more child, and every arm has a pipeline in a child of its own.
package process

import (
	"cmp"
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
	// GatewayAddr is the address of the gateway's listener, for a stack that takes the user's own requests; "" for a free port.
	GatewayAddr string
	// ReadyLimit is how long a launch may take; 0 for two minutes.
	ReadyLimit time.Duration
}

// Name returns "process".
func (*Environment) Name() string { return "process" }

// Size counts every arm's services and pipeline, and the broker and store.
func (*Environment) Size(arms int) string {
	return fmt.Sprintf("%d processes", arms*(len(role.Services())+1)+1)
}

// Check compares the needs of the arms with the available memory and the limit on open files.
func (*Environment) Check(_ context.Context, arms int) error { return testenv.Room(arms) }

// Supports returns an error for the levers that processes cannot have, since they need a container engine, and for those of links
// that do not exist.
func (*Environment) Supports(_ string, uses []string) error {
	return cmp.Or(levers().Supports(uses), testenv.Linked(uses))
}
