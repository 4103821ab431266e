// Package external is the environment of a system of the user's own: a Compose file that is started once per arm, or
// deployments that exist already. A delay proxy stands in front of every arm; it is the same for all arms.
package external

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// FrontService is the service name of the deployments of System.URLs, which have no name of their own.
const FrontService = "front"

var _ testenv.Environment = (*Environment)(nil)

// Environment starts or finds the system. The zero value needs Binary and System.
type Environment struct {
	testenv.System
	Binary      string         // tollgate itself: delay proxies, guard, pipelines
	StackBinary string         // the binary in the image of our pipeline; "" for Binary
	Script      bool           // a script of the user makes the load, instead of our population
	Levels      []result.Level // for Notes: their variables are laid over those of the Compose file
	Say         func(string)   // gets a line about every long step before the launch; nil: no lines

	engine *engine.Engine // nil: no part of the system is in a known engine
	file   *compose.File
	stack  string // reference of the image of our pipeline
	notes  []string
	// contained are the targets of faults that take a container, although there is a proxy of the target: see Supports.
	contained []string
	once      sync.Once
	web       *api.Client // see client
}

// Name returns "external".
func (*Environment) Name() string { return "external" }

// Size counts the delay proxies; the rest is not known beforehand.
func (e *Environment) Size(arms int) string {
	if e.composed() {
		return fmt.Sprintf("%d copies of %s, %d delay proxies", arms, e.Compose.File, arms)
	}
	return fmt.Sprintf("%d delay proxies", arms)
}

// Notes returns how the arms differ from the user's file. It needs Check before it.
func (e *Environment) Notes() []string { return e.notes }

// front returns the service that takes the load.
func (e *Environment) front() string { return cmp.Or(e.Compose.Service, FrontService) }

// composed reports whether the arms are made from a Compose file.
func (e *Environment) composed() bool { return len(e.Compose.File) > 0 }

// health returns the path of the health check.
func (e *Environment) health() string { return "/" + strings.TrimPrefix(e.Health, "/") }

// instrumented returns the services that get a level's variables.
func (e *Environment) instrumented() []string {
	if len(e.Compose.Instrumented) > 0 {
		return e.Compose.Instrumented
	}
	return e.file.Services()
}

// joining returns the services that join our network: those that take load, send telemetry or serve CPU profiles.
func (e *Environment) joining() []string {
	joining := slices.Concat([]string{e.Compose.Service}, e.instrumented(), slices.Collect(maps.Keys(e.Compose.Pprof)))
	return slices.Compact(slices.Sorted(slices.Values(joining)))
}

// reached returns the ports of a service of the Compose file that tollgate itself asks, that of the load first.
func (e *Environment) reached(service string) []int {
	var ports []int
	if service == e.Compose.Service {
		ports = append(ports, e.Compose.Port)
	}
	if port := e.Compose.Pprof[service]; port != 0 && !slices.Contains(ports, port) {
		ports = append(ports, port)
	}
	return ports
}
