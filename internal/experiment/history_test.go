package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/testenv"
)

// A history that cannot be made is refused, and one that is too short for a rule is a warning that names it.
func TestHistory(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "30d": 720 * time.Hour} {
		e, err := parse("x.yaml", []byte("catch: {history: '"+text+"'}"))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Validate(); err != nil || e.History() != want {
			t.Errorf("%q is %v, %v", text, e.History(), err)
		}
	}
	for text, want := range map[string]string{
		"catch: {history: 3 days}":           `catch.history: "3 days": want a duration in the rules' own time, such as 30d, 72h or 90m, from 1m to 366d, or 0`,
		"catch: {history: 30d, launches: 2}": "catch.history needs series of one deployment of every level, and catch.launches is 2",
	} {
		e, err := parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(`groups:
- name: g
  rules:
  - {alert: LagHigh, expr: kafka_consumergroup_lag > 100}
  - {alert: LagWeek, expr: 'kafka_consumergroup_lag > 2 * kafka_consumergroup_lag offset 1w'}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for history, want := range map[string]string{
		"":   "alert LagWeek cannot notice consumer-lag: it needs data that are",
		"3d": "catch.history of 3d is shorter than these alerts look back, so that they cannot be judged as written: LagWeek (1w)",
		"8d": "",
	} {
		e, err := Profile("pr")
		if err != nil {
			t.Fatal(err)
		}
		e.Faults, e.Alerts.Rules, e.Catch.History = Faults{"consumer-lag"}, testenv.Files{rules}, history
		e.Alerts.Expect = map[string][]string{"consumer-lag": {"LagWeek"}}
		warnings, err := e.Warnings()
		if got := strings.Join(warnings, "\n"); err != nil || !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("history %q: %q, %v; want %q", history, got, err, want)
		}
	}
}
