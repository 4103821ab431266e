package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// nobody is who the standard images of Prometheus and Alertmanager run as, otelUser who those of the Collector and Jaeger do.
const (
	nobody   = 65534
	otelUser = 10001
)

// prometheusRecipe makes Prometheus of its Go module: without its web pages, which the module has not, and without service
// discovery in clouds, which takes most of the time that a build of it takes.
func prometheusRecipe() Recipe {
	program := goProgram{"prometheus", "github.com/prometheus/prometheus", "cmd/prometheus", "remove_all_sd", prometheusVersion}
	return program.recipe(Scratch{
		Entries: append(basis(nobody, "/prometheus"),
			Entry{Path: "/etc/prometheus/prometheus.yml", Mode: 0o644, Text: []byte("scrape_configs:\n  - job_name: prometheus\n    static_configs:\n      - targets: [localhost:9090]\n")}),
		Entrypoint: []string{"/bin/prometheus"},
		Cmd:        []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
		User:       fmt.Sprintf("%d:%d", nobody, nobody), Dir: "/prometheus", Ports: []string{"9090"},
	})
}

// prometheusVersion is the module's version of a release: v3.15.0 is v0.315.0.
func prometheusVersion(tag string) (string, error) {
	var major, minor, patch int
	if n, err := fmt.Sscanf(tag, "v%d.%d.%d", &major, &minor, &patch); n != 3 {
		return "", fmt.Errorf("the tag must be a version such as v3.15.0, got %q: %w", tag, err)
	}
	return fmt.Sprintf("v0.%d%02d.%d", major, minor, patch), nil
}

// alertmanagerRecipe makes Alertmanager of its Go module.
func alertmanagerRecipe() Recipe {
	program := goProgram{"alertmanager", "github.com/prometheus/alertmanager", "cmd/alertmanager", "", sameVersion}
	return program.recipe(Scratch{
		Entries: append(basis(nobody, "/alertmanager"),
			Entry{Path: "/etc/alertmanager/alertmanager.yml", Mode: 0o644, Text: []byte("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n")}),
		Entrypoint: []string{"/bin/alertmanager"},
		Cmd:        []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"},
		User:       fmt.Sprintf("%d:%d", nobody, nobody), Dir: "/alertmanager", Ports: []string{"9093"},
	})
}

// jaegerRecipe makes Jaeger's all-in-one of its Go module: the query API, OTLP and Zipkin receivers, without the web page.
func jaegerRecipe() Recipe {
	program := goProgram{"jaeger", "github.com/jaegertracing/jaeger", "cmd/all-in-one", "", sameVersion}
	return program.recipe(Scratch{
		Entries:    basis(otelUser),
		Entrypoint: []string{"/go/bin/all-in-one-linux"},
		User:       fmt.Sprintf("%d:%d", otelUser, otelUser), Ports: []string{"4317", "4318", "9411", "14269", "16686"},
	})
}

// sameVersion is the module's version where the images' tags are the releases' names, with v before the number or not.
func sameVersion(tag string) (string, error) {
	var major, minor, patch int
	number := strings.TrimPrefix(tag, "v")
	if n, err := fmt.Sscanf(number, "%d.%d.%d", &major, &minor, &patch); n != 3 {
		return "", fmt.Errorf("the tag must be a version such as 1.62.0, got %q: %w", tag, err)
	}
	return "v" + number, nil
}

// goProgram is a program of a Go module.
type goProgram struct {
	name    string // of the image
	module  string
	pkg     string // in the module
	tags    string // for the build, comma-separated
	version func(tag string) (string, error)
}

// recipe makes the image with the program, statically linked, at its entrypoint.
func (p goProgram) recipe(image Scratch) Recipe {
	return Recipe{
		Name: p.name, Of: "Go module " + p.module, Tools: []string{"go"},
		make: func(ctx context.Context, k kitchen) (Scratch, error) {
			version, err := p.version(k.tag)
			if err != nil {
				return Scratch{}, err
			}
			binary, err := k.goBuild(ctx, p.module+"/"+p.pkg, p.tags, p.module+"@"+version)
			if err != nil {
				return Scratch{}, err
			}
			image.Entries = append([]Entry{{Path: image.Entrypoint[0], Mode: 0o755, From: binary}}, image.Entries...)
			return image, nil
		},
	}
}

// goBuild builds a package statically for the containers, in a module of its own that requires modules, and returns the
// path of the program. The package may be one in the kitchen's directory: ".".
func (k kitchen) goBuild(ctx context.Context, pkg, tags string, modules ...string) (string, error) {
	env := []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + k.arch, "GOWORK=off", "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod=mod"), "PWD=" + k.dir,
	}
	if _, err := k.run(ctx, env, "go", "mod", "init", "build.invalid/image"); err != nil {
		return "", err
	}
	if _, err := k.run(ctx, env, "go", append([]string{"get"}, modules...)...); err != nil {
		return "", err
	}
	binary := filepath.Join(k.dir, "program")
	_, err := k.run(ctx, env, "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w", "-o", binary, pkg)
	return binary, err
}
