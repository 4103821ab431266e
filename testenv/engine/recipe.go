package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Recipe makes a standard image without a registry.
type Recipe struct {
	Name  string   // of the image: Image.Name
	Of    string   // what it is made of, for people
	Tools []string // programs that must be in PATH

	make func(ctx context.Context, k kitchen) (Scratch, error)
}

// Recipes are the images that can be made here. Kafka and Zipkin cannot: they are Java programs, and come from a registry
// or an archive.
func Recipes() []Recipe {
	return []Recipe{
		redisRecipe(),
		collectorRecipe(),
		prometheusRecipe(),
		alertmanagerRecipe(),
		jaegerRecipe(),
	}
}

// kitchen is what a recipe works with.
type kitchen struct {
	dir  string // its own, removed afterwards
	arch string // to make a program for, as Go names it
	tag  string // of the reference that the image gets: its version
}

// run runs a program in a directory and returns what it printed; an error quotes the last lines.
func (k kitchen) run(ctx context.Context, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = k.dir, append(os.Environ(), env...)
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

// ways are the ways in which the image can be had, for people.
func (i Image) ways() []string {
	ways := []string{"pull", "load"}
	if slices.ContainsFunc(Recipes(), func(r Recipe) bool { return r.Name == i.Name }) {
		ways = append(ways, "build")
	}
	return ways
}

// buildable is the name of the image of a standard reference, with a registry before it or not, for which there is a
// recipe; "" if there is none.
func buildable(ref string) string {
	for _, image := range Images() {
		if (ref == image.Ref || strings.HasSuffix(ref, "/"+image.Ref)) && slices.Contains(image.ways(), "build") {
			return image.Name
		}
	}
	return ""
}

// lookupRecipes finds recipes by the names of their images.
func lookupRecipes(names []string) ([]Recipe, error) {
	all := Recipes()
	var legal []string
	for _, r := range all {
		legal = append(legal, r.Name)
	}
	var found []Recipe
	for _, name := range names {
		i := slices.Index(legal, name)
		if i < 0 {
			if slices.ContainsFunc(Images(), func(image Image) bool { return image.Name == name }) {
				return nil, fmt.Errorf("image %s cannot be built here: pull %s where a registry answers, or load an archive of it (tollgate images load); "+
					"what can be built is %s", name, Choice{}.Ref(name), strings.Join(legal, ", "))
			}
			return nil, fmt.Errorf("unknown image %q: what can be built is %s", name, strings.Join(legal, ", "))
		}
		found = append(found, all[i])
	}
	return found, nil
}

// CheckBuild refuses names of images that cannot be built.
func CheckBuild(names []string) error {
	_, err := lookupRecipes(names)
	return err
}

// Build makes the named images one after the other, under the references of choice, and returns these. A directory out
// also gets an archive of each, like docker save's, compressed by gzip. What can be made is made, and the error names the
// rest. Say takes a line as one begins and one when it has succeeded; nil: nobody.
func (e *Engine) Build(ctx context.Context, choice Choice, names []string, out string, say func(string)) ([]string, error) {
	recipes, err := lookupRecipes(names)
	if err != nil {
		return nil, err
	}
	say = onebyone(say)
	var refs []string
	var errs []error
	for _, r := range recipes {
		ref := choice.Ref(r.Name)
		say(fmt.Sprintf("building %s from %s; this takes from seconds to minutes", ref, r.Of))
		begin := time.Now()
		if err := e.build(ctx, r, ref, out); err != nil {
			if ctx.Err() != nil {
				return refs, context.Cause(ctx)
			}
			errs = append(errs, fmt.Errorf("image %s: %w", r.Name, err))
			continue
		}
		say(fmt.Sprintf("built %s in %v", ref, time.Since(begin).Round(100*time.Millisecond)))
		refs = append(refs, ref)
	}
	return refs, errors.Join(errs...)
}

// build makes one image.
func (e *Engine) build(ctx context.Context, r Recipe, ref, out string) error {
	var lacking []string
	for _, tool := range r.Tools {
		if _, err := exec.LookPath(tool); err != nil {
			lacking = append(lacking, tool)
		}
	}
	if lacking != nil {
		return fmt.Errorf("to build it from %s takes %s, and %s not in PATH", r.Of, strings.Join(r.Tools, ", "),
			strings.Join(lacking, ", ")+map[bool]string{true: " is", false: " are"}[len(lacking) == 1])
	}
	dir, err := os.MkdirTemp("", "tollgate-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	image, err := r.make(ctx, kitchen{dir: dir, arch: e.Arch(), tag: tagOf(ref)})
	if err != nil {
		return err
	}
	image.Arch = e.Arch()
	image.Labels = map[string]string{LabelImage: r.Name}
	if err := e.Scratch(ctx, ref, image); err != nil {
		return err
	}
	if out == "" {
		return nil
	}
	return saveFile(filepath.Join(out, r.Name+".tar.gz"), ref, image)
}

// tagOf is the tag of a reference; "" if it has none.
func tagOf(ref string) string {
	last := ref[strings.LastIndex(ref, "/")+1:]
	_, tag, _ := strings.Cut(last, ":")
	return tag
}
