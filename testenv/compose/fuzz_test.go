package compose

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// FuzzCopy holds what is true of any resolved file: an error names it; the copy has the services of the file, nothing that would
// collide with another copy, and its own labels; and a copy of the copy has nothing left to change in that respect.
func FuzzCopy(f *testing.F) {
	for _, seed := range []string{
		"services: {shop: {image: a, environment: {A: '1', D: null}, command: [x, 'y$$z'], ports: ['80:80'], container_name: c}, db: {build: .}}",
		"services: {shop: {networks: {front: {ipv4_address: 10.1.2.3}}}}\nnetworks: {front: {name: n, ipam: {}}}\nvolumes: {v: {external: true, name: v}}",
		"services: {shop: {network_mode: host}}", "services: {a: {volumes: ['/a:/b:ro', {type: bind, source: /x}]}}", "services: {1: {2: 3}, shop: null}",
		"services: &a {shop: *a}", "services: {shop: &s {labels: [a=b, 1]}, b: *s}", "services: {shop: {labels: {1: 2, ~: 3}}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<14 {
			t.Skip("too long to be quick")
		}
		file, err := (&Tool{}).parse("/d", "f.yaml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "compose: f.yaml") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		before, _ := yaml.Marshal(file.doc)
		copied, err := file.Copy(overlay)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "compose: f.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		if after, _ := yaml.Marshal(file.doc); string(after) != string(before) {
			t.Errorf("copying changes the file:\n%s\n%s", before, after)
		}
		out, err := yaml.Marshal(copied.doc)
		if err != nil {
			t.Fatal(err)
		}
		again, err := (&Tool{}).parse("/d", "copy.yaml", out)
		if err != nil {
			t.Fatalf("the copy cannot be read: %v\n%s", err, out)
		}
		if !slices.Equal(again.Services(), file.Services()) {
			t.Errorf("services %q, the copy has %q", file.Services(), again.Services())
		}
		for _, name := range again.Services() {
			service := section(section(again.doc, "services"), name)
			if service["container_name"] != nil || service["ports"] != nil || service["build"] != nil {
				t.Errorf("%s of the copy would collide: %v", name, service)
			}
			if variables(service)["OTEL_SDK_DISABLED"] != overlay.Env[name]["OTEL_SDK_DISABLED"] && overlay.Env[name] != nil {
				t.Errorf("%s has %v", name, variables(service))
			}
		}
	})
}
