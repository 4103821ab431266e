// Package external is the environment of a system that is not ours: a Compose file that is started once per arm, or
// deployments that exist already. In front of every arm stands a delay proxy, the same for all.
package external

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/api"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// FrontService is what the deployments of System.URLs are called as a service, since they have no name of their own.
const FrontService = "front"

var _ testenv.Environment = (*Environment)(nil)

// Environment starts or finds the system. The zero value needs Binary and System.
type Environment struct {
	testenv.System
	Binary      string       // tollgate itself: delay proxies, guard, pipelines
	StackBinary string       // what the image of our pipeline is made of; "" for Binary
	Script      bool         // a script of the user's makes the load, and no population of ours
	Say         func(string) // takes a line about what takes long before the launch; nil: nobody

	engine *engine.Engine // nil: nothing of the system is in one that we know of
	file   *compose.File
	stack  string // reference of the image of our pipeline
	notes  []string
	once   sync.Once
	web    *api.Client // see client
}

// Name is "external".
func (*Environment) Name() string { return "external" }

// Size counts what is known beforehand: the delay proxies.
func (e *Environment) Size(arms int) string {
	if e.composed() {
		return fmt.Sprintf("%d copies of %s, %d delay proxies", arms, e.Compose.File, arms)
	}
	return fmt.Sprintf("%d delay proxies", arms)
}

// Notes say how the arms differ from what the user's file says, after Check.
func (e *Environment) Notes() []string { return e.notes }

// front is the service that takes the load.
func (e *Environment) front() string { return cmp.Or(e.Compose.Service, FrontService) }

// composed reports whether the arms are made from a Compose file.
func (e *Environment) composed() bool { return e.Compose.File != "" }

// health is the path of the health check.
func (e *Environment) health() string { return "/" + strings.TrimPrefix(e.Health, "/") }

// instrumented are the services that get a level's variables.
func (e *Environment) instrumented() []string {
	if len(e.Compose.Instrumented) > 0 {
		return e.Compose.Instrumented
	}
	return e.file.Services()
}

// joining are the services that join our network: those that take load or send telemetry.
func (e *Environment) joining() []string {
	return slices.Compact(slices.Sorted(slices.Values(append([]string{e.Compose.Service}, e.instrumented()...))))
}
