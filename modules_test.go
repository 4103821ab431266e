package tollgate_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// nested are the modules in this one. A user of the extension gets the two of them, and nothing else of the repository, so they
// import nothing else of it, in tests neither.
var nested = []string{"internal/core", "xk6-perso"}

func TestNestedModulesStandAlone(t *testing.T) {
	files := 0
	for _, dir := range nested {
		err := filepath.WalkDir(filepath.FromSlash(dir), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") {
				return err
			}
			files++
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range parsed.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				to, ours := strings.CutPrefix(imported+"/", module+"/")
				core := strings.HasPrefix(to, "internal/core/")
				if ours && !core && !(dir == "xk6-perso" && strings.HasPrefix(to, "xk6-perso/")) {
					t.Errorf("%s imports %s, which is in no module that %s may require", file, imported, dir)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 80 {
		t.Errorf("only %d files are found", files)
	}
}

// The modules are released together, so they require each other at one version, and go.work joins them at that version. None has
// a replacement: whoever requires the module would not get it.
func TestModules(t *testing.T) {
	versions := map[string][]string{}
	for _, dir := range append([]string{"."}, nested...) {
		out, err := exec.Command("go", "mod", "edit", "-json", filepath.Join(filepath.FromSlash(dir), "go.mod")).Output()
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		var mod struct {
			Module           struct{ Path string }
			Require          []struct{ Path, Version string }
			Replace, Exclude []any
		}
		if err := json.Unmarshal(out, &mod); err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimSuffix(module+"/"+dir, "/."); mod.Module.Path != want {
			t.Errorf("%s: module %s, want %s", dir, mod.Module.Path, want)
		}
		if len(mod.Replace)+len(mod.Exclude) > 0 {
			t.Errorf("%s: go.mod has replacements or exclusions", dir)
		}
		for _, r := range mod.Require {
			if r.Path == module {
				t.Errorf("%s requires the root, and with it everything", dir)
			}
			if strings.HasPrefix(r.Path, module+"/") {
				versions[r.Version] = append(versions[r.Version], dir)
			}
		}
	}
	work, err := os.ReadFile("go.work")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(regexp.QuoteMeta(module)+`/\S+ (v\S+) => \./(\S+)`).FindAllStringSubmatch(string(work), -1) {
		versions[m[1]] = append(versions[m[1]], "go.work: "+m[2])
	}
	all := 0
	for _, where := range versions {
		all += len(where)
	}
	if len(versions) != 1 || all != 5 { // go.mod requires both, xk6-perso the core, go.work joins both
		t.Errorf("the modules are required at %v, want 5 times the same version", versions)
	}
}
