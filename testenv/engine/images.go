package engine

import (
	"fmt"
	"slices"
	"strings"
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

// Check refuses references by names that no image has.
func (c Choice) Check() error {
	var names []string
	for _, image := range Images() {
		names = append(names, image.Name)
	}
	for name, ref := range c.Refs {
		if !slices.Contains(names, name) {
			return fmt.Errorf("unknown image %q: legal images are %s", name, strings.Join(names, ", "))
		}
		if strings.TrimSpace(ref) == "" || strings.ContainsAny(ref, " \t\n") {
			return fmt.Errorf("image %s: want a reference such as %s, got %q", name, Choice{}.Ref(name), ref)
		}
	}
	return nil
}
