package engine

import (
	"go/format"
	"slices"
	"strings"
	"testing"
)

func TestRecipesAreOfImages(t *testing.T) {
	for _, r := range Recipes() {
		ref := Choice{}.Ref(r.Name) // panics on a name that no image has
		if got := buildable("mirror.example.com/hub/" + ref); got != r.Name {
			t.Errorf("%s behind a registry: recipe %q, want %q", ref, got, r.Name)
		}
		if r.Of == "" || len(r.Tools) == 0 {
			t.Errorf("%s: a recipe says what it is made of and with", r.Name)
		}
	}
	if got := buildable("somebody/" + "redis:1"); got != "" {
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
	for _, c := range []struct {
		of        func(string) (string, error)
		tag, want string
	}{
		{prometheusVersion, "v3.15.0", "v0.315.0"}, {prometheusVersion, "v3.5.1", "v0.305.1"}, {prometheusVersion, "latest", ""},
		{sameVersion, "v0.25.0", "v0.25.0"}, {sameVersion, "1.62.0", "v1.62.0"}, {sameVersion, "", ""},
	} {
		got, err := c.of(c.tag)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v; want %q", c.tag, got, err, c.want)
		}
	}
	for name, of := range map[string]func(string) (string, error){
		"prometheus": prometheusVersion, "alertmanager": sameVersion, "jaeger": sameVersion, "collector": sameVersion,
	} {
		if _, err := of(tagOf(Choice{}.Ref(name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for ref, want := range map[string]string{"redis:7.0": "7.0", "host:5000/redis": "", "host:5000/hub/redis:7": "7"} {
		if got := tagOf(ref); got != want {
			t.Errorf("tag of %s is %q, want %q", ref, got, want)
		}
	}
}

func TestCollectorSource(t *testing.T) {
	source, err := collectorSource("0.161.0")
	if err != nil {
		t.Fatal(err)
	}
	formatted, err := format.Source(source)
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	if !strings.Contains(string(formatted), "tailsamplingprocessor.NewFactory()") {
		t.Errorf("no tail sampling in\n%s", formatted)
	}
}

func TestWithLibraries(t *testing.T) {
	const tree = `server
  PreDepends: init-helpers
  Depends: tools
 |Depends: libone
  Depends: libone-alternative
init-helpers
  Depends: libunwanted
tools
  Depends: libtwo
    libtwo-alternative
  Depends: libc6
libtwo
  Depends: libc6
  Depends: gcc-base
libc6
  Depends: libtwo
`
	got := withLibraries([]string{"server", "tools"}, tree)
	slices.Sort(got)
	if want := []string{"libc6", "libone", "libone-alternative", "libtwo", "server", "tools"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
