package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// operatorModule has the definition of a TestRun; it is read from the module cache and not kept here.
const operatorModule = "github.com/grafana/k6-operator@v0.0.19"

const operatorExample = "../../examples/k6-operator"

// yamlFile decodes a file as JSON would be.
func yamlFile(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := yaml.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// testRunSchema is the schema of a TestRun, as a cluster would check it, but that unknown keys are refused, too.
func testRunSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", operatorModule)
	cmd.Dir = t.TempDir()
	text, err := cmd.Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(text, &module) != nil {
		t.Skipf("%s cannot be had here: %v", operatorModule, err)
	}
	crd := yamlFile(t, filepath.Join(module.Dir, "config/crd/bases/k6.io_testruns.yaml"))
	version := crd["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
	schema := version["schema"].(map[string]any)["openAPIV3Schema"]
	closeObjects(schema)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("testrun.json", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("testrun.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closeObjects makes a schema refuse what it does not name, and understand Kubernetes's numbers or texts.
func closeObjects(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if s["x-kubernetes-int-or-string"] == true {
			delete(s, "type")
			delete(s, "format")
		}
		if _, named := s["properties"].(map[string]any); named && s["additionalProperties"] == nil {
			s["additionalProperties"] = false
		}
		for _, v := range s {
			closeObjects(v)
		}
	case []any:
		for _, v := range s {
			closeObjects(v)
		}
	}
}

// TestTestRun: the manifest is what the operator takes, and its parts fit its pods.
func TestTestRun(t *testing.T) {
	manifest := yamlFile(t, filepath.Join(operatorExample, "testrun.yaml"))
	spec := manifest["spec"].(map[string]any)
	parallelism := strconv.Itoa(spec["parallelism"].(int))
	if arguments := spec["arguments"].(string); !strings.Contains(arguments+" ", "PARTS="+parallelism+" ") || !strings.Contains(arguments, "{segment}") {
		t.Errorf("%s pods have the arguments %q", parallelism, arguments)
	}
	file := spec["script"].(map[string]any)["configMap"].(map[string]any)["file"].(string)
	if _, err := os.Stat(filepath.Join(operatorExample, file)); err != nil {
		t.Error(err)
	}
	schema := testRunSchema(t)
	if err := schema.Validate(manifest); err != nil {
		t.Error(err)
	}
	spec["paralellism"] = 3
	if schema.Validate(manifest) == nil {
		t.Error("the schema takes anything")
	}
}
