// Package containers is the environment of real parts. Every service is a container, and all services have the same image. The
// arms share Kafka, Redis, Jaeger and Alertmanager, under names with the arm in front. Every arm has its own Collector and
// Prometheus, so that no arm pays for another's telemetry.
package containers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Hosts besides the services of every arm.
const (
	kafkaHost        = "kafka"
	redisHost        = "redis"
	jaegerHost       = "jaeger"
	alertmanagerHost = "alertmanager"
	zipkinHost       = "zipkin"
	collectorHost    = "collector"
	prometheusHost   = "prometheus"
	receiverHost     = "receiver"
)

var _ testenv.Environment = (*Environment)(nil)

// Environment starts the stack as containers. The zero value needs Binary.
type Environment struct {
	Binary      string // tollgate itself, which runs the guard
	StackBinary string // the binary in the services' image; "" for Binary
	Images      images.Choice
	Backends    []collector.Target // where telemetry goes besides Jaeger
	Networks    []string           // networks that the Collectors join, to reach the Backends
	GatewayAddr string             // host:port of the gateway for the user's own requests; "": only tollgate reaches it
	Say         func(string)       // gets a line about every long step before the launch (pull, build); nil: no lines

	engine *engine.Engine
	stack  string // reference of the services' image
}

// Name returns "containers".
func (*Environment) Name() string { return "containers" }

// Size counts every arm's services, Collector and Prometheus, and the containers that the arms share.
func (e *Environment) Size(arms int) string {
	shared := len(e.names()) - 2 // every arm has a collector and a prometheus of its own
	return fmt.Sprintf("%d containers", arms*(len(role.Services())+2)+shared)
}

// Supports returns an error for the levers of links that do not exist.
func (*Environment) Supports(_ string, uses []string) error {
	return cmp.Or(levers().Supports(uses), testenv.Linked(uses))
}

// names returns the images that a launch needs, by their names in images.All.
func (e *Environment) names() []string {
	names := []string{"kafka", "redis", "collector", "prometheus", "alertmanager", "jaeger"}
	for _, b := range e.Backends {
		if b.Backend == zipkinHost && b.Address == "" {
			names = append(names, "zipkin")
		}
	}
	return names
}

// Refs returns the references of the images that a launch needs.
func (e *Environment) Refs() []string {
	var refs []string
	for _, name := range e.names() {
		refs = append(refs, e.Images.Ref(name))
	}
	return refs
}

// Check connects to the engine, removes what killed runs have left, checks memory, disk and images, and builds the services'
// image if it does not exist yet.
func (e *Environment) Check(ctx context.Context, arms int) (err error) {
	if err := e.Images.Check(); err != nil {
		return err
	}
	if _, err := collector.Environ(e.Backends, os.Getenv); err != nil {
		return err
	}
	if err := testenv.Room(arms); err != nil {
		return err
	}
	if e.engine == nil {
		if e.engine, err = engine.Open(ctx); err != nil {
			return err
		}
	}
	swept, err := e.engine.Sweep(ctx)
	if err != nil {
		return err
	}
	if swept.Sessions > 0 {
		e.say("removed what %d killed runs had left: %d containers, %d networks", swept.Sessions, swept.Containers, swept.Networks)
	}
	if err := e.engine.DiskRoom(); err != nil {
		return err
	}
	if err := images.Ensure(ctx, e.engine, e.Refs(), e.Say); err != nil {
		return err
	}
	binary := e.StackBinary
	if binary == "" {
		binary = e.Binary
	}
	e.stack, err = images.Stack(ctx, e.engine, binary, e.Say)
	return err
}

func (e *Environment) say(format string, args ...any) {
	if e.Say != nil {
		e.Say(fmt.Sprintf(format, args...))
	}
}

// errUnchecked says that Launch was called before Check, which prepares the images.
var errUnchecked = errors.New("testenv: containers: Check must come before Launch")
