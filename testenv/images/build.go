package images

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/scratch"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images/recipe"
)

// sources are the subcommands of `tollgate images` that can bring the image.
func (i Image) sources() []string {
	if i.buildable() {
		return []string{"pull", "load", "build"}
	}
	return []string{"pull", "load"}
}

// buildable reports whether there is a recipe for the image.
func (i Image) buildable() bool {
	return slices.ContainsFunc(recipe.All(), func(r recipe.Recipe) bool { return r.Name == i.Name })
}

// buildableName is the name of the image that has the standard reference ref, with or without a registry before it, if
// there is a recipe for it; else "".
func buildableName(ref string) string {
	for _, image := range All() {
		if (ref == image.Ref || strings.HasSuffix(ref, "/"+image.Ref)) && image.buildable() {
			return image.Name
		}
	}
	return ""
}

// lookupRecipes finds recipes by the names of their images.
func lookupRecipes(names []string) ([]recipe.Recipe, error) {
	all := recipe.All()
	var legal []string
	for _, r := range all {
		legal = append(legal, r.Name)
	}
	var found []recipe.Recipe
	for _, name := range names {
		i := slices.Index(legal, name)
		if i < 0 {
			if slices.ContainsFunc(All(), func(image Image) bool { return image.Name == name }) {
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

// Build builds the named images one after the other, under the references of choice, and returns the references of those
// that it has built. If one fails it goes on with the next; the error names all that failed. If out is not "", it is a
// directory that also gets an archive of each image, as docker save writes it, compressed by gzip. Build calls say, which
// may be nil, with a line when an image begins and when it has succeeded.
func Build(ctx context.Context, e *engine.Engine, choice Choice, names []string, out string, say func(string)) ([]string, error) {
	recipes, err := lookupRecipes(names)
	if err != nil {
		return nil, err
	}
	say = oneByOne(say)
	var refs []string
	var errs []error
	for _, r := range recipes {
		ref := choice.Ref(r.Name)
		say(fmt.Sprintf("building %s from %s; this takes from seconds to minutes", ref, r.From))
		begin := time.Now()
		if err := buildOne(ctx, e, r, ref, out); err != nil {
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

// buildOne builds one image, and writes its archive if out is not "".
func buildOne(ctx context.Context, e *engine.Engine, r recipe.Recipe, ref, out string) (err error) {
	dir, err := scratch.Make("", "build")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	image, err := r.Make(ctx, dir.Path, e.Arch(), tagOf(ref))
	if err != nil {
		return err
	}
	image.Labels = map[string]string{Label: r.Name}
	if err := Add(ctx, e, ref, image); err != nil {
		return err
	}
	if out == "" {
		return nil
	}
	return image.SaveFile(filepath.Join(out, r.Name+".tar.gz"), ref)
}

// tagOf is the tag of a reference; "" if it has none.
func tagOf(ref string) string {
	last := ref[strings.LastIndex(ref, "/")+1:]
	_, tag, _ := strings.Cut(last, ":")
	return tag
}
