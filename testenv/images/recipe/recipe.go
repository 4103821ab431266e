// Package recipe makes standard images without a registry, from Go modules and Debian packages. It needs no container
// engine: what comes out is a build.Image.
package recipe

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// Recipe makes one standard image.
type Recipe struct {
	Name  string   // of the image, as in images.All
	From  string   // what it is made from, for people
	Tools []string // programs that must be in PATH

	version func(tag string) (string, error) // nil: the tag is the version
	make    func(ctx context.Context, b builder) (build.Image, error)
}

// All are the recipes. There is none for Kafka and Zipkin: they are Java programs, and come from a registry or an archive.
func All() []Recipe {
	return []Recipe{
		redis(),
		collector(),
		prometheus(),
		alertmanager(),
		jaeger(),
	}
}

// Version is the version of the sources that belongs to an image's tag. An error says what the tag must look like.
func (r Recipe) Version(tag string) (string, error) {
	if r.version == nil {
		return tag, nil
	}
	return r.version(tag)
}

// Make makes the image for an architecture, as Go names it, in the version that the image's tag says. It works in the
// directory dir, which must be empty. The image refers to files there, which must stay until it is loaded or saved.
func (r Recipe) Make(ctx context.Context, dir, arch, tag string) (build.Image, error) {
	var lacking []string
	for _, tool := range r.Tools {
		if _, err := exec.LookPath(tool); err != nil {
			lacking = append(lacking, tool)
		}
	}
	if lacking != nil {
		return build.Image{}, fmt.Errorf("to build it from %s takes %s, and %s not in PATH", r.From, strings.Join(r.Tools, ", "),
			strings.Join(lacking, ", ")+map[bool]string{true: " is", false: " are"}[len(lacking) == 1])
	}
	version, err := r.Version(tag)
	if err != nil {
		return build.Image{}, err
	}
	image, err := r.make(ctx, builder{dir: dir, arch: arch, tag: tag, version: version})
	image.Arch = arch
	return image, err
}

// builder is what a recipe works with.
type builder struct {
	dir     string // its working directory
	arch    string // the architecture to make programs for, as Go names it
	tag     string // of the image
	version string // of the sources, from the tag
}

// run runs a program in the builder's directory and returns what it printed; an error quotes the last lines.
func (b builder) run(ctx context.Context, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), env...)
	var out, all strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, &all), &all
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		lines := strings.Split(strings.TrimSpace(all.String()), "\n")
		lines = lines[max(0, len(lines)-5):]
		return "", fmt.Errorf("%s %s: %w:\n    %s", program, args[0], err, strings.Join(lines, "\n    "))
	}
	return out.String(), nil
}
