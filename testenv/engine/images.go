package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
)

// Image is a program that the containers environment runs as its standard image.
type Image struct {
	Name  string // how flags and experiment files call it
	Ref   string // the standard image, version pinned here and nowhere else
	Title string
}

// Images are all images but the reaper's, and the stack's own, which is built from this binary.
func Images() []Image {
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

// Choice is which images are used instead of the standard ones. The zero value is the standard ones.
type Choice struct {
	Registry string            // prefix of every standard image, e.g. mirror.example.com/hub; "": as they are
	Refs     map[string]string // by Image.Name; taken as they are, without the prefix
}

// Ref is the reference of the named image.
func (c Choice) Ref(name string) string {
	if ref := c.Refs[name]; ref != "" {
		return ref
	}
	for _, image := range Images() {
		if image.Name == name {
			return strings.TrimPrefix(strings.TrimSuffix(c.Registry, "/")+"/"+image.Ref, "/")
		}
	}
	panic("engine: no image " + name) // a name in our own code
}

// Check refuses references by names that no image has, and what is no reference or registry.
func (c Choice) Check() error {
	if strings.Contains(c.Registry, "://") || strings.ContainsAny(c.Registry, " \t\n") {
		return fmt.Errorf("registry: want a host and a path without a scheme, such as mirror.example.com/hub, got %q", c.Registry)
	}
	var names []string
	for _, image := range Images() {
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

// Status is what there is of an image.
type Status struct {
	Image
	Ref  string   // chosen
	Size int64    // in the engine, bytes; 0: it is missing
	Ways []string // in which it can be had: pull, load, build
}

// Status looks for every image of a choice.
func (e *Engine) Status(ctx context.Context, c Choice) ([]Status, error) {
	out := Standing(c)
	for i, s := range out {
		found, err := e.Client.ImageInspect(ctx, s.Ref)
		if err != nil && !cerrdefs.IsNotFound(err) {
			return nil, fmt.Errorf("image %s: %w", s.Ref, explain(err))
		}
		out[i].Size = found.Size
	}
	return out, nil
}

// Standing is what can be said of a choice's images without an engine.
func Standing(c Choice) []Status {
	var out []Status
	for _, image := range Images() {
		out = append(out, Status{Image: image, Ref: c.Ref(image.Name), Ways: image.ways()})
	}
	return out
}
