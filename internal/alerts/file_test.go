package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const plainRules = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up == 0}\n"

// resourceOf is a PrometheusRule with one alert.
func resourceOf(name, alert string) string {
	return fmt.Sprintf(`apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: %s
  labels: {release: prometheus}
spec:
  groups:
    - name: g
      interval: 1m
      rules:
        - alert: %s
          expr: |
            up{job="a"}
              == 0
          for: 5m
          annotations:
            summary: '{{ $labels.instance }} is down'
`, name, alert)
}

// What is a rule file, in the forms that people have.
func TestReadsRuleFiles(t *testing.T) {
	indented := func(text string) string {
		return "- " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
	}
	for _, tt := range []struct {
		name, text string
		want       string // alerts and their groups
		notes      []string
	}{
		{"plain", plainRules, "A in g", nil},
		{"byte order mark", "\ufeff" + plainRules, "A in g", nil},
		{"CRLF", strings.ReplaceAll(plainRules, "\n", "\r\n"), "A in g", nil},
		{"document marks", "---\n" + plainRules + "---\n# nothing more\n", "A in g", nil},
		{"JSON", `{"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up == 0"}]}]}`, "A in g", nil},
		{"resource", resourceOf("web", "A"), "A in g", nil},
		{"two resources", resourceOf("web", "A") + "---\n" + resourceOf("shop", "B"), "A in g, B in g (shop)", nil},
		{"three of one name", resourceOf("web", "A") + "---\n" + resourceOf("web", "B") + "---\n" + resourceOf("web", "C"), "A in g, B in g (web), C in g (web, 2)", nil},
		{"list", "apiVersion: v1\nkind: List\nitems:\n" + indented(resourceOf("web", "A")) + indented(resourceOf("shop", "B")), "A in g, B in g (shop)", nil},
		{"list of its own kind", "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRuleList\nitems:\n" + indented(resourceOf("web", "A")), "A in g", nil},
		{"JSON list", `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"monitoring.coreos.com/v1","kind":"PrometheusRule","metadata":{"name":"web"},
			"spec":{"groups":[{"name":"g","rules":[{"alert":"A","expr":"up == 0","for":"5m"}]}]}}]}`, "A in g", nil},
		{"among others", "# Source: chart/templates/service.yaml\nkind: Service\nmetadata: {name: web}\n---\n---\n" + resourceOf("web", "A") + "---\nkind: VMRule\nmetadata: {name: vm}\n",
			"A in g", []string{"f.yaml: left out, since they are no PrometheusRule: Service web, VMRule vm (rules of VictoriaMetrics)"}},
		{"two documents", plainRules + "---\n" + strings.ReplaceAll(plainRules, "alert: A", "alert: B"), "A in g, B in g (f.yaml)",
			[]string{"f.yaml: all 2 documents of rules are read; Prometheus itself reads only the first of a file"}},
		{"Mimir namespace", "namespace: team\n" + plainRules, "A in g", []string{"f.yaml: the rules of the Mimir namespace team are read as rules of Prometheus"}},
		{"Thanos", "groups:\n- name: g\n  partial_response_strategy: abort\n  rules:\n  - {alert: A, expr: up == 0}\n", "A in g",
			[]string{"f.yaml: partial_response_strategy, which is for Thanos, has no effect"}},
		{"references", "x: &r\n  - {alert: A, expr: up == 0}\nkind: PrometheusRule\nspec:\n  groups:\n  - name: g\n    rules: *r\n", "A in g", nil},
		{"by labels", "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'rate({app=\"x\"}[5m]) > 1'}\n", "A in g",
			[]string{"f.yaml: A: selects by labels alone, without the name of a metric; if these are rules of Loki, no Prometheus can answer them"}},
		{"template in a comment", "# {{ .Values.x }} is 5\n" + plainRules, "A in g", nil},
		{"templates of Prometheus", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n    annotations:\n      summary: |\n        {{ with query \"up\" }}\n        {{ . | first | value }}\n        {{ end }}\n        100{%}\n",
			"A in g", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Load("f.yaml", []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := listOf(p); got != tt.want {
				t.Errorf("alerts %s, want %s", got, tt.want)
			}
			if !slices.Equal(p.Notes(), tt.notes) {
				t.Errorf("notes %q, want %q", p.Notes(), tt.notes)
			}
			if again, err := Load("lapsed.yaml", p.Lapse(60, time.Second).Text); err != nil || listOf(again) != tt.want {
				t.Errorf("lapsed: %v, %v", listOf(again), err)
			}
		})
	}
}

func listOf(p *Pack) string {
	if p == nil {
		return ""
	}
	var list []string
	for _, a := range p.Alerts() {
		list = append(list, a.Name+" in "+a.Group)
	}
	return strings.Join(list, ", ")
}

// What is something else is named, with what to do, and with the line of the original.
func TestRefusesOtherFiles(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"alerts: f.yaml: the file is empty: tollgate reads rule files of Prometheus"}},
		{"comment", "# later\n", []string{"the file is empty"}},
		{"no groups", "groups: []\n", []string{"there is no rule in it"}},
		{"text", "hello\n", []string{"line 1: want a mapping with the key groups, got a word"}},
		{"bare list", "- alert: A\n  expr: up\n", []string{"got a list"}},
		{"other keys", "rules: []\n", []string{"there is no key groups, only rules"}},
		{"gzip", "\x1f\x8b\x08\x00", []string{"gzip"}},
		{"promtool tests", "rule_files: [a.yaml, b.yaml]\ntests: []\n", []string{"unit tests for `promtool test rules`", "(a.yaml, b.yaml)"}},
		{"Prometheus", "global: {}\nrule_files:\n  - rules/*.yaml\nscrape_configs: []\n", []string{"prometheus.yml", "(rules/*.yaml)"}},
		{"Alertmanager", "global: {resolve_timeout: 5m}\nroute: {receiver: a}\nreceivers: [{name: a}]\n", []string{"configuration of Alertmanager"}},
		{"Grafana", "apiVersion: 1\ngroups:\n  - orgId: 1\n    name: g\n    folder: f\n    rules: [{uid: a, title: A, condition: B, data: []}]\n", []string{"Grafana-managed alerts"}},
		{"Grafana by its rules", "groups:\n  - name: g\n    rules: [{title: A, condition: B, data: []}]\n", []string{"Grafana-managed alerts"}},
		{"Sloth", "version: prometheus/v1\nservice: a\nslos: []\n", []string{"Sloth", "sloth generate"}},
		{"Sloth resource", "apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel\nmetadata: {name: a}\nspec: {}\n", []string{"PrometheusServiceLevel a is an SLO specification of Sloth"}},
		{"Pyrra", "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: a}\n", []string{"Pyrra", "pyrra generate"}},
		{"OpenSLO", "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\n", []string{"OpenSLO"}},
		{"VictoriaMetrics", "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMRule\nmetadata: {name: a}\nspec: {groups: []}\n", []string{"VMRule a is rules of VictoriaMetrics"}},
		{"config map", "kind: ConfigMap\nmetadata: {name: a}\ndata:\n  alerts.yaml: |\n    groups: []\n", []string{`"alerts.yaml"`, "ConfigMap a"}},
		{"other resources", "kind: Service\nmetadata: {name: a}\n---\nkind: Deployment\nmetadata: {name: b}\n", []string{"there is no rule in it, only Service a, Deployment b"}},
		{"resource without groups", "kind: Service\n---\nkind: PrometheusRule\nmetadata: {name: a}\nspec: {}\n", []string{"line 3: PrometheusRule a has no spec.groups"}},
		{"Mimir, federated", "namespace: a\ngroups:\n- name: g\n  source_tenants: [x, y]\n  rules: [{alert: A, expr: up}]\n", []string{`line 3: group "g" has source_tenants, which is for Mimir`}},
		{"rules API", "team-a:\n- name: g\n  rules: [{alert: A, expr: up}]\n", []string{"rules API of Mimir"}},
		{"values of a chart", "additionalPrometheusRulesMap:\n  a: {groups: []}\n", []string{"helm template"}},
		{"Loki", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      sum(rate({app=\"x\"} |= \"error\" [5m])) > 1\n", []string{`line 5: "A" is written in LogQL`, "Loki"}},
		{"Loki, parser", "groups: [{name: g, rules: [{alert: A, expr: 'sum(rate({app=\"x\"} | json | level=\"error\" [5m])) > 1'}]}]", []string{"LogQL"}},
		{"Loki, no match", "groups: [{name: g, rules: [{alert: A, expr: 'count_over_time({app=\"x\"} != \"debug\" [5m]) > 1'}]}]", []string{"LogQL"}},
		{"Loki, bytes", "groups: [{name: g, rules: [{alert: A, expr: 'bytes_rate({app=\"x\"}[5m]) > 1'}]}]", []string{"LogQL"}},
		{"not Loki", "groups: [{name: g, rules: [{alert: A, expr: 'up{a=~\"x|y\"} | 1'}]}]", []string{"LogQL"}},
		{"PromQL with a mistake", "groups: [{name: g, rules: [{alert: A, expr: 'sum(up{a=~\"} | y\"}'}]}]", []string{"could not parse expression"}},
		{"Helm values", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    for: {{ .Values.for }}\n", []string{"line 6: {{ .Values", "helm template"}},
		{"Helm values, quoted", "groups:\n- name: \"{{ .Release.Name }}\"\n  rules: []\n", []string{"line 2: ", "helm template"}},
		{"Helm block", "{{- if .Values.rules }}\n" + plainRules + "{{- end }}\n", []string{"line 1: {{- if", "helm template"}},
		{"Helm loop", "groups:\n{{- range $x := $y }}\n- name: g\n{{- end }}\n", []string{"line 2: {{- range", "helm template"}},
		{"Ansible", "groups:\n{% for h in hosts %}\n- name: g\n{% endfor %}\n", []string{"line 2: {%", "Jinja"}},
		{"experimental function", "groups: [{name: g, rules: [{alert: A, expr: 'mad_over_time(a[5m]) > 1'}]}]", []string{`1:45: group "g", rule 1, "A"`, "mad_over_time"}},
		{"repeated group", plainRules + strings.TrimPrefix(plainRules, "groups:\n"), []string{`5:3: groupname: "g" is repeated in the same file`}},
		{"group without a name", "groups:\n- interval: 1m\n  rules: [{alert: A, expr: up}]\n", []string{"2:3: Groupname must not be empty"}},
		{"rule without a name", "groups:\n- name: g\n  rules:\n  - expr: up\n", []string{`4:5: group "g", rule 1, "": one of 'record' or 'alert' must be set`}},
		{"label", "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, labels: {__name__: b}}\n", []string{`4:5: group "g", rule 1, "A": invalid label name: __name__`}},
		{"template", "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, annotations: {a: '{{ $x }}'}}\n", []string{`4:5: group "g", rule 1, "A": annotation "a"`}},
		// Places are those of the file, wherever the resource stands.
		{"PromQL in a second resource", resourceOf("web", "A") + "---\n" + strings.ReplaceAll(resourceOf("shop", "B"), "== 0", "== ("), []string{`f.yaml: 30:17: group "g", rule 1, "B": could not parse expression`}},
		{"key in a second resource", resourceOf("web", "A") + "---\n" + strings.ReplaceAll(resourceOf("shop", "B"), "for:", "fro:"), []string{"line 33: field fro not found"}},
		{"duration in a second resource", resourceOf("web", "A") + "---\n" + strings.ReplaceAll(resourceOf("shop", "B"), "5m", "soon"), []string{`33:16: group "g", rule 1, "B": for must be a duration`}},
		{"JSON resource", "{\"kind\": \"PrometheusRule\",\n \"spec\": {\"groups\": [{\"name\": \"g\",\n  \"rules\": [{\"alert\": \"A\", \"expr\": \"sum(\"}]}]}}", []string{`3:36: group "g", rule 1, "A"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load("f.yaml", []byte(tt.text))
			for _, want := range append(tt.want, "alerts: f.yaml: ") {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want it to contain %q", err, want)
				}
			}
		})
	}
}

// The groups of several files stand in one pack, in order. Rules of one file use what those of another record.
func TestLoadFiles(t *testing.T) {
	p, err := LoadFiles(
		File{"a/rules.yaml", []byte("groups: [{name: g, interval: 1m, labels: {team: a}, limit: 5, query_offset: 2m, rules: [{record: r, expr: 'rate(perso_span_fallbacks_total[5m])'}]}]")},
		File{"b/rules.yaml", []byte("groups: [{name: g, rules: [{alert: A, expr: r > 0}]}, {name: h, rules: [{alert: B, expr: up == 0}]}]")},
		File{"c/rules.yaml", []byte(resourceOf("web", "C"))},
	)
	if err != nil {
		t.Fatal(err)
	}
	if want := "A in g (rules.yaml), B in h, C in g (web)"; listOf(p) != want {
		t.Errorf("%s, want %s", listOf(p), want)
	}
	if needs := p.Alerts()[0].Needs; needs != Traces {
		t.Errorf("A needs %s, want %s", needs, Traces)
	}
	text := string(p.Lapse(60, 0).Text)
	for _, want := range []string{"interval: 1s", "query_offset: 2s", "limit: 5", "team: a"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if again := string(p.Lapse(60, 0).Text); again != text {
		t.Errorf("the second time-lapse of a pack differs:\n%s\n%s", text, again)
	}
	if _, err := LoadFiles(File{"a.yaml", []byte(plainRules)}, File{"b.yaml", []byte("tests: []\nrule_files: []")}); err == nil || !strings.Contains(err.Error(), "b.yaml: line 1: this is a file of unit tests") {
		t.Errorf("error %v", err)
	}
}

// FuzzLoad: no file makes the reader panic, what is read can be lapsed and read again, and no time is below zero.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{plainRules, resourceOf("web", "A"), "namespace: a\n" + plainRules, "kind: List\nitems: [*a]", "a: &a [*a]", "---\n---\n", "{{ .Values }}", "groups: [{rules: [{data: 1}]}]",
		"groups: [{name: g, interval: 290y, query_offset: 290y, rules: [{alert: A, for: 290y, expr: 'max_over_time(max_over_time(up[290y] offset 290y)[290y:290y] offset 290y) > 0'}]}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Load("f.yaml", []byte(text))
		if err != nil {
			return
		}
		lapsed := p.Lapse(1, 0)
		if _, err := Load("lapsed.yaml", lapsed.Text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		for _, a := range lapsed.Alerts {
			if min(a.For, a.RunFor, a.LeastDetect, a.Interval, a.QueryOffset, a.Fill, a.Reach, a.Window) < 0 {
				t.Errorf("%q: a time below zero in %+v", text, a)
			}
		}
	})
}
