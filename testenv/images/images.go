// Package images knows the container images that the environments run: which there are, which references are chosen for
// them, and how an engine gets what it lacks: by pulling, by loading an archive, by building.
package images

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Image is the standard image of one program that the containers environment runs.
type Image struct {
	Name  string // how flags and experiment files call it
	Ref   string // the standard image, version pinned here and nowhere else
	Title string
}

// All lists the standard images. Two others are not among them: that of testcontainers' reaper, and that of the stack's
// services, which Stack builds.
func All() []Image {
	return []Image{
		{"kafka", "apache/kafka:4.1.1", "broker of all arms"},
		{"redis", "redis:7.0", "store of all arms"},
		{"collector", "otel/opentelemetry-collector-contrib:0.161.0", "OpenTelemetry Collector, one per arm"},
		{"prometheus", "prom/prometheus:v3.15.0", "Prometheus, one per arm"},
		{"alertmanager", "prom/alertmanager:v0.25.0", "Alertmanager of all arms"},
		{"jaeger", "jaegertracing/all-in-one:1.62.0", "traces of all arms"},
		{"zipkin", "openzipkin/zipkin-slim:3.5.1", "traces of all arms, when asked for"},
	}
}

// Choice says which images replace the standard ones. The zero value replaces none.
type Choice struct {
	Registry string            // prefix of every standard image, e.g. mirror.example.com/hub; "" for none
	Refs     map[string]string // by Image.Name; the prefix is not added to them
}

// Ref is the reference of the image with that Image.Name. It panics if there is no such image.
func (c Choice) Ref(name string) string {
	if ref := c.Refs[name]; ref != "" {
		return ref
	}
	for _, image := range All() {
		if image.Name == name {
			return strings.TrimPrefix(strings.TrimSuffix(c.Registry, "/")+"/"+image.Ref, "/")
		}
	}
	panic("images: no image " + name) // a name in our own code
}

// Check refuses a malformed registry or reference, and a name that no image has; the error then lists the legal names.
func (c Choice) Check() error {
	if strings.Contains(c.Registry, "://") || strings.ContainsAny(c.Registry, " \t\n") {
		return fmt.Errorf("registry: want a host and a path without a scheme, such as mirror.example.com/hub, got %q", c.Registry)
	}
	var names []string
	for _, image := range All() {
		names = append(names, image.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Refs)) {
		ref := c.Refs[name]
		if !slices.Contains(names, name) {
			return fmt.Errorf("unknown image %q: legal images are %s", name, strings.Join(names, ", "))
		}
		if strings.TrimSpace(ref) == "" || strings.ContainsAny(ref, " \t\n") {
			return fmt.Errorf("image %s: want a reference such as %s, got %q", name, Choice{}.Ref(name), ref)
		}
	}
	return nil
}

// Status is what is known of an image.
type Status struct {
	Image
	Ref     string   // chosen
	Size    int64    // in the engine, bytes; 0: it is missing there, or no engine was asked
	Sources []string // how it can be had: pull, load, build
}

// List lists every image of a choice, without asking an engine.
func List(c Choice) []Status {
	var out []Status
	for _, image := range All() {
		out = append(out, Status{Image: image, Ref: c.Ref(image.Name), Sources: image.sources()})
	}
	return out
}

// Inspect is List with the sizes that the engine has.
func Inspect(ctx context.Context, e *engine.Engine, c Choice) ([]Status, error) {
	out := List(c)
	for i, s := range out {
		found, err := e.Client.ImageInspect(ctx, s.Ref)
		if err != nil && !cerrdefs.IsNotFound(err) {
			return nil, fmt.Errorf("image %s: %w", s.Ref, engine.Explain(err))
		}
		out[i].Size = found.Size
	}
	return out, nil
}
