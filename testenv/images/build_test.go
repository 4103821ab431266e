package images

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/images/recipe"
)

func TestRecipesAreOfImages(t *testing.T) {
	for _, r := range recipe.All() {
		ref := Choice{}.Ref(r.Name) // panics on a name that no image has
		if got := buildableName("mirror.example.com/hub/" + ref); got != r.Name {
			t.Errorf("%s behind a registry: recipe %q, want %q", ref, got, r.Name)
		}
		if r.From == "" || len(r.Tools) == 0 {
			t.Errorf("%s: a recipe says what it is made of and with", r.Name)
		}
	}
	if got := buildableName("somebody/" + "redis:1"); got != "" {
		t.Errorf("a stranger's image has the recipe %q", got)
	}
	for name, want := range map[string]string{"kafka": "cannot be built here", "redish": `unknown image "redish"`} {
		if err := CheckBuild([]string{"redis", name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestRecipeVersions holds that every recipe can read its version from the pinned tag.
func TestRecipeVersions(t *testing.T) {
	for _, r := range recipe.All() {
		ref := Choice{}.Ref(r.Name)
		if version, err := r.Version(tagOf(ref)); err != nil || version == "" {
			t.Errorf("%s: version %q, %v", ref, version, err)
		}
	}
	for ref, want := range map[string]string{"redis:7.0": "7.0", "host:5000/redis": "", "host:5000/hub/redis:7": "7"} {
		if got := tagOf(ref); got != want {
			t.Errorf("tag of %s is %q, want %q", ref, got, want)
		}
	}
}
