package tollgate_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// serves is what makes an HTTP server without the limits of api.Server.
var serves = regexp.MustCompile(`http\.Server\{|new\(http\.Server\)|http\.(ListenAndServe|Serve)(TLS)?\(`)

// TestServersHaveLimits: every HTTP server is made by api.Server, so that none waits forever for a client. The example shop is code
// of its own, whose server has to be read where it stands.
func TestServersHaveLimits(t *testing.T) {
	made := 0
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		made += strings.Count(string(text), "api.Server(")
		switch filepath.ToSlash(file) {
		case "internal/core/api/server.go":
		case "examples/shop/main.go":
			for _, limit := range []string{"ReadHeaderTimeout:", "ReadTimeout:", "IdleTimeout:", "MaxHeaderBytes:"} {
				if !strings.Contains(string(text), limit) {
					t.Errorf("%s: its server has no %s", file, limit)
				}
			}
		default:
			if found := serves.FindString(string(text)); found != "" {
				t.Errorf("%s has %s: use api.Server, which has limits", file, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if made < 5 {
		t.Errorf("%d servers are made by api.Server, want at least the 5 of now", made)
	}
}
