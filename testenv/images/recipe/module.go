package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// nobody is who the standard images of Prometheus and Alertmanager run as, otelUser who those of the Collector and Jaeger do.
const (
	nobody   = 65534
	otelUser = 10001
)

// prometheus makes Prometheus of its Go module: without its web pages, which the module has not, and without service
// discovery in clouds, which takes most of the time that a build of it takes.
func prometheus() Recipe {
	program := goProgram{"prometheus", "github.com/prometheus/prometheus", "cmd/prometheus", "remove_all_sd", prometheusVersion}
	return program.recipe(build.Image{
		Entries: append(build.Base(nobody, "/prometheus"),
			build.Entry{Path: "/etc/prometheus/prometheus.yml", Mode: 0o644, Text: []byte("scrape_configs:\n  - job_name: prometheus\n    static_configs:\n      - targets: [localhost:9090]\n")}),
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

// alertmanager makes Alertmanager of its Go module.
func alertmanager() Recipe {
	program := goProgram{"alertmanager", "github.com/prometheus/alertmanager", "cmd/alertmanager", "", sameVersion}
	return program.recipe(build.Image{
		Entries: append(build.Base(nobody, "/alertmanager"),
			build.Entry{Path: "/etc/alertmanager/alertmanager.yml", Mode: 0o644, Text: []byte("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n")}),
		Entrypoint: []string{"/bin/alertmanager"},
		Cmd:        []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"},
		User:       fmt.Sprintf("%d:%d", nobody, nobody), Dir: "/alertmanager", Ports: []string{"9093"},
	})
}

// jaeger makes Jaeger's all-in-one of its Go module: the query API, OTLP and Zipkin receivers, without the web page.
func jaeger() Recipe {
	program := goProgram{"jaeger", "github.com/jaegertracing/jaeger", "cmd/all-in-one", "", sameVersion}
	return program.recipe(build.Image{
		Entries:    build.Base(otelUser),
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
func (p goProgram) recipe(image build.Image) Recipe {
	return Recipe{
		Name: p.name, From: "Go module " + p.module, Tools: []string{"go"}, version: p.version,
		make: func(ctx context.Context, b builder) (build.Image, error) {
			binary, err := b.goBuild(ctx, p.module+"/"+p.pkg, p.tags, p.module+"@"+b.version)
			if err != nil {
				return build.Image{}, err
			}
			image.Entries = append([]build.Entry{{Path: image.Entrypoint[0], Mode: 0o755, From: binary}}, image.Entries...)
			return image, nil
		},
	}
}

// goBuild builds a package statically for the containers, in a module of its own that requires modules, and returns the
// path of the program. The package may be one in the builder's directory: ".".
func (b builder) goBuild(ctx context.Context, pkg, tags string, modules ...string) (string, error) {
	env := []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + b.arch, "GOWORK=off", "GOFLAGS=" + strings.TrimSpace(os.Getenv("GOFLAGS")+" -mod=mod"), "PWD=" + b.dir,
	}
	if _, err := b.run(ctx, env, "go", "mod", "init", "build.invalid/image"); err != nil {
		return "", err
	}
	if _, err := b.run(ctx, env, "go", append([]string{"get"}, modules...)...); err != nil {
		return "", err
	}
	binary := filepath.Join(b.dir, "program")
	_, err := b.run(ctx, env, "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w", "-o", binary, pkg)
	return binary, err
}
