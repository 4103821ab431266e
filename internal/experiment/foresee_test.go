package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
)

// TestWarnings: what the rules cannot do is said before the run, from the plan alone.
func TestWarnings(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte(`groups:
- name: g
  rules:
  - {alert: LagHigh, expr: sum(kafka_consumergroup_lag) > 100, for: 15m}
  - {alert: LagHour, expr: sum(kafka_consumergroup_lag) > 2 * sum(kafka_consumergroup_lag offset 1h)}
  - {alert: LagGhost, expr: sum(kafka_lag) > 100}
  - {alert: Other, expr: sum(mysql_up) == 0}
  - {alert: Fine, expr: up == 0}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Experiment)
		want   []string // parts of the warnings, in order
	}{
		{"as the profile is", func(*Experiment) {}, []string{
			"LagHigh cannot notice consumer-lag: it needs the fault for 15s (for: 15s, 15m as written) and the fault is held for 10s",
			"LagHour cannot notice consumer-lag: it needs data that are 1m old",
			"LagGhost cannot notice consumer-lag: no level has kafka_lag",
			"no level has the metrics of 1 alert, which cannot fire and so give no false alarm either: Other (mysql_up)",
		}},
		{"a longer hold", func(e *Experiment) { e.Catch.Hold = 20 * time.Second }, []string{"LagHour", "LagGhost", "1 alert"}},
		{"a longer past", func(e *Experiment) { e.Catch.Settle = time.Minute }, []string{"LagHigh", "LagGhost", "1 alert"}},
		{"a fault before it", func(e *Experiment) { e.Faults, e.Catch.Clear = Faults{"none", "consumer-lag"}, 40*time.Second },
			[]string{"LagHigh", "LagGhost", "1 alert"}},
		{"more time-lapse", func(e *Experiment) { e.Alerts.Lapse = 600 }, []string{"LagGhost", "1 alert"}},
		// Nobody knows the metrics of another stack; a Prometheus of one's own has data from before the run.
		{"another stack", func(e *Experiment) { e.Environment = "external" }, []string{"LagHigh", "LagHour"}},
		{"no faults", func(e *Experiment) { e.Faults = nil }, nil},
		{"alerts of the catalogue", func(e *Experiment) { e.Alerts.Expect = nil }, []string{
			"ConsumerLagHigh cannot notice consumer-lag: the rules have no alert of that name", "EventAgeHigh", "2 alerts",
		}},
	} {
		e, err := Profile("pr")
		if err != nil {
			t.Fatal(err)
		}
		e.Faults, e.Alerts.Rules = Faults{"consumer-lag"}, testenv.Files{rules}
		e.Alerts.Expect = map[string][]string{"consumer-lag": {"LagHigh", "LagHour", "LagGhost", "Fine"}}
		c.change(e)
		got, err := e.Warnings()
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: warning %q, want %q", c.name, got[i], want)
			}
		}
	}
	// The shipped rules have nothing to warn of in the shipped profiles.
	for _, name := range scenarios.Profiles() {
		e, err := Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, e.Environment = range []string{"process", "containers"} {
			if got, err := e.Warnings(); err != nil || len(got) > 0 {
				t.Errorf("profile %s in environment %s: %q, %v", name, e.Environment, got, err)
			}
		}
	}
}

// TestOwnRulesThatLackMetrics: what only another environment has is missing all the same, if the rules are the user's own.
func TestOwnRulesThatLackMetrics(t *testing.T) {
	e, err := Profile("smoke")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	text := "groups: [{name: own, rules: [{alert: Throttled, expr: container_cpu_cfs_throttled_periods_total > 900}]}]"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Environment, e.Faults, e.Alerts.Rules = "process", Faults{"none"}, testenv.Files{file}
	got, err := e.Warnings()
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "Throttled (container_cpu_cfs_throttled_periods_total)") {
		t.Errorf("%q, %v; want a warning that Throttled cannot fire", got, err)
	}
}
