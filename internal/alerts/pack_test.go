package alerts

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

func TestLoad(t *testing.T) {
	p, err := Load("rules.yaml", []byte(`
groups:
  - name: g
    interval: 30s
    rules:
      - record: lag:sum
        expr: sum(kafka_consumergroup_lag)
      - record: fallbacks:rate
        expr: rate(perso_span_fallbacks_total[5m])
      - alert: Lag
        expr: lag:sum > 10 and up == 1
        for: 5m
        annotations: {summary: behind}
      - {alert: Psi, expr: perso_feature_psi > 0.25 and lag:sum > 1, annotations: {min_impressions: "30"}}
      - {alert: Logged, expr: 'rate(perso_log_records_total[5m]) > 0'}
      - {alert: Spans, expr: 'fallbacks:rate > 0'}
      - {alert: Any, expr: '{__name__=~"up|down"} == 0'}
      - {alert: ByName, expr: '{__name__="up"} == 0'}
      - {alert: None, expr: vector(1)}
      - {alert: Told, expr: up == 0, labels: {needs: traces}}
      - {alert: Slow, expr: up == 0, annotations: {clears: slowly}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []result.Alert{
		{Name: "Lag", Needs: Outside, Summary: "behind", Expr: "lag:sum > 10 and up == 1", For: 5 * time.Minute},
		{Name: "Psi", Needs: Metrics, Expr: "perso_feature_psi > 0.25 and lag:sum > 1", MinImpressions: 30},
		{Name: "Logged", Needs: Logs, Expr: "rate(perso_log_records_total[5m]) > 0"},
		{Name: "Spans", Needs: Traces, Expr: "fallbacks:rate > 0"},
		{Name: "Any", Needs: Metrics, Expr: `{__name__=~"up|down"} == 0`}, // may match anything
		{Name: "ByName", Needs: Outside, Expr: `{__name__="up"} == 0`},
		{Name: "None", Needs: Outside, Expr: "vector(1)"},
		{Name: "Told", Needs: Traces, Expr: "up == 0", Labels: map[string]string{"needs": "traces"}},
		{Name: "Slow", Needs: Outside, Expr: "up == 0", Clears: result.Slowly},
	}
	got := p.Alerts()
	if len(got) != len(want) {
		t.Fatalf("%d alerts, want %d", len(got), len(want))
	}
	for i, w := range want {
		w.Group, w.RunExpr, w.RunFor = "g", w.Expr, w.For
		if !reflect.DeepEqual(got[i], w) {
			t.Errorf("got  %+v\nwant %+v", got[i], w)
		}
	}
}

// Rules that record each other do not send the search for their signals round for ever.
func TestNeedsOfACycle(t *testing.T) {
	p, err := Load("rules.yaml", []byte(`{groups: [{name: g, rules: [
		{record: a, expr: b + up}, {record: b, expr: a + 1}, {alert: A, expr: a > 0}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if needs := p.Alerts()[0].Needs; needs != Outside {
		t.Errorf("needs %s, want %s", needs, Outside)
	}
}

func TestLoadRefuses(t *testing.T) {
	group := func(rule string) string { return "groups:\n  - name: g\n    rules:\n      - " + rule + "\n" }
	for _, tt := range []struct{ name, text, want string }{
		{"not YAML", "groups: [", "rules.yaml: yaml: line 1"},
		{"unknown key", group("{alert: A, expr: up, fro: 5m}"), "rules.yaml: yaml: unmarshal errors:\n  line 4: field fro not found"},
		{"PromQL", group("{alert: A, expr: 'sum(up'}"), `rules.yaml: 4:26: group "g", rule 1, "A": could not parse expression: 1:7: parse error: unclosed left parenthesis`},
		{"duration", group("{alert: A, expr: up, for: soon}"), `rules.yaml: 4:35: group "g", rule 1, "A": for must be a duration such as 30s or 5m, got "soon"`},
		{"both", group("{alert: A, record: b, expr: up}"), `group "g", rule 1, "A": only one of`},
		{"needs", group("{alert: A, expr: up, annotations: {needs: luck}}"),
			`rules.yaml: group "g", rule 1, "A": needs must be one of outside, metrics, logs, traces, got "luck"`},
		{"min_impressions", group(`{alert: A, expr: up, annotations: {min_impressions: "-3"}}`), `min_impressions must be a whole number of slates from 0, got "-3"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load("rules.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to contain %s", err, tt.want)
			}
		})
	}
}
