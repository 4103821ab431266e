package tollgate_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tollgate-dev/tollgate"

// allowed says which packages of this module each package may import, tests apart: the arrows of docs/architecture.md.
// internal/core and xk6-perso are modules of their own: modules_test.go. A package that is not named here fails the test, so a new package must be given its place.
var allowed = map[string][]string{
	".":                                 {"xk6-perso"},
	"cmd/bench-load":                    {"internal/child", "internal/core/api", "internal/core/hlog", "internal/machine", "internal/markdown", "internal/stats", "xk6-perso"},
	"cmd/bench-load/vegeta":             {},
	"cmd/bench-verdict":                 {"internal/child", "internal/experiment", "internal/core/files", "internal/machine", "internal/markdown", "internal/core/result", "internal/core/slot", "internal/stats", "internal/verdict", "scenarios", "testenv", "testenv/process"},
	"cmd/tollgate":                      {"*"},
	"examples/shop":                     {},
	"faults":                            {"internal/core/population", "testenv/artefact", "testenv/lever", "testenv/role"},
	"internal/alerts":                   {"internal/core/result"},
	"internal/core/api":                 {"internal/core/secret"},
	"internal/catch":                    {"internal/otelenv", "internal/core/result", "internal/core/slot", "internal/stats", "internal/sweep"},
	"internal/backtest/history":         {},
	"internal/backtest":                 {"internal/backtest/resample", "internal/catch", "internal/core/result"},
	"internal/backtest/replay":          {"internal/alerts", "internal/backtest/history", "internal/catch", "internal/experiment", "internal/core/files", "internal/core/result", "internal/scratch", "internal/core/slot", "testenv/role"},
	"internal/backtest/resample":        {"faults", "internal/alerts", "internal/catch", "internal/evidence", "internal/otelenv", "internal/core/result", "internal/verdict", "testenv/collector"},
	"internal/backtest/replaytest":      {"internal/alerts", "internal/core/files", "internal/core/result"},
	"internal/cgroup":                   {},
	"internal/child":                    {"internal/crash", "internal/core/secret"},
	"internal/crash":                    {},
	"internal/core/eventually":          {},
	"internal/evidence":                 {"faults", "internal/core/result"},
	"internal/experiment":               {"faults", "internal/alerts", "internal/catch", "internal/core/files", "internal/otelenv", "internal/core/result", "internal/core/secret", "internal/core/slot", "internal/sweep", "internal/verdict", "scenarios", "testenv", "testenv/collector", "testenv/images", "testenv/role", "testenv/rules"},
	"internal/core/files":               {},
	"internal/flame":                    {},
	"internal/flame/flametest":          {},
	"internal/guard":                    {"internal/lease"},
	"internal/core/hlog":                {},
	"internal/core/injection":           {"internal/core/api"},
	"internal/injection/injector":       {"faults", "internal/core/api", "internal/core/injection", "internal/core/population", "testenv/lever"},
	"internal/core/journey":             {"internal/core/files", "internal/core/population", "internal/core/slot"},
	"internal/core/journey/journeytest": {"internal/core/population", "internal/core/slot"},
	"internal/lease":                    {},
	"internal/machine":                  {"internal/core/result"},
	"internal/markdown":                 {},
	"internal/otelenv":                  {"internal/core/secret"},
	"internal/core/population":          {},
	"internal/core/result":              {"internal/core/files", "internal/core/slot"},
	"internal/core/result/resulttest":   {"internal/core/result", "internal/core/slot"},
	"internal/runner":                   {"faults", "internal/alerts", "internal/core/api", "internal/backtest/replay", "internal/child", "internal/evidence", "internal/experiment", "internal/core/files", "internal/flame", "internal/machine", "internal/core/population", "internal/core/result", "internal/core/secret", "internal/core/slot", "internal/core/wrapper", "internal/verdict", "scenarios", "testenv", "testenv/role", "testenv/volume"},
	"internal/scratch":                  {},
	"internal/scriptrun":                {"internal/core/files", "internal/core/hlog", "internal/stats"},
	"internal/core/secret":              {},
	"internal/since":                    {"internal/catch", "internal/core/result", "internal/stats", "internal/verdict"},
	"internal/core/slot":                {"internal/core/population"},
	"internal/core/wrapper":             {},
	"internal/stats":                    {},
	"internal/sweep":                    {},
	"internal/verdict":                  {"internal/catch", "internal/flame", "internal/otelenv", "internal/core/result", "internal/core/secret", "internal/core/slot", "internal/stats", "internal/sweep", "testenv/role"},
	"internal/verdict/verdicttest":      {"internal/core/population", "internal/core/result", "internal/core/slot", "testenv/role"},
	"reports":                           {"internal/backtest", "internal/backtest/resample", "internal/catch", "internal/flame", "internal/machine", "internal/core/result", "internal/scriptrun", "internal/core/secret", "internal/since", "internal/sweep", "internal/verdict"},
	"scenarios":                         {},
	"testenv":                           {"internal/machine", "internal/otelenv", "internal/core/result", "testenv/lever", "testenv/role", "testenv/volume"},
	"testenv/artefact":                  {},
	"testenv/backends":                  {},
	"testenv/collector":                 {"testenv/lever", "testenv/role"},
	"testenv/compose":                   {"internal/otelenv", "internal/core/secret"},
	"testenv/containers":                {"internal/core/api", "internal/lease", "internal/otelenv", "internal/core/result", "testenv", "testenv/collector", "testenv/engine", "testenv/images", "testenv/lever", "testenv/outside", "testenv/receiver", "testenv/role"},
	"testenv/control":                   {"internal/core/api", "internal/lease", "testenv/role"},
	"testenv/delayproxy":                {"internal/core/api", "internal/child", "internal/core/slot", "testenv/role"},
	"testenv/engine":                    {"internal/cgroup", "internal/crash", "internal/guard", "internal/machine", "internal/core/secret", "testenv/lever", "testenv/role"},
	"testenv/engine/enginetest":         {"testenv/engine", "testenv/images", "testenv/role"},
	"testenv/external":                  {"internal/core/api", "internal/child", "internal/flame", "internal/guard", "internal/otelenv", "internal/core/result", "internal/scratch", "internal/core/secret", "testenv", "testenv/compose", "testenv/engine", "testenv/images", "testenv/lever", "testenv/outside", "testenv/role"},
	"testenv/images":                    {"internal/scratch", "testenv/engine", "testenv/images/build", "testenv/images/recipe"},
	"testenv/images/build":              {},
	"testenv/images/recipe":             {"testenv/images/build"},
	"testenv/lever":                     {"testenv/role"},
	"testenv/outside":                   {"internal/core/api", "internal/lease", "internal/core/slot", "testenv", "testenv/lever", "testenv/role"},
	"testenv/pipeline":                  {"internal/core/api", "internal/child", "internal/scratch", "testenv/collector", "testenv/control", "testenv/lever", "testenv/receiver", "testenv/role", "testenv/volume"},
	"testenv/process":                   {"internal/core/api", "internal/child", "internal/lease", "internal/otelenv", "internal/core/result", "internal/scratch", "testenv", "testenv/lever", "testenv/outside", "testenv/role", "testenv/volume"},
	"testenv/receiver":                  {"internal/core/api", "internal/child", "testenv/role"},
	"testenv/role":                      {"internal/core/api"},
	"testenv/rules":                     {},
	"testenv/stack":                     {"internal/core/api", "internal/child", "internal/lease", "internal/otelenv", "internal/core/population", "internal/core/slot", "testenv/artefact", "testenv/control", "testenv/lever", "testenv/links", "testenv/role"},
	"testenv/links":                     {"internal/core/api", "internal/core/population", "testenv/lever", "testenv/role"},
	"testenv/volume":                    {"internal/core/result", "testenv/role"},
	"xk6-perso":                         {"internal/core/api", "internal/core/files", "internal/core/injection", "internal/core/journey", "internal/core/population", "internal/core/result", "internal/core/slot", "xk6-perso/recording"},
	"xk6-perso/recording":               {"internal/core/hlog"},
}

func TestImportsPointOneWay(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && file != "." || entry.Name() == "testdata" || entry.Name() == "runs") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		pkg := path.Dir(filepath.ToSlash(file))
		may, known := allowed[pkg]
		if !known {
			t.Errorf("%s: package %s has no place among the allowed imports", file, pkg)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			rest, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			to := strings.TrimPrefix(rest, "/")
			if to == "" {
				to = "."
			}
			if !slices.Contains(may, "*") && !slices.Contains(may, to) {
				t.Errorf("%s imports %s: %s may import only %v", file, to, pkg, may)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
