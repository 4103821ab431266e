package external

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// Check returns an error unless everything that the experiment names exists, and builds the images that must be built.
func (e *Environment) Check(ctx context.Context, _ int) error {
	e.notes = nil
	if e.composed() || len(e.Containers) > 0 {
		if err := e.openEngine(ctx); err != nil {
			return err
		}
	}
	checks := []func(context.Context) error{e.checkProxies, e.checkPrometheus}
	if e.composed() {
		checks = append(checks, e.checkCompose)
	} else {
		checks = append(checks, e.checkURLs, e.checkContainers, e.checkProfiles)
	}
	var errs []error
	for _, check := range checks {
		errs = append(errs, check(ctx))
	}
	return errors.Join(errs...)
}

func (e *Environment) openEngine(ctx context.Context) (err error) {
	if e.engine == nil {
		if e.engine, err = engine.Open(ctx); err != nil {
			return err
		}
	}
	swept, err := e.engine.Sweep(ctx)
	if err == nil && swept.Sessions > 0 {
		e.say("removed what %d killed runs had left: %d containers, %d networks", swept.Sessions, swept.Containers, swept.Networks)
	}
	return err
}

func (e *Environment) say(format string, args ...any) {
	if e.Say != nil {
		e.Say(fmt.Sprintf(format, args...))
	}
}

// checkCompose resolves the file, builds its images, and checks that the file can be copied.
func (e *Environment) checkCompose(ctx context.Context) error {
	tool, err := compose.Find(ctx)
	if err != nil {
		return err
	}
	if e.file, err = tool.Load(ctx, e.Compose.File...); err != nil {
		return err
	}
	for _, service := range slices.Concat([]string{e.Compose.Service}, e.Compose.Instrumented, e.fileTargets(), slices.Sorted(maps.Keys(e.Compose.Pprof))) {
		if !slices.Contains(e.file.Services(), service) {
			return fmt.Errorf("external: %s has no service %q: it has %s", e.Compose.File, service, strings.Join(e.file.Services(), ", "))
		}
	}
	if e.notes, err = e.changes(); err != nil {
		return err
	}
	if e.file.Builds() {
		e.say("building the images of %s", e.Compose.File)
		if err := e.file.Build(ctx, io.Discard); err != nil {
			return err
		}
	}
	if len(e.System.Prometheus) == 0 {
		e.stack, err = images.Stack(ctx, e.engine, cmp.Or(e.StackBinary, e.Binary), e.Say)
	}
	return err
}

// changes returns how the copies differ from the user's files. What does not differ alike in the copies of all levels names its
// level.
func (e *Environment) changes() ([]string, error) {
	levels := e.Levels
	if len(levels) == 0 {
		levels = []result.Level{{}}
	}
	var order []string
	at := map[string][]string{} // levels, by change
	for _, level := range levels {
		overlay := compose.Overlay{Network: "checked", Join: e.joining(), Env: map[string]map[string]string{}}
		var pipeline *otelenv.Pipeline
		if _, theirs := e.System.Prometheus[level.Name]; !theirs {
			pipeline = &otelenv.Pipeline{HTTP: "http://pipeline", GRPC: "http://pipeline"} // only names of variables are said
		}
		for _, service := range e.instrumented() {
			overlay.Env[service] = e.env(service, level.Env, pipeline)
		}
		copied, err := e.file.Copy(overlay)
		if err != nil {
			return nil, err
		}
		for _, change := range copied.Changes {
			if at[change] == nil {
				order = append(order, change)
			}
			at[change] = append(at[change], level.Name)
		}
	}
	for i, change := range order {
		if len(at[change]) < len(levels) {
			order[i] = fmt.Sprintf("level %s: %s", strings.Join(at[change], ", "), change)
		}
	}
	return slices.Concat(order, e.fileVariables(), e.unread()), nil
}

// fileVariables says which OTEL_* variables of the files do not mean what they seem to.
func (e *Environment) fileVariables() []string {
	var notes []string
	for _, service := range e.instrumented() {
		for _, f := range otelenv.Check(e.file.Env(service), otelenv.System) {
			notes = append(notes, fmt.Sprintf("service %s of %s: %s", service, e.Compose.File, f))
		}
	}
	return notes
}

// overrides are the names of files that Compose lays over compose.yaml by itself, unless files are named.
var overrides = []string{"compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"}

// unread names the file that Compose would also read if it were started in the directory of the only file.
func (e *Environment) unread() []string {
	if len(e.Compose.File) != 1 {
		return nil
	}
	for _, name := range overrides {
		if path := filepath.Join(filepath.Dir(e.Compose.File[0]), name); path != filepath.Clean(e.Compose.File[0]) {
			if _, err := os.Stat(path); err == nil {
				return []string{fmt.Sprintf("%s is not used: to lay it over %s, name both in external.compose.file", path, e.Compose.File)}
			}
		}
	}
	return nil
}

// probeTimeout is how long anything that the experiment names may take to answer, before the run.
const probeTimeout = 5 * time.Second

// checkURLs asks the health check of every deployment.
func (e *Environment) checkURLs(ctx context.Context) error {
	var errs []error
	for _, level := range slices.Sorted(maps.Keys(e.URLs)) {
		if err := e.answers(ctx, strings.TrimSuffix(e.URLs[level], "/")+e.health()); err != nil {
			errs = append(errs, fmt.Errorf("external.urls: %s: %w (external.health names a path that answers 200)", level, err))
		}
	}
	return errors.Join(errs...)
}

// checkContainers looks for the containers of the deployments.
func (e *Environment) checkContainers(ctx context.Context) error {
	var errs []error
	for _, level := range slices.Sorted(maps.Keys(e.Containers)) {
		for _, service := range slices.Sorted(maps.Keys(e.Containers[level])) {
			name := e.Containers[level][service]
			at, err := e.engine.Client.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
			if err == nil && (at.Container.State == nil || !at.Container.State.Running) {
				err = errors.New("it does not run")
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("external.containers: %s: %s: container %s: %w", level, service, name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// checkPrometheus asks every Prometheus of the user for its alerts.
func (e *Environment) checkPrometheus(ctx context.Context) error {
	var errs []error
	for _, level := range slices.Sorted(maps.Keys(e.System.Prometheus)) {
		if err := e.answers(ctx, strings.TrimSuffix(e.System.Prometheus[level].URL, "/")+"/api/v1/query?query=ALERTS"); err != nil {
			errs = append(errs, fmt.Errorf("external.prometheus: %s: %w", level, err))
		}
	}
	return errors.Join(errs...)
}

// checkProxies looks for the proxies. It ends what a killed run has left in them, which would slow or break the toll.
func (e *Environment) checkProxies(ctx context.Context) error {
	var errs []error
	for _, service := range slices.Sorted(maps.Keys(e.Proxies)) {
		if err := e.clearProxy(ctx, service); err != nil {
			errs = append(errs, fmt.Errorf("external.proxies: %s: %w", service, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Environment) clearProxy(ctx context.Context, service string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	p := e.proxy(service)
	left, err := p.ours(ctx)
	for _, found := range left {
		e.say("ended what a killed run had left in the proxy of %s: %s", service, found.Name)
		err = errors.Join(err, p.remove(ctx, found.Name))
	}
	return err
}

// client returns the client for requests to what the experiment names.
func (e *Environment) client() *api.Client {
	e.once.Do(func() { e.web = api.New("") })
	return e.web
}

// answers returns an error unless the answer to a GET has the status 200.
func (e *Environment) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return e.client().Get(ctx, url, nil)
}
