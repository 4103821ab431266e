package scenarios

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "it's \"mine\".js")
	if err := os.WriteFile(odd, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := Script(odd, "/run/script-env.js")
	if err != nil {
		t.Fatal(err)
	}
	if want := "import * as user from \"" + dir + "/it's \\\"mine\\\".js\";\n"; !bytes.Contains(text, []byte(want)) {
		t.Errorf("no line %q in\n%s", want, text)
	}
	for path, want := range map[string]string{
		"load.js":                     "scenarios: script load.js: the path must be absolute",
		filepath.Join(dir, "none.js"): "no such file",
		dir:                           "is no file",
	} {
		if _, err := Script(path, "/run/script-env.js"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want … %s …", path, err, want)
		}
	}
}
