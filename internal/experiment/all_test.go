package experiment

import (
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/testenv"
)

// The nightly profile says all levels and all faults, and has them.
func TestNightlyHasEverything(t *testing.T) {
	e, err := Profile("nightly")
	if err != nil {
		t.Fatal(err)
	}
	var ids, got, want []string
	for _, f := range faults.All() {
		ids = append(ids, f.ID)
	}
	if !slices.Equal(e.Faults, ids) {
		t.Errorf("faults %v, want %v", e.Faults, ids)
	}
	for _, l := range e.Levels {
		got = append(got, l.Name)
	}
	for _, l := range testenv.Levels() {
		want = append(want, l.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("levels %v, want %v", got, want)
	}
}

func TestNamed(t *testing.T) {
	levels, err := NamedLevels("off", "full")
	if err != nil || len(levels) != 2 || levels[1].Name != "full" {
		t.Errorf("levels %v, %v", levels, err)
	}
	if _, err := NamedLevels("off", All); err == nil {
		t.Error("all is taken for a level among others")
	}
	if got := NamedFaults("none", All); !slices.Equal(got, Faults{"none", All}) { // for Validate to refuse
		t.Errorf("faults %v", got)
	}
	if got := NamedFaults(); len(got) != 0 {
		t.Errorf("faults %v where none is named", got)
	}
}

// TestFaultsWithParameters: an entry is an id, a text or a mapping, written out or referred to.
func TestFaultsWithParameters(t *testing.T) {
	var e struct {
		Entry  yaml.Node `yaml:"entry"`
		Faults Faults
	}
	text := "entry: &slow {id: consumer-lag, bytes: 4096}\nfaults: [none, 'model-drift: mix=0.5', *slow]"
	want := Faults{"none", "model-drift: mix=0.5", "consumer-lag: bytes=4096"}
	if err := yaml.Unmarshal([]byte(text), &e); err != nil || !slices.Equal(e.Faults, want) {
		t.Errorf("%q, %v; want %q", e.Faults, err, want)
	}
}
