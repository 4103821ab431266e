package perso

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// k6x runs `k6 x …` without the registry of extensions.
func k6x(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"x"}, args...)...)
	cmd.Env = append(os.Environ(), "PERSO_TEST_K6=1", "K6_AUTO_EXTENSION_RESOLUTION=false", "K6_NO_USAGE_REPORT=true")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCommand(t *testing.T) {
	if out, err := k6x(t); err != nil || !strings.Contains(out, "perso       User journeys") {
		t.Errorf("k6 x: %v\n%s", err, out)
	}
	out, err := k6x(t, "perso")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var named []string
	for _, m := range regexp.MustCompile(`(?m)^  perso\.(\w+) +\S`).FindAllStringSubmatch(out, -1) {
		named = append(named, m[1])
	}
	slices.Sort(named)
	s := newScript(t, t.TempDir(), nil)
	if functions := strings.Fields(s.js(t, `Object.keys(perso).sort().join(' ')`).String()); !slices.Equal(named, functions) {
		t.Errorf("k6 x perso names %v, the module has %v", named, functions)
	}
	for word, file := range map[string]string{"types": "index.d.ts", "script": "smoke.js"} {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := k6x(t, "perso", word); err != nil || out != string(want) {
			t.Errorf("k6 x perso %s: %v\n%s", word, err, out)
		}
	}
	if out, err := k6x(t, "perso", "nosuch"); err == nil || !strings.Contains(out, "nosuch") {
		t.Errorf("k6 x perso nosuch: %v\n%s", err, out)
	}
}

// The script that `k6 x perso script` prints needs no server, wherever it lies.
func TestSmoke(t *testing.T) {
	file := filepath.Join(t.TempDir(), "first.js")
	if err := os.WriteFile(file, []byte(first), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := shipped(t, file); err != nil || !strings.Contains(out, "checks_succeeded...: 100.00%") {
		t.Errorf("%v\n%s", err, out)
	}
}
