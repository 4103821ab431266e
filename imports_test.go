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
// A package that is not named here fails the test, so a new package must be given its place.
var allowed = map[string][]string{
	".":                            {"xk6-perso"},
	"cmd/bench-load":               {"internal/api", "internal/child", "internal/hlog", "internal/machine", "internal/stats", "xk6-perso"},
	"cmd/bench-load/vegeta":        {},
	"cmd/bench-verdict":            {"internal/child", "internal/experiment", "internal/files", "internal/machine", "internal/result", "internal/slot", "internal/stats", "internal/verdict", "scenarios", "testenv", "testenv/process"},
	"cmd/tollgate":                 {"*"},
	"examples/shop":                {},
	"faults":                       {"internal/population", "testenv/artefact", "testenv/lever", "testenv/role"},
	"internal/alerts":              {"internal/result"},
	"internal/api":                 {"internal/secret"},
	"internal/catch":               {"internal/otelenv", "internal/result", "internal/slot", "internal/stats", "internal/sweep"},
	"internal/backtest/history":    {},
	"internal/backtest":            {"internal/backtest/resample", "internal/catch", "internal/result"},
	"internal/backtest/replay":     {"internal/alerts", "internal/backtest/history", "internal/catch", "internal/experiment", "internal/files", "internal/result", "internal/scratch", "internal/slot", "testenv/role"},
	"internal/backtest/resample":   {"faults", "internal/alerts", "internal/catch", "internal/evidence", "internal/otelenv", "internal/result", "internal/verdict", "testenv/collector"},
	"internal/backtest/replaytest": {"internal/alerts", "internal/files", "internal/result"},
	"internal/cgroup":              {},
	"internal/child":               {"internal/crash", "internal/secret"},
	"internal/crash":               {},
	"internal/eventually":          {},
	"internal/evidence":            {"faults", "internal/result"},
	"internal/experiment":          {"faults", "internal/alerts", "internal/catch", "internal/files", "internal/otelenv", "internal/result", "internal/secret", "internal/slot", "internal/sweep", "internal/verdict", "scenarios", "testenv", "testenv/collector", "testenv/images", "testenv/role", "testenv/rules"},
	"internal/files":               {},
	"internal/flame":               {},
	"internal/flame/flametest":     {},
	"internal/guard":               {"internal/lease"},
	"internal/hlog":                {},
	"internal/injection":           {"internal/api"},
	"internal/injection/injector":  {"faults", "internal/api", "internal/injection", "internal/population", "testenv/lever"},
	"internal/journey":             {"internal/files", "internal/population", "internal/slot"},
	"internal/journey/journeytest": {"internal/population", "internal/slot"},
	"internal/lease":               {},
	"internal/machine":             {"internal/result"},
	"internal/otelenv":             {"internal/secret"},
	"internal/population":          {},
	"internal/result":              {"internal/files", "internal/slot"},
	"internal/result/resulttest":   {"internal/result", "internal/slot"},
	"internal/runner":              {"faults", "internal/alerts", "internal/api", "internal/backtest/replay", "internal/child", "internal/evidence", "internal/experiment", "internal/files", "internal/flame", "internal/machine", "internal/population", "internal/result", "internal/secret", "internal/slot", "internal/verdict", "scenarios", "testenv", "testenv/role", "testenv/volume"},
	"internal/scratch":             {},
	"internal/scriptrun":           {"internal/files", "internal/hlog", "internal/stats"},
	"internal/secret":              {},
	"internal/since":               {"internal/catch", "internal/result", "internal/stats", "internal/verdict"},
	"internal/slot":                {"internal/population"},
	"internal/stats":               {},
	"internal/sweep":               {},
	"internal/verdict":             {"internal/catch", "internal/flame", "internal/otelenv", "internal/result", "internal/secret", "internal/slot", "internal/stats", "internal/sweep", "testenv/role"},
	"internal/verdict/verdicttest": {"internal/population", "internal/result", "internal/slot", "testenv/role"},
	"reports":                      {"internal/backtest", "internal/backtest/resample", "internal/catch", "internal/flame", "internal/machine", "internal/result", "internal/scriptrun", "internal/secret", "internal/since", "internal/sweep", "internal/verdict"},
	"scenarios":                    {},
	"testenv":                      {"internal/machine", "internal/otelenv", "internal/result", "testenv/lever", "testenv/role", "testenv/volume"},
	"testenv/artefact":             {},
	"testenv/backends":             {},
	"testenv/collector":            {"testenv/lever", "testenv/role"},
	"testenv/compose":              {"internal/otelenv", "internal/secret"},
	"testenv/containers":           {"internal/api", "internal/lease", "internal/otelenv", "internal/result", "testenv", "testenv/collector", "testenv/engine", "testenv/images", "testenv/lever", "testenv/outside", "testenv/receiver", "testenv/role"},
	"testenv/control":              {"internal/api", "internal/lease", "testenv/role"},
	"testenv/delayproxy":           {"internal/api", "internal/child", "internal/slot", "testenv/role"},
	"testenv/engine":               {"internal/cgroup", "internal/crash", "internal/guard", "internal/machine", "internal/secret", "testenv/lever", "testenv/role"},
	"testenv/engine/enginetest":    {"testenv/engine", "testenv/images", "testenv/role"},
	"testenv/external":             {"internal/api", "internal/child", "internal/flame", "internal/guard", "internal/otelenv", "internal/result", "internal/scratch", "internal/secret", "testenv", "testenv/compose", "testenv/engine", "testenv/images", "testenv/lever", "testenv/outside", "testenv/role"},
	"testenv/images":               {"internal/scratch", "testenv/engine", "testenv/images/build", "testenv/images/recipe"},
	"testenv/images/build":         {},
	"testenv/images/recipe":        {"testenv/images/build"},
	"testenv/lever":                {"testenv/role"},
	"testenv/outside":              {"internal/api", "internal/lease", "internal/slot", "testenv", "testenv/lever", "testenv/role"},
	"testenv/pipeline":             {"internal/api", "internal/child", "internal/scratch", "testenv/collector", "testenv/control", "testenv/lever", "testenv/receiver", "testenv/role", "testenv/volume"},
	"testenv/process":              {"internal/api", "internal/child", "internal/lease", "internal/otelenv", "internal/result", "internal/scratch", "testenv", "testenv/lever", "testenv/outside", "testenv/role", "testenv/volume"},
	"testenv/receiver":             {"internal/api", "internal/child", "testenv/role"},
	"testenv/role":                 {"internal/api"},
	"testenv/rules":                {},
	"testenv/stack":                {"internal/api", "internal/child", "internal/lease", "internal/otelenv", "internal/population", "internal/slot", "testenv/artefact", "testenv/control", "testenv/lever", "testenv/links", "testenv/role"},
	"testenv/links":                {"internal/api", "internal/population", "testenv/lever", "testenv/role"},
	"testenv/volume":               {"internal/result", "testenv/role"},
	"xk6-perso":                    {"internal/api", "internal/files", "internal/injection", "internal/journey", "internal/population", "internal/result", "internal/slot", "xk6-perso/recording"},
	"xk6-perso/recording":          {"internal/hlog"},
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
