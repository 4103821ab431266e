package reports

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// render is a report in full.
func render(t *testing.T, format string, a *verdict.Analysis) string {
	t.Helper()
	f, err := Lookup(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Render(verbose(&b), a); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// verbose is a screen that wants all of a report.
func verbose(w io.Writer) Screen { return Screen{Writer: w, Verbose: true} }

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is rendered now; look at the difference after go test -update", path)
	}
}

func TestGolden(t *testing.T) {
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			name := f.File
			if name == "" {
				name = "report-verbose.txt"
			}
			path := filepath.Join("testdata", name)
			got := render(t, f.Name, fixture())
			golden(t, path, got)
		})
	}
	golden(t, filepath.Join("testdata", "report.txt"), onScreen(t, fixture(), Screen{Dir: "runs/20260102-150405-pr", Page: "runs/20260102-150405-pr/report.html"}))
}
