package scenarios

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/core/wrapper"
)

// script reads a script, here or in package wrapper.
func script(t *testing.T, name string) []byte {
	t.Helper()
	text, err := Scripts.ReadFile(name)
	if err != nil {
		text, err = wrapper.Scripts.ReadFile(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What the orchestrator hands to k6 is what the scripts read, and nothing is read that it does not hand over.
func TestScriptsReadTheGenerator(t *testing.T) {
	read := map[string]bool{
		slot.EnvConductor: true, slot.EnvToken: true, slot.EnvRecord: true, // the extension's conduct reads these
	}
	for _, name := range []string{Measure, wrapper.Own, wrapper.OwnEnv} {
		text := script(t, name)
		for _, m := range regexp.MustCompile(`(?:__ENV|loading)\.([A-Z_]+)`).FindAllSubmatch(text, -1) {
			read[string(m[1])] = true
		}
	}
	handed := slot.Generator{}.Environ()
	if got, want := slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(handed)); !slices.Equal(got, want) {
		t.Errorf("the scripts read %v, the generator is handed %v", got, want)
	}
}

// The comment at the top of a script names the variables that the script reads, all of them.
func TestScriptsSayWhatTheyRead(t *testing.T) {
	for _, name := range []string{Measure, wrapper.Own, wrapper.OwnEnv, Journeys, "replay.js", "smoke.js", "black-friday.js", "silent-drift.js", "identity.js"} {
		text := script(t, name)
		said, read := map[string]bool{}, map[string]bool{}
		for _, line := range regexp.MustCompile(`(?m)^//   ([A-Z_]+(?:, [A-Z_]+)*)  `).FindAllSubmatch(text, -1) {
			for _, m := range regexp.MustCompile(`[A-Z_]+`).FindAll(line[1], -1) {
				said[string(m)] = true
			}
		}
		for _, m := range regexp.MustCompile(`(?:__ENV|loading)\.([A-Z_]+)`).FindAllSubmatch(text, -1) {
			read[string(m[1])] = true
		}
		if got, want := slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(read)); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s names %v and reads %v", name, got, want)
		}
	}
}
