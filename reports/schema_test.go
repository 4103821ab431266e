package reports

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

const (
	module    = "github.com/tollgate-dev/tollgate"
	schemaDir = "../docs/schema"
)

// artefact is a JSON file of a run directory, or one line of it.
type artefact struct {
	file   string // its name in docs/schema
	title  string
	of     reflect.Type
	report bool // lists are never null
}

// artefacts are all that have a schema. What is in telemetry/ has that of OTLP's JSON lines.
func artefacts() []artefact {
	return []artefact{
		{"report.schema.json", "report.json", reflect.TypeFor[jsonReport](), true},
		{"compare.schema.json", "what tollgate compare --format json prints", reflect.TypeFor[jsonComparison](), true},
		{"since.schema.json", "what tollgate since --format json prints", reflect.TypeFor[jsonSince](), true},
		{"backtest.schema.json", "what tollgate backtest --format json prints", reflect.TypeFor[jsonBacktest](), true},
		{"run.schema.json", "run.json", reflect.TypeFor[result.Run](), false},
		{"cost.schema.json", "a line of cost.jsonl", reflect.TypeFor[result.Slot](), false},
		{"faults.schema.json", "a line of faults.jsonl", reflect.TypeFor[result.FaultEvent](), false},
		{"alerts.schema.json", "a line of alerts.jsonl", reflect.TypeFor[result.AlertEvent](), false},
		{"evidence.schema.json", "a line of evidence.jsonl", reflect.TypeFor[result.Example](), false},
		{"volume.schema.json", "a line of volume.jsonl", reflect.TypeFor[result.Volume](), false},
		{"profiles.schema.json", "a line of profiles.jsonl", reflect.TypeFor[result.CPUProfile](), false},
	}
}

// enums are the values of fields that have few. A list that grows by what the tool finds out, as the states of a cell do, is
// not here: a reader must take values that it does not know.
func enums() map[string][]any {
	outcomes := []any{string(verdict.Pass), string(verdict.Fail), string(verdict.Inconclusive), string(verdict.Invalid)}
	status := []any{result.Running, result.Complete, result.Partial}
	roles := []any{result.RoleBaseline, result.RoleRepeat, result.RoleKnownDelay, result.RoleLevel}
	states := []any{result.Inactive, result.Pending, result.Firing}
	return map[string][]any{
		"jsonReport.Schema": {jsonSchema}, "jsonComparison.Schema": {jsonSchema}, "jsonBacktest.Schema": {jsonSchema}, "jsonSince.Schema": {jsonSchema}, "Run.Schema": {2, result.Schema}, // the older one lacks the digests and nothing else
		"jsonReport.Outcome": outcomes, "jsonSide.Outcome": outcomes, "jsonBudget.Outcome": outcomes,
		"jsonRun.Status": status, "Run.Status": status, "jsonArm.Role": roles, "Arm.Role": roles,
		"AlertEvent.From": states, "AlertEvent.To": states,
	}
}

// schemaOf is the schema of an artefact: that of its Go type, with the comments of types and fields as descriptions. strict
// refuses keys that the type does not have; a published schema takes them, since keys may be added within a version.
func schemaOf(t *testing.T, a artefact, strict bool) []byte {
	t.Helper()
	s, err := jsonschema.ForType(a.of, &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[number]():        {Types: []string{"null", "number"}},
		reflect.TypeFor[time.Time]():     {Type: "string", Format: "date-time"},
		reflect.TypeFor[time.Duration](): {Type: "integer"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	d := described{comments: comments(t, ".", "../internal/core/result", "../internal/core/slot"), enums: enums(), strict: strict, nullLists: !a.report}
	d.walk(s, a.of)
	s.Schema, s.ID, s.Title = "https://json-schema.org/draft/2020-12/schema", "https://"+module+"/docs/schema/"+a.file, a.title
	for at := range d.enums {
		if name, _, _ := strings.Cut(at, "."); name == a.of.Name() {
			t.Errorf("%s: no such field", at)
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// described completes a schema that was made from a type.
type described struct {
	comments  map[string]string // by type, and by type and field
	enums     map[string][]any  // likewise; what was used is taken out
	strict    bool
	nullLists bool
}

func (d described) walk(s *jsonschema.Schema, of reflect.Type) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case s.Properties != nil:
		if !d.strict {
			s.AdditionalProperties = nil
		}
		s.Description = d.comments[of.Name()]
		for i := range of.NumField() {
			field := of.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			p := s.Properties[name]
			if p == nil {
				continue
			}
			d.walk(p, field.Type)
			at := of.Name() + "." + field.Name
			if text := d.comments[at]; text != "" {
				p.Description = text
			}
			p.Enum = d.enums[at]
			delete(d.enums, at)
		}
	case of.Kind() == reflect.Slice:
		if !d.nullLists {
			s.Type, s.Types = "array", nil
		}
		d.walk(s.Items, of.Elem())
	case of.Kind() == reflect.Map:
		s.Type, s.Types = "", []string{"null", "object"}
		d.walk(s.AdditionalProperties, of.Elem())
	}
}

// comments are those of the types in some packages and of their fields, on one line each.
func comments(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
					commentsOf(g, out)
				}
			}
		}
	}
	return out
}

func commentsOf(g *ast.GenDecl, out map[string]string) {
	line := func(groups ...*ast.CommentGroup) string {
		for _, g := range groups {
			if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
				return text
			}
		}
		return ""
	}
	for _, spec := range g.Specs {
		named := spec.(*ast.TypeSpec)
		name := named.Name.Name
		// A comment begins with the name of its type or field, which the reader of a schema does not know.
		out[name] = strings.TrimPrefix(line(named.Doc, g.Doc), name+" is ")
		s, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range s.Fields.List {
			for _, n := range field.Names {
				out[name+"."+n.Name] = strings.TrimPrefix(line(field.Doc, field.Comment), n.Name+" is ")
			}
		}
	}
}

// TestSchemas: docs/schema has the schemas of what is written now; with -update it writes them.
func TestSchemas(t *testing.T) {
	for _, a := range artefacts() {
		file, want := filepath.Join(schemaDir, a.file), schemaOf(t, a, false)
		if *update {
			if err := os.MkdirAll(schemaDir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is older than the types (%v): run go test ./reports -run Schemas -update", path.Join("docs/schema", a.file), err)
		}
	}
}
