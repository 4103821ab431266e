package tollgate_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// sources are the Go files of the repository by their path, without comments. Tests and packages for tests are left out.
func sources(t *testing.T) map[string]string {
	t.Helper()
	comment := regexp.MustCompile(`(?m)//.*$`)
	out := map[string]string{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "runs" || strings.HasSuffix(name, "test")) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			out[filepath.ToSlash(file)] = comment.ReplaceAllString(string(text), "")
		}
		return nil
	})
	if err != nil || len(out) < 100 {
		t.Fatalf("%d sources: %v", len(out), err)
	}
	return out
}

// naming are the files below one of the folders whose code matches an expression; "." is everything.
func naming(all map[string]string, expression string, folders ...string) []string {
	match := regexp.MustCompile(expression)
	var out []string
	for file, text := range all {
		below := slices.ContainsFunc(folders, func(folder string) bool { return folder == "." || strings.HasPrefix(file, folder+"/") })
		if below && match.MatchString(text) {
			out = append(out, file)
		}
	}
	slices.Sort(out)
	return out
}

// TestAdditions holds the table "What an addition costs" of docs/architecture.md: in how many files the code knows of one
// fault, lever, section, metric or flag. It fails when the next one would cost more than the table says, since then some
// list is kept a second time.
func TestAdditions(t *testing.T) {
	all := sources(t)
	check := func(kind, name string, most int, files []string) {
		t.Helper()
		if len(files) == 0 || len(files) > most {
			t.Errorf("%s %s is known in %d files, want 1 to %d: %v", kind, name, len(files), most, files)
		}
	}

	for _, f := range faults.All() {
		if f.ID == "none" || f.ID == "known-delay" { // the one is asked for by its name; the other is also the name of an arm
			continue
		}
		words := strings.Split(f.ID, "-")
		constructor := words[0]
		for _, word := range words[1:] {
			constructor += strings.ToUpper(word[:1]) + word[1:]
		}
		most := 2
		if f.ID == "content-missing" || f.ID == "consumer-stopped" {
			most++ // it is what the stack itself says is wrong, too
		}
		check("fault", f.ID, most, naming(all, `"`+f.ID+`"|\b`+constructor+`\(\)`, "."))
	}

	constants := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) += "([a-z-]+)"$`).FindAllStringSubmatch(all["testenv/lever/lever.go"], -1) {
		constants[m[2]] = m[1]
	}
	for _, l := range lever.All() {
		if constants[l.Name] == "" {
			t.Errorf("lever %s has no constant", l.Name)
			continue
		}
		most := 5
		if l.Name == lever.Latency {
			most += 2 // Toxiproxy calls it so, too
		}
		check("lever", l.Name, most, naming(all, `\blever\.`+constants[l.Name]+`\b|"`+l.Name+`"`, "testenv"))
	}

	list := regexp.MustCompile(`(?s)func sections\(\).*?\n}`).FindString(all["reports/report.go"])
	builders := regexp.MustCompile(`(?m)^\t\t(\w+),`).FindAllStringSubmatch(list, -1)
	if len(builders) < 8 {
		t.Errorf("only %d sections are found in reports/report.go", len(builders))
	}
	for _, b := range builders {
		check("section", b[1], 2, naming(all, `\b`+b[1]+`\b`, "reports"))
	}

	ids := regexp.MustCompile(`\bID: "([a-z0-9.-]+)"`).FindAllStringSubmatch(all["internal/verdict/metrics.go"], -1)
	if len(ids) < 20 {
		t.Errorf("only %d metrics are found in internal/verdict/metrics.go", len(ids))
	}
	for _, m := range ids {
		if strings.ContainsAny(m[1], "-0123456789") && m[1] != "p95" { // which is felt, too; else it is a word that means other things, too
			check("metric", m[1], 1, naming(all, `"`+regexp.QuoteMeta(m[1])+`"`, "internal", "reports", "cmd/tollgate"))
		}
	}

	flags := regexp.MustCompile(`(?m)^\t\t(?:sets|lays)\("([a-z-]+)"`).FindAllStringSubmatch(all["cmd/tollgate/settings.go"], -1)
	if len(flags) < 12 {
		t.Errorf("only %d flags are found in cmd/tollgate/settings.go", len(flags))
	}
	for _, f := range flags {
		if strings.Contains(f[1], "-") { // likewise
			check("flag", f[1], 1, naming(all, `"`+f[1]+`"`, "cmd/tollgate"))
		}
	}
}
