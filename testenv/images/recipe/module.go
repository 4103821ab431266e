package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// Ids of the users who run the programs in the standard images: nobody for Prometheus and Alertmanager, otelUser for the
// Collector and Jaeger.
const (
	nobody   = 65534
	otelUser = 10001
)

// prometheus builds Prometheus from its Go module. It has no web pages, since the module does not hold them, and no service
// discovery in clouds, since that takes most of the time of a build.
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

// prometheusVersion is the version of the Go module that belongs to a release: v0.315.0 for v3.15.0.
func prometheusVersion(tag string) (string, error) {
	var major, minor, patch int
	if n, err := fmt.Sscanf(tag, "v%d.%d.%d", &major, &minor, &patch); n != 3 {
		return "", fmt.Errorf("the tag must be a version such as v3.15.0, got %q: %w", tag, err)
	}
	return fmt.Sprintf("v0.%d%02d.%d", major, minor, patch), nil
}

// alertmanager builds Alertmanager from its Go module.
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

// jaeger builds Jaeger's all-in-one from its Go module: the query API and the receivers of OTLP and Zipkin, but no web page.
func jaeger() Recipe {
	program := goProgram{"jaeger", "github.com/jaegertracing/jaeger", "cmd/all-in-one", "", sameVersion}
	return program.recipe(build.Image{
		Entries:    build.Base(otelUser),
		Entrypoint: []string{"/go/bin/all-in-one-linux"},
		User:       fmt.Sprintf("%d:%d", otelUser, otelUser), Ports: []string{"4317", "4318", "9411", "14269", "16686"},
	})
}

// sameVersion is the version of a Go module that has the same number as the image's tag. The tag may begin with v or not.
func sameVersion(tag string) (string, error) {
	var major, minor, patch int
	number := strings.TrimPrefix(tag, "v")
	if n, err := fmt.Sscanf(number, "%d.%d.%d", &major, &minor, &patch); n != 3 {
		return "", fmt.Errorf("the tag must be a version such as 1.62.0, got %q: %w", tag, err)
	}
	return "v" + number, nil
}

// goProgram is a program that a Go module holds.
type goProgram struct {
	name    string // of the image
	module  string
	pkg     string // in the module
	tags    string // for the build, comma-separated
	version func(tag string) (string, error)
}

// recipe completes an image by the program, statically linked, as its entrypoint.
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

// goBuild builds a package as a static program for the containers, and returns the path of the program. It does so in a Go
// module of its own, which requires modules. The package may also be the builder's directory: ".".
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
