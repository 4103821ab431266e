package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Services of the containers environment besides those of every arm.
const (
	kafkaHost        = "kafka"
	redisHost        = "redis"
	jaegerHost       = "jaeger"
	alertmanagerHost = "alertmanager"
	zipkinHost       = "zipkin"
	collectorHost    = "collector"
	prometheusHost   = "prometheus"
)

var _ Environment = (*Containers)(nil)

// Containers is the environment of real parts: every service a container of one image, Kafka, Redis, Jaeger and
// Alertmanager shared by the arms and namespaced, a Collector and a Prometheus of its own for every arm, so that no arm
// pays for another's telemetry. The zero value needs Binary.
type Containers struct {
	Binary      string // tollgate itself, which runs the guard
	StackBinary string // what the services' image is made of; "" for Binary
	Images      engine.Choice
	Backends    []collector.Target // where traces and more go besides Jaeger
	Networks    []string           // that the Collectors join, to reach them
	GatewayAddr string             // host:port where people reach the gateway; "" for nobody but us
	Say         func(string)       // takes a line about what takes long before the launch: pulls, builds; nil: nobody

	engine *engine.Engine
	stack  string // reference of the services' image
}

// Name is "containers".
func (*Containers) Name() string { return "containers" }

// Size counts every arm's services, Collector and Prometheus, and what the arms share.
func (c *Containers) Size(arms int) string {
	shared := len(c.names()) - 2 // collector and prometheus are every arm's own
	return fmt.Sprintf("%d containers", arms*(len(services)+2)+shared)
}

// Supports is true of every fault but those that take a proxy: what acts on a role acts on it here, too, and the engine
// does the rest.
func (*Containers) Supports(_ string, uses []string) error {
	for _, use := range uses {
		if _, control, _ := strings.Cut(use, "/"); control == latency {
			return errNoProxy
		}
	}
	return nil
}

// errNoProxy is why our own stack cannot have a slow dependency.
var errNoProxy = errors.New("there is no proxy in front of a dependency of our own stack: it is for --env external, with external.proxies")

// names are the images that a launch needs, by their names in engine.Images.
func (c *Containers) names() []string {
	names := []string{"kafka", "redis", "collector", "prometheus", "alertmanager", "jaeger"}
	for _, b := range c.Backends {
		if b.Backend == zipkinHost && b.Address == "" {
			names = append(names, "zipkin")
		}
	}
	return names
}

// Refs are the references of the images that a launch needs.
func (c *Containers) Refs() []string {
	var refs []string
	for _, name := range c.names() {
		refs = append(refs, c.Images.Ref(name))
	}
	return refs
}

// Check connects to the engine, sweeps what killed runs have left, makes sure of memory, disk and images, and builds the
// services' image where it is not there yet.
func (c *Containers) Check(ctx context.Context, arms int) (err error) {
	if err := c.Images.Check(); err != nil {
		return err
	}
	if _, err := collector.Environ(c.Backends, os.Getenv); err != nil {
		return err
	}
	if err := roomFor(arms); err != nil {
		return err
	}
	if c.engine == nil {
		if c.engine, err = engine.Open(ctx); err != nil {
			return err
		}
	}
	swept, err := c.engine.Sweep(ctx)
	if err != nil {
		return err
	}
	if swept.Sessions > 0 {
		c.say("removed what %d killed runs had left: %d containers, %d networks", swept.Sessions, swept.Containers, swept.Networks)
	}
	if err := DiskRoom(c.engine); err != nil {
		return err
	}
	if err := c.engine.Ensure(ctx, c.Refs(), c.Say); err != nil {
		return err
	}
	binary := c.StackBinary
	if binary == "" {
		binary = c.Binary
	}
	c.stack, err = c.engine.ServiceImage(ctx, binary, c.Say)
	return err
}

func (c *Containers) say(format string, args ...any) {
	if c.Say != nil {
		c.Say(fmt.Sprintf(format, args...))
	}
}

// leastDisk is what the engine's disk must have free: layers of the containers, series, telemetry, logs.
const leastDisk = 1 << 30

// DiskRoom refuses an engine whose disk is nearly full, where that can be seen from here.
func DiskRoom(e *engine.Engine) error {
	if !e.Direct || e.Info.DockerRootDir == "" {
		return nil
	}
	var at syscall.Statfs_t
	if err := syscall.Statfs(e.Info.DockerRootDir, &at); err != nil {
		return nil // not ours to see
	}
	if free := at.Bavail * uint64(at.Bsize); free < leastDisk {
		return fmt.Errorf("the container engine's disk (%s) is nearly full: %s are free and %s needed: free some (docker system df, docker system prune)",
			e.Info.DockerRootDir, machine.Size(int64(free)), machine.Size(leastDisk))
	}
	return nil
}

// errUnchecked says that Launch was called before Check, which prepares the images.
var errUnchecked = errors.New("testenv: containers: Check must come before Launch")
