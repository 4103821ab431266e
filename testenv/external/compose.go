package external

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// up starts a copy of the user's Compose file for the arm and returns when the service that takes load is ready.
func (a *arm) up(ctx context.Context) error {
	overlay := compose.Overlay{
		Labels: a.session.Labels(), Network: a.network, Join: a.joining(), Env: map[string]map[string]string{}, Publish: map[string][]int{},
	}
	for _, service := range a.instrumented() {
		overlay.Env[service] = a.env(service, a.spec.Env, a.otlp())
	}
	if !a.session.Direct {
		for _, service := range a.joining() {
			overlay.Publish[service] = a.reached(service)
		}
	}
	a.began = time.Now()
	var err error
	a.project, err = a.file.Up(ctx, fmt.Sprintf("tollgate-%s-%s", a.session.ID, a.spec.Name), overlay, a.log())
	if err != nil {
		return err
	}
	all, err := compose.Containers(ctx, a.session.Client, a.project.Name)
	if err != nil {
		return err
	}
	var fronts, others []compose.Container
	for _, c := range all {
		switch {
		case c.Failed:
			return a.adopt(ctx, c, func(context.Context, *engine.Container) error { return errEnded }) // adopt quotes the container's log in the error
		case c.Service == a.Compose.Service:
			fronts = append(fronts, c)
		default:
			others = append(others, c)
		}
	}
	if len(fronts) != 1 {
		return fmt.Errorf("service %s has %d containers: it takes the load and must have one", a.Compose.Service, len(fronts))
	}
	if err := a.adopt(ctx, fronts[0], engine.HTTP(a.port(), a.health())); err != nil {
		return err
	}
	for _, c := range others {
		if !c.Running { // it was a job and is done
			continue
		}
		if err := a.adopt(ctx, c, nil); err != nil {
			return err
		}
	}
	return nil
}

// errEnded is why a container that has ended is not ready.
var errEnded = errors.New("it has ended")

// adopt adds a container of the arm to the session, once the container is ready.
func (a *arm) adopt(ctx context.Context, found compose.Container, ready engine.Probe) error {
	spec := engine.Spec{Name: fmt.Sprintf("%s of arm %s", found.Service, a.spec.Name), Network: a.network, Ready: ready}
	if a.composed() {
		for _, port := range a.reached(found.Service) {
			spec.Ports = append(spec.Ports, strconv.Itoa(port))
		}
	}
	c, err := a.session.Adopt(ctx, found.ID, spec)
	if err != nil {
		return err
	}
	a.parts[found.Service] = append(a.parts[found.Service], c)
	if a.composed() {
		a.started(a.spec.Name, found.Service, true, time.Since(a.began))
	}
	return nil
}

// env returns the variables of a service of an arm, over those of the file: those of the level, and the pipeline for its
// telemetry; nil if it goes to a pipeline of the user.
func (e *Environment) env(service string, level map[string]string, pipeline *otelenv.Pipeline) map[string]string {
	file, env := e.file.Env(service), map[string]string{}
	if file[otelenv.ServiceName] == "" {
		env[otelenv.ServiceName] = service
	}
	maps.Copy(env, level)
	if pipeline != nil {
		maps.Copy(env, otelenv.Export(*pipeline, level, file))
	}
	return env
}

// otlp returns where the arm's telemetry goes; nil if it goes to a pipeline of the user.
func (a *arm) otlp() *otelenv.Pipeline {
	if a.pipeline == nil {
		return nil
	}
	return &otelenv.Pipeline{HTTP: "http://" + a.pipeline.Host() + ":" + role.OTLPPort, GRPC: "http://" + a.pipeline.Host() + ":" + role.OTLPGRPCPort}
}

// containers returns all containers that were started for the arm.
func (a *arm) containers() []*engine.Container {
	all := slices.Concat(slices.Collect(maps.Values(a.parts))...)
	if a.pipeline != nil {
		all = append(all, a.pipeline)
	}
	return all
}
