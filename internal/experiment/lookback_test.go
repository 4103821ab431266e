package experiment

import (
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/alerts"
)

// TestLookback: a slow group lengthens the lookback of all rules only if a rule reads what it records.
func TestLookback(t *testing.T) {
	e, err := Profile("pr")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reads string
		want  time.Duration
	}{
		{"up", 5 * time.Second}, // ten scrapes of 500 ms
		{"slow:up", 20 * time.Second},
	} {
		pack, err := alerts.Load("rules.yaml", []byte(`groups:
- {name: slow, interval: 10m, rules: [{record: slow:up, expr: sum(up)}, {alert: Slow, expr: up == 0}]}
- {name: fast, rules: [{alert: Fast, expr: `+c.reads+` == 0}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Lookback(pack.Lapse(60, time.Second)); got != c.want {
			t.Errorf("a rule reads %s: lookback %v, want %v", c.reads, got, c.want)
		}
	}
}
