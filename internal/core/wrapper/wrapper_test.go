package wrapper

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "it's \"KEPT\".js") // KEPT is also a mark in the script that is filled in
	if err := os.WriteFile(odd, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := Script(odd, "/run/script-env.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`import * as user from "file://` + dir + `/it%27s%20%22KEPT%22.js";` + "\n", `import { current, loading } from "file:///run/script-env.js";` + "\n",
		`const kept = ["batch","batchPerHost",`,
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	for path, want := range map[string]string{
		"load.js":                     "wrapper: script load.js: the path must be absolute",
		filepath.Join(dir, "none.js"): "no such file",
		dir:                           "is no file",
	} {
		if _, err := Script(path, "/run/script-env.js"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want … %s …", path, err, want)
		}
	}
}
