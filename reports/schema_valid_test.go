package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/result/resulttest"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// validator is a schema that another library has read than the one that made it.
func validator(t *testing.T, file string, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(file, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// published is a schema as it is in docs/schema.
func published(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(schemaDir, file))
	if err != nil {
		t.Fatal(err)
	}
	return validator(t, file, text)
}

// strict is a schema that refuses keys it does not name.
func strict(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	all := artefacts()
	i := slices.IndexFunc(all, func(a artefact) bool { return a.file == file })
	return validator(t, file, schemaOf(t, all[i], true))
}

func valid(t *testing.T, s *jsonschema.Schema, what, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// TestReportsAreValid: every report.json has nothing but what the schema names, as the schema says.
func TestReportsAreValid(t *testing.T) {
	report, compare := strict(t, "report.schema.json"), strict(t, "compare.schema.json")
	all := oddities()
	all["fixture"], all["analyzed"], all["capacity"] = fixture(), analyzed(t), searched(t)
	delete(all, "empty") // an analysis of nothing has no outcome
	for name, a := range all {
		valid(t, report, name, render(t, "json", a))
	}
	text, err := os.ReadFile("testdata/compare.json")
	if err != nil {
		t.Fatal(err)
	}
	valid(t, compare, "compare.json", string(text))
}

// files are the files of a run directory by schema; the value says that each line is a document.
func files() map[string]map[string]bool {
	return map[string]map[string]bool{
		"run.schema.json": {result.RunFile: false}, "cost.schema.json": {result.CostFile: true},
		"faults.schema.json": {result.FaultsFile: true}, "alerts.schema.json": {result.AlertsFile: true},
		"evidence.schema.json": {result.EvidenceFile: true}, "volume.schema.json": {result.VolumeFile: true},
		"profiles.schema.json": {result.ProfilesFile: true},
	}
}

// validDir holds a run directory to the schemas, and returns how many documents it has.
func validDir(t *testing.T, dir string, of func(*testing.T, string) *jsonschema.Schema) int {
	t.Helper()
	n := 0
	for schema, in := range files() {
		s := of(t, schema)
		for name, byLine := range in {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) && (name == result.EvidenceFile || name == result.VolumeFile || name == result.ProfilesFile) {
				continue // an older run
			}
			if err != nil {
				t.Fatal(err)
			}
			docs := []string{string(text)}
			if byLine {
				docs = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			}
			for i, doc := range docs {
				if doc != "" {
					n++
					valid(t, s, fmt.Sprintf("%s:%d", filepath.Join(dir, name), i+1), doc)
				}
			}
		}
	}
	return n
}

// TestRunDirectoryIsValid: what is written now has nothing but what the schemas name.
func TestRunDirectoryIsValid(t *testing.T) {
	spec := verdicttest.Default(1)
	spec.Capacity, spec.CapacityLaunches = map[string]float64{"off": 1000, verdicttest.Repeat: 1000, "metrics": 800, "logs": 700, "full": 600}, 2
	dir := filepath.Join(t.TempDir(), "run")
	if err := verdicttest.Write(dir, verdicttest.Build(spec)); err != nil {
		t.Fatal(err)
	}
	if n := validDir(t, dir, strict); n < 300 {
		t.Errorf("only %d documents", n)
	}
}

// TestRecordedRunsAreValid: so are runs as they were made, and their reports.
func TestRecordedRunsAreValid(t *testing.T) {
	archives, err := filepath.Glob("../cmd/tollgate/testdata/runs/*.tar.gz")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no recorded run: %v", err)
	}
	report := published(t, "report.schema.json")
	for _, archive := range archives {
		dir := resulttest.Unpack(t, archive)
		if n := validDir(t, dir, published); n < 10 {
			t.Errorf("%s: only %d documents", archive, n)
		}
		data, err := result.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(data.Slots) > 200 { // the analysis of a long run takes seconds, and shows nothing more
			continue
		}
		a, err := verdict.Analyze(data)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, report, archive, render(t, "json", a))
	}
}

// TestSchemasRefuse: a schema is no formality.
func TestSchemasRefuse(t *testing.T) {
	good := render(t, "json", fixture())
	s := published(t, "report.schema.json")
	valid(t, s, "the fixture", good)
	valid(t, s, "a key of a later version", strings.Replace(good, `"outcome":`, `"later": 1, "outcome":`, 1))
	for _, edit := range [][2]string{
		{`"outcome": "pass"`, `"outcome": "fine"`}, {`"confidence": 0.95`, `"confidence": "95 %"`}, {`"schema": 2`, `"schema": 3`},
		{`"reasons": [`, `"because": [`}, {`"role": "baseline"`, `"role": "first"`}, {`"quantile": 0.5`, `"quantile": "median"`},
	} {
		bad := strings.Replace(good, edit[0], edit[1], 1)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if bad == good || s.Validate(doc) == nil {
			t.Errorf("%s is as good as %s", edit[1], edit[0])
		}
	}
}
