package backends

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// compose is the part of the Compose file that the tests read.
type compose struct {
	Networks map[string]struct{ Name string }
	Services map[string]struct {
		Profiles []string
		Image    string
		Ports    []string
		Volumes  []string
	}
}

func load(t *testing.T) compose {
	t.Helper()
	text, err := files.ReadFile("files/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Every back end that somebody can start has its profile, in which its standard address answers.
func TestProfiles(t *testing.T) {
	c := load(t)
	if c.Networks["default"].Name != Network {
		t.Errorf("the network is %q, want %q", c.Networks["default"].Name, Network)
	}
	var backends []string
	for _, b := range collector.Backends() {
		if b.Name == "otlp" { // no file of ours starts it
			continue
		}
		backends = append(backends, b.Name)
		host, _, _ := strings.Cut(b.Address, ":")
		hosts := []string{host}
		if host == "" {
			hosts = []string{"tempo", "loki", "prometheus", "grafana"}
		}
		for _, host := range hosts {
			if !slices.Contains(c.Services[host].Profiles, b.Name) {
				t.Errorf("%s: service %s is not in its profile", b.Name, host)
			}
		}
	}
	if got := Profiles(); !slices.Equal(got, backends) {
		t.Errorf("profiles %v, back ends %v", got, backends)
	}
	for name, s := range c.Services {
		for _, p := range s.Profiles {
			if !slices.Contains(Profiles(), p) {
				t.Errorf("%s is in the unknown profile %s", name, p)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, port)
			}
		}
		if tag := s.Image[strings.LastIndex(s.Image, ":")+1:]; tag == s.Image || tag == "latest" {
			t.Errorf("%s: image %s has no version", name, s.Image)
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, err := fs.Stat(files, filepath.ToSlash(filepath.Join("files", from))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Images that a run uses, too, have the same version in both places.
func TestImages(t *testing.T) {
	c := load(t)
	for _, image := range images.All() {
		if s, ok := c.Services[image.Name]; ok && s.Image != image.Ref {
			t.Errorf("%s: %s, a run has %s", image.Name, s.Image, image.Ref)
		}
	}
}

// Compose itself accepts every profile.
func TestCompose(t *testing.T) {
	command := []string{"docker-compose"}
	if _, err := exec.LookPath("docker-compose"); err != nil {
		command = []string{"docker", "compose"}
		if err := exec.Command("docker", "compose", "version").Run(); err != nil {
			t.Skip("neither docker-compose nor docker compose is here")
		}
	}
	dir := t.TempDir()
	if err := Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, profile := range Profiles() {
		args := append(command[1:], "-f", filepath.Join(dir, "compose.yaml"), "--profile", profile, "config")
		if out, err := exec.CommandContext(t.Context(), command[0], args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", profile, err, out)
		}
	}
}

func TestPrometheus(t *testing.T) {
	text, err := files.ReadFile("files/prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.OTLPConfig.PromoteResourceAttributes, collector.ArmAttribute) {
		t.Errorf("%s becomes no label", collector.ArmAttribute)
	}
}

// The dashboard uses only queries that its data sources understand, and only data sources that exist.
func TestDashboard(t *testing.T) {
	var sources struct {
		Datasources []struct{ UID, Type string }
	}
	text, err := files.ReadFile("files/grafana/datasources.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &sources); err != nil {
		t.Fatal(err)
	}
	uids := map[string]string{}
	for _, s := range sources.Datasources {
		uids[s.UID] = s.Type
	}
	text, err = files.ReadFile("files/grafana/dashboards/toll.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title      string
			Datasource struct{ UID, Type string }
			Targets    []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) == 0 {
		t.Error("no panels")
	}
	promql := parser.NewParser(parser.Options{})
	for _, p := range dashboard.Panels {
		if uids[p.Datasource.UID] != p.Datasource.Type {
			t.Errorf("%s: no data source %+v", p.Title, p.Datasource)
		}
		for _, target := range p.Targets {
			if p.Datasource.Type != "prometheus" {
				continue
			}
			if _, err := promql.ParseExpr(strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")); err != nil {
				t.Errorf("%s: %v", p.Title, err)
			}
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for range 2 { // files that exist and are the same are no error
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "grafana", "datasources.yaml")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one that names %s", err, file)
	}
	if text, _ := os.ReadFile(file); string(text) != "mine" {
		t.Errorf("overwritten with %q", text)
	}
}
