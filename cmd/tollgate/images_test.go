package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
)

// TestImagesThatCannotBeHad asks an engine for images that neither a registry nor a directory has.
func TestImagesThatCannotBeHad(t *testing.T) {
	enginetest.Open(t)
	empty := t.TempDir()
	readme := filepath.Join(empty, "README.md")
	if err := os.WriteFile(readme, []byte("# No images"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, want []string
	}{
		{[]string{"images", "pull", "--registry", "registry.invalid/hub"}, []string{
			"registry.invalid/hub/apache/kafka:", "no registry answers at registry.invalid", "docker pull registry.invalid/hub/redis:",
			"tollgate images load DIR", "tollgate images build redis collector prometheus alertmanager jaeger",
		}},
		{[]string{"images", "load", empty}, []string{"no archive in it"}},
		{[]string{"images", "load", readme}, []string{"README.md: no docker save archive"}},
		{[]string{"images", "load", filepath.Join(empty, "nowhere")}, []string{"no such file"}},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), c.args, nil, &stdout, &stderr); code != exitCouldNotRun {
			t.Errorf("%v: exit code %d, want %d", c.args, code, exitCouldNotRun)
		}
		if stdout.Len() > 0 {
			t.Errorf("%v: stdout is data, and there is none:\n%s", c.args, &stdout)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("%v: %q is not in:\n%s", c.args, want, &stderr)
			}
		}
	}
}
