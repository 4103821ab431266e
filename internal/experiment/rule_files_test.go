package experiment

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestRuleFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	rule := func(alert string) string {
		return "groups: [{name: g, rules: [{alert: " + alert + ", expr: up == 0}]}]"
	}
	for name, text := range map[string]string{
		"b.yaml": rule("B"), "a.yaml": rule("A"), "more/c.yaml": rule("C"), "[odd].yaml": rule("Odd"), "empty.yml": "",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rules string // YAML
		want  []string
		err   string
	}{
		{`""`, nil, ""}, // the shipped rules: not looked at here
		{`a.yaml`, []string{"A"}, ""},
		{`[b.yaml, a.yaml]`, []string{"B", "A"}, ""}, // as they are named
		{`"[ab].yaml"`, []string{"A", "B"}, ""},
		{`["more/*.yaml", "[ab].yaml", a.yaml, ./a.yaml, ` + here + `/a.yaml]`, []string{"C", "A", "B"}, ""}, // each once
		{`"[odd].yaml"`, []string{"Odd"}, ""}, // a file of that very name
		{`c.yaml`, nil, "c.yaml: there is no such file (relative paths start at " + here},
		{`["a.yaml", "x*.yaml"]`, nil, "x*.yaml: no file matches this pattern"},
		{`"**/*.yaml"`, nil, "** does not reach"},
		{`more`, nil, "more is a directory: name its rule files, for instance more/*.yaml"},
		{`"mor*"`, nil, "more is a directory"},
		{`"[a.yaml"`, nil, "syntax error in pattern"},
		{`empty.yml`, nil, "empty.yml: the file is empty"},
	} {
		var e Experiment
		if err := decode([]byte("alerts: {rules: "+tt.rules+"}"), &e); err != nil {
			t.Fatal(err)
		}
		pack, err := e.LoadRules()
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %q", tt.rules, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.rules, err)
			continue
		}
		var names []string
		for _, a := range pack.Alerts() {
			names = append(names, a.Name)
		}
		if tt.want != nil && !slices.Equal(names, tt.want) {
			t.Errorf("%s: alerts %v, want %v", tt.rules, names, tt.want)
		}
		// What is printed is read again as the same.
		text, err := yaml.Marshal(e.Alerts)
		if err != nil {
			t.Fatal(err)
		}
		var again Alerts
		if err := yaml.Unmarshal(text, &again); err != nil || !slices.Equal(again.Rules, e.Alerts.Rules) {
			t.Errorf("%s: printed as %s, read as %v, %v", tt.rules, text, again.Rules, err)
		}
	}
}

func TestRulesMustBeNames(t *testing.T) {
	var e Experiment
	if err := decode([]byte("alerts: {rules: {a: b}}"), &e); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v", err)
	}
}
