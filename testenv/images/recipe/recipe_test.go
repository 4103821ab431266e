package recipe

import (
	"go/format"
	"slices"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
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
