package main

import (
	"fmt"
	"os"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/containers"
	"github.com/tollgate-dev/tollgate/testenv/external"
	"github.com/tollgate-dev/tollgate/testenv/process"
)

// envStackBinary names the binary that the services' image is made from. It is needed where the running binary does not run in
// a container: on another system or architecture.
const envStackBinary = "TOLLGATE_STACK_BINARY"

// environment makes the environment that an experiment names. Gateway is the host:port of the gateway for a user's own
// requests; "" is a free port.
func (a *app) environment(e *experiment.Experiment, gateway string) (testenv.Environment, string, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("cannot find my own binary: %w", err)
	}
	if e.Environment == "containers" {
		backends, err := e.Containers.Targets()
		if err != nil {
			return nil, "", err
		}
		return &containers.Environment{
			Binary: binary, StackBinary: os.Getenv(envStackBinary), Images: e.Containers.Choice(), GatewayAddr: gateway,
			Backends: backends, Networks: e.Containers.Networks,
			Say: func(line string) { fmt.Fprintln(a.stderr, line) },
		}, binary, nil
	}
	if e.Environment == "external" {
		levels := make([]result.Level, len(e.Levels))
		for i, l := range e.Levels {
			levels[i] = l.Level
		}
		return &external.Environment{
			System: e.External, Levels: levels, Binary: binary, StackBinary: os.Getenv(envStackBinary), Script: e.Journeys.Script != "",
			Say: func(line string) { fmt.Fprintln(a.stderr, line) },
		}, binary, nil
	}
	return &process.Environment{Binary: binary, GatewayAddr: gateway}, binary, nil
}
