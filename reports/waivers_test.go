package reports

import (
	"strings"
	"testing"
)

// Every format for people and machines says what is waived, until when, and that it has expired; benchstat has no place for it.
func TestEveryFormatSaysWaivers(t *testing.T) {
	for _, f := range All() {
		if f.Name == "benchstat" {
			continue
		}
		got := strings.Join(strings.Fields(render(t, f.Name, fixture())), " ")
		for _, want := range []string{"needs metrics", "2026-03-31", "2025-12-31"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q", f.Name, want)
			}
		}
	}
}
