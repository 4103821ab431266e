package stack

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// conventions are the names that the semantic conventions define. Deprecated ones are not among them.
type conventions struct {
	attributes map[string]bool
	metrics    map[string]conventionalMetric
}

// conventionalMetric is a metric of the conventions.
type conventionalMetric struct {
	unit       string
	attributes map[string]bool
}

// readConventions reads the constants of the newest version in the module of OpenTelemetry, and fails unless it is the one that
// the stack uses.
func readConventions(t *testing.T) conventions {
	t.Helper()
	used := "go.opentelemetry.io/otel/semconv/v" + path.Base(semconv.SchemaURL)
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", used).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", used, err)
	}
	dir := strings.TrimSpace(string(out))
	versions, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "v1.*"))
	if err != nil {
		t.Fatal(err)
	}
	if newest := slices.MaxFunc(versions, func(a, b string) int { return cmp.Compare(minor(t, a), minor(t, b)) }); newest != dir {
		t.Errorf("the stack uses %s, and %s is there", path.Base(dir), path.Base(newest))
	}
	c := conventions{attributes: map[string]bool{}, metrics: map[string]conventionalMetric{}}
	for _, key := range literals(parse(t, filepath.Join(dir, "attribute_group.go")), "Key") {
		c.attributes[key] = true
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "metric.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		c.readMetrics(parse(t, file))
	}
	if len(c.attributes) < 500 || len(c.metrics) < 100 {
		t.Fatalf("%d attributes and %d metrics were read from %s", len(c.attributes), len(c.metrics), dir)
	}
	return c
}

// minor returns 43 for a directory v1.43.0.
func minor(t *testing.T, dir string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.Split(path.Base(dir), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// literals returns the first arguments of the calls attribute.NAME("…") below a node, for these names; without names, for all.
func literals(node ast.Node, names ...string) []string {
	var out []string
	ast.Inspect(node, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.Contains(spec.Doc.Text(), "Deprecated:") {
			return false
		}
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		callee, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := callee.X.(*ast.Ident)
		literal, isLiteral := call.Args[0].(*ast.BasicLit)
		if ok && isLiteral && pkg.Name == "attribute" && (len(names) == 0 || slices.Contains(names, callee.Sel.Name)) {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				out = append(out, text)
			}
		}
		return true
	})
	return out
}

// readMetrics reads the metrics of a package: every instrument is a type whose methods return its name, its unit and its
// attributes.
func (c conventions) readMetrics(file *ast.File) {
	names, units, attrs := map[string]string{}, map[string]string{}, map[string]map[string]bool{}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			continue
		}
		of, ok := f.Recv.List[0].Type.(*ast.Ident)
		if !ok {
			continue
		}
		if attrs[of.Name] == nil {
			attrs[of.Name] = map[string]bool{}
		}
		for _, key := range literals(f) {
			attrs[of.Name][key] = true
		}
		switch f.Name.Name {
		case "Name":
			names[of.Name] = returned(f)
		case "Unit":
			units[of.Name] = returned(f)
		}
	}
	for instrument, name := range names {
		if !strings.HasSuffix(instrument, "Observable") || c.metrics[name].attributes == nil {
			c.metrics[name] = conventionalMetric{units[instrument], attrs[instrument]}
		}
	}
}

// returned returns the literal that a function returns.
func returned(f *ast.FuncDecl) string {
	if ret, ok := f.Body.List[0].(*ast.ReturnStmt); ok {
		if literal, ok := ret.Results[0].(*ast.BasicLit); ok {
			text, _ := strconv.Unquote(literal.Value)
			return text
		}
	}
	return ""
}

// ours are the namespaces of names that are our own.
var ours = []string{"perso.", "tollgate."}

// unknown returns why a name is not allowed, "" if it is: it must be our own or one of the conventions.
func (c conventions) unknown(key string) string {
	if c.attributes[key] || slices.ContainsFunc(ours, func(space string) bool { return strings.HasPrefix(key, space) }) {
		return ""
	}
	return "the conventions of " + semconv.SchemaURL + " have no attribute " + key
}

// unknownMetric returns why a data point is not allowed, "" if it is.
func (c conventions) unknownMetric(p point) string {
	if strings.HasPrefix(p.name, "perso.") {
		return ""
	}
	m, ok := c.metrics[p.name]
	if !ok {
		return "the conventions of " + semconv.SchemaURL + " have no metric " + p.name
	}
	if m.unit != p.unit {
		return p.name + " is in " + p.unit + ", the conventions say " + m.unit
	}
	for _, kv := range p.attrs.ToSlice() {
		if !m.attributes[string(kv.Key)] {
			return "the conventions give " + p.name + " no attribute " + string(kv.Key)
		}
	}
	return ""
}

// TestLibrariesFollowTheSameConventions: the schema that we name for the scopes of libraries is the one that they follow.
func TestLibrariesFollowTheSameConventions(t *testing.T) {
	const versions = "go.opentelemetry.io/otel/semconv/v"
	for _, library := range []string{
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "go.opentelemetry.io/contrib/instrumentation/runtime",
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, library+"/...").Output()
		if err != nil {
			t.Fatalf("go list %s: %v", library, err)
		}
		if !strings.Contains(string(out), versions) {
			t.Errorf("%s follows no version of the conventions", library)
		}
		for imported := range strings.Lines(string(out)) {
			version, follows := strings.CutPrefix(strings.TrimSpace(imported), versions)
			if follows && !strings.HasPrefix(version+"/", path.Base(semconv.SchemaURL)+"/") {
				t.Errorf("%s follows version %s of the conventions, the stack names %s", library, version, semconv.SchemaURL)
			}
		}
	}
}
