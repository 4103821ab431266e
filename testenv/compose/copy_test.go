package compose

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// overlay is what an arm lays over the file in these tests.
var overlay = Overlay{
	Labels:  map[string]string{"dev.example": "a b$c"},
	Env:     map[string]map[string]string{"shop": {"OTEL_SDK_DISABLED": "true", "PRICE": "5$"}},
	Network: "net-1", Join: []string{"shop"},
}

func TestCopy(t *testing.T) {
	for _, c := range []struct {
		name    string
		file    string
		publish map[string][]int
		want    string   // the services and the rest, without what every copy has
		changes []string // a piece of each
	}{
		{
			name: "nothing to change but the variables of an arm",
			file: "services: {shop: {image: a, environment: {A: '1', OTEL_SDK_DISABLED: 'false', D: null}, command: [x, 'y$$z']}, db: {image: b}}",
			want: `
services:
  shop:
    image: a
    command: [x, y$$z]
    environment: {A: '1', D: null, OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    networks: {default: null, tollgate: null}
  db: {image: b}`,
			changes: []string{"service shop: OTEL_SDK_DISABLED of the file"},
		},
		{
			name: "names and ports that copies cannot share",
			file: `
version: '3.9'
name: mine
services:
  shop:
    image: a
    container_name: shop
    ports: [{published: 8080, target: 80}, 127.0.0.1:9:9/udp]
    networks: {front: {ipv4_address: 10.1.2.3, aliases: [www]}}
networks: {front: {name: tollgate-resolve_front, ipam: {config: [{subnet: 10.1.2.0/24}]}}, back: {name: mine, ipam: {}}}
volumes: {data: {name: tollgate-resolve_data}, theirs: {external: true, name: theirs}}`,
			want: `
services:
  shop:
    image: a
    environment: {OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    networks: {front: {aliases: [www]}, tollgate: null}
networks: {front: {labels: {dev.example: a b$$c}}, back: {labels: {dev.example: a b$$c}}}
volumes: {data: {labels: {dev.example: a b$$c}}, theirs: {external: true, name: theirs}}`,
			changes: []string{"networks back: its name mine", "ipam is left out", "volume theirs is external",
				"container_name is left out", "ports is left out", "ipv4_address is left out"},
		},
		{
			name:    "the port that takes load, where containers have no address of their own from here",
			file:    "services: {shop: {image: a, ports: [{target: 80}]}}",
			publish: map[string][]int{"shop": {8080}},
			want: `
services:
  shop:
    image: a
    environment: {OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    ports: [127.0.0.1::8080]
    networks: {default: null, tollgate: null}`,
			changes: []string{"ports is left out"},
		},
		{
			name: "images are built beforehand",
			file: "services: {shop: {build: {context: /x}, pull_policy: build}, db: {build: {context: /y}, image: mine:1}}",
			want: `
services:
  shop:
    image: tollgate-build/my-shop-shop:latest
    environment: {OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    networks: {default: null, tollgate: null}
  db: {image: 'mine:1'}`,
		},
		{
			name: "host directories are shared, and said to be unless nobody writes to them",
			file: `
services:
  shop: {image: a, volumes: ['/a:/a:rw', '/b:/b:ro', 'named:/n:rw', {type: bind, source: /c, target: /c}, {type: bind, source: /d, target: /d, read_only: true}]}
volumes: {named: {}}`,
			want: `
services:
  shop:
    image: a
    volumes: ['/a:/a:rw', '/b:/b:ro', 'named:/n:rw', {type: bind, source: /c, target: /c}, {type: bind, source: /d, target: /d, read_only: true}]
    environment: {OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    networks: {default: null, tollgate: null}
volumes: {named: {labels: {dev.example: a b$$c}}}`,
			changes: []string{"share the host's /a", "share the host's /c"},
		},
		{
			name: "lists instead of mappings",
			file: "services: {shop: {image: a, environment: [A=1, B], labels: [x=y], networks: [default]}}",
			want: `
services:
  shop:
    image: a
    environment: {A: '1', B: null, OTEL_SDK_DISABLED: 'true', PRICE: 5$$}
    labels: {x: y}
    networks: {default: null, tollgate: null}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := (&Tool{}).parse("/home/me/My.Shop", "compose.yaml", []byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			o := overlay
			o.Publish = c.publish
			got, err := f.Copy(o)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, got.doc, c.want)
			if len(got.Changes) != len(c.changes) {
				t.Fatalf("changes %q, want %q", got.Changes, c.changes)
			}
			for i, piece := range c.changes {
				if !strings.Contains(got.Changes[i], piece) {
					t.Errorf("change %d is %q, want one with %q", i, got.Changes[i], piece)
				}
			}
			if again, err := f.Copy(o); err != nil || len(again.Changes) != len(got.Changes) {
				t.Errorf("a second copy differs from the first: the file itself was changed (%v)", err)
			}
		})
	}
}

// compare compares a copy with the expected one. It first adds to the expected one what every copy has.
func compare(t *testing.T, got mapping, text string) {
	t.Helper()
	var want mapping
	if err := yaml.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	for _, s := range section(want, "services") {
		service := s.(mapping)
		if service["labels"] == nil {
			service["labels"] = mapping{}
		}
		section(service, "labels")["dev.example"] = "a b$$c"
	}
	if want["networks"] == nil {
		want["networks"] = mapping{}
	}
	networks := section(want, "networks")
	networks["tollgate"] = mapping{"external": true, "name": "net-1"}
	networks["default"] = mapping{"labels": mapping{"dev.example": "a b$$c"}}
	g, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	w, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("the copy is\n%s\nwant\n%s", g, w)
	}
}

func TestCopyRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, wrong string }{
		{"the host's network", "services: {shop: {image: a}, db: {image: b, network_mode: host}}", "service db: network_mode host"},
		{"a service that takes load without a network", "services: {shop: {image: a, network_mode: none}}", "service shop: network_mode none"},
		{"a network of somebody else", "services: {shop: {image: a}}\nnetworks: {front: {external: true}}", "network front is external"},
		{"a network of somebody else, as older files have it", "services: {shop: {image: a}}\nnetworks: {front: {external: {name: x}}}", "network front is external"},
		{"no mapping", "services: {shop: 3}", "service shop is no mapping"},
		{"odd variables", "services: {shop: {image: a, environment: 3}}", "environment: want a list or a mapping"},
	} {
		f, err := (&Tool{}).parse("/x", "compose.yaml", []byte(c.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Copy(overlay); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.wrong)
		}
	}
	if _, err := (&Tool{}).parse("", "x", []byte("services: {}")); err == nil {
		t.Error("a file without services is taken")
	}
}

// tool is the Compose of this machine.
func tool(t *testing.T) *Tool {
	t.Helper()
	found, err := Find(t.Context())
	if err != nil {
		if os.Getenv("TOLLGATE_REQUIRE_DOCKER") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return found
}

// TestComposeTakesTheCopy has the real Compose resolve a file, and the copy of it once more.
func TestComposeTakesTheCopy(t *testing.T) {
	compose, dir := tool(t), t.TempDir()
	t.Setenv("FLAVOUR", "sweet")
	text := `
services:
  shop:
    image: a
    env_file: my.env
    environment: {FLAVOUR: "$FLAVOUR", PRICE: "5$$"}
    volumes: ["./data:/data:ro"]
    ports: ["8080:80"]
    depends_on: [db]
  db: {image: b}
`
	for name, content := range map[string]string{"compose.yaml": text, "my.env": "FROM_FILE=it's$here\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := compose.Load(t.Context(), filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := f.Copy(overlay)
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := yaml.Marshal(copied.doc)
	if err != nil {
		t.Fatal(err)
	}
	p := &Project{Name: "again", tool: compose, dir: dir, text: resolved}
	if resolved, err = p.run(t.Context(), io.Discard, "config"); err != nil {
		t.Fatal(err)
	}
	again, err := compose.parse("", "again", resolved)
	if err != nil {
		t.Fatal(err)
	}
	shop := section(section(again.doc, "services"), "shop")
	env := section(shop, "environment")
	for name, want := range map[string]string{"FLAVOUR": "sweet", "PRICE": "5$$", "OTEL_SDK_DISABLED": "true"} {
		if env[name] != want {
			t.Errorf("%s is %v, want %q", name, env[name], want)
		}
	}
	if env["FROM_FILE"] == nil || env["FROM_FILE"] != section(section(section(f.doc, "services"), "shop"), "environment")["FROM_FILE"] {
		t.Errorf("FROM_FILE is %v after the second reading", env["FROM_FILE"])
	}
	if shop["ports"] != nil || shop["depends_on"] == nil {
		t.Errorf("ports %v, depends_on %v", shop["ports"], shop["depends_on"])
	}
	over := "services: {shop: {environment: {FLAVOUR: sour, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://jaeger:4318/v1/traces', OTEL_LOGS_EXPORTER: console}}}"
	if err := os.WriteFile(filepath.Join(dir, "over.yaml"), []byte(over), 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := compose.Load(t.Context(), filepath.Join(dir, "compose.yaml"), filepath.Join(dir, "over.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if env := both.Env("shop"); env["FLAVOUR"] != "sour" || env["PRICE"] != "5$" {
		t.Errorf("the second file is not laid over the first: %v", env)
	}
	changed, err := both.Copy(Overlay{Env: map[string]map[string]string{"shop": {
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://p:4318/v1/traces", "OTEL_LOGS_EXPORTER": "otlp", "FLAVOUR": "sour", "NEW": "1",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "service shop: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_LOGS_EXPORTER of the file: the level or tollgate sets another value"
	if !slices.Contains(changed.Changes, want) {
		t.Errorf("changes %q do not say %q", changed.Changes, want)
	}
	if _, err := compose.Load(t.Context(), filepath.Join(dir, "nowhere.yaml")); err == nil {
		t.Error("a file that is not there is read")
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.yaml"), []byte("services: {shop: {imgae: x}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := compose.Load(t.Context(), filepath.Join(dir, "bad.yaml")); err == nil || !strings.Contains(err.Error(), "imgae") {
		t.Errorf("what Compose says of a wrong file is not quoted: %v", err)
	}
}
