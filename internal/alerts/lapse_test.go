package alerts

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// one is a rule file with one alert.
func one(t testing.TB, expr string) *Pack {
	t.Helper()
	p, err := Load("rules.yaml", []byte(fmt.Sprintf("groups: [{name: g, interval: 30s, query_offset: 1m, rules: [{alert: A, expr: %q, for: 5m, keep_firing_for: 2m}]}]", expr)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLapse(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{
		{"rate(a[5m]) > 1", "rate(a[5s]) > 1"},
		{"a offset 1h", "a offset 1m"},
		{"a offset -1h", "a offset -1m"},
		{"rate(a[30m] offset 10m)", "rate(a[30s] offset 10s)"},
		{"max_over_time(rate(a[5m])[1h:1m] offset 2h)", "max_over_time(rate(a[5s])[1m:1s] offset 2m)"},
		{"max_over_time(a[1h:])", "max_over_time(a[1m:])"},
		{"a @ 1700000000 offset 1m", "a @ 1700000000.000 offset 1s"},
		{"rate(a[90s]) and b", "rate(a[1s500ms]) and b"},
		{`a{b="5m"} == 5`, `a{b="5m"} == 5`},                                 // text that looks like a duration is none
		{"sum without (x) (a offset 1ms)", "sum without (x) (a offset 1ms)"}, // never to zero
	} {
		l := one(t, tt.expr).Lapse(60, 0)
		if got := l.Alerts[0].RunExpr; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.expr, got, tt.want)
		}
		if l.Alerts[0].Expr != tt.expr || l.Alerts[0].For != 5*time.Minute || l.Alerts[0].RunFor != 5*time.Second {
			t.Errorf("%s: %+v", tt.expr, l.Alerts[0])
		}
		for _, want := range []string{"interval: 500ms", "query_offset: 1s", "for: 5s", "keep_firing_for: 2s"} {
			if !strings.Contains(string(l.Text), want) {
				t.Errorf("no %q in\n%s", want, l.Text)
			}
		}
		if _, err := Load("lapsed.yaml", l.Text); err != nil {
			t.Error(err)
		}
	}
}

func TestLapseLeast(t *testing.T) {
	l := one(t, "rate(a[1m]) + rate(b[1s]) + max_over_time(c[2m:30s]) + rate(d[1h]) + e offset 1m").Lapse(60, 3*time.Second)
	// A window that was below the least already stays; offsets are no windows.
	if want := "rate(a[3s]) + rate(b[1s]) + max_over_time(c[3s:500ms]) + rate(d[1m]) + e offset 1s"; l.Alerts[0].RunExpr != want {
		t.Errorf("%s, want %s", l.Alerts[0].RunExpr, want)
	}
	var got []string
	for _, n := range l.Notes {
		got = append(got, n.String())
	}
	want := []string{
		noteInterval + ": group g (30s is 1s and not 500ms)",
		noteWindow + ": A (1m is 3s and not 1s; 1s is 1s and not 17ms; 2m is 3s and not 2s)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("notes %q,\nwant %q", got, want)
	}
}

// FuzzLapse holds two laws on any expression: a factor of 1 changes nothing, and lapsing twice is lapsing once by the
// product, up to rounding.
func FuzzLapse(f *testing.F) {
	for _, seed := range []string{
		"rate(a[5m])", "a offset 7m > 3", "avg_over_time(rate(a[13m] offset 1m)[3h:47s] offset -11m) @ 5",
		"sum by (x) (a) / ignoring (x) group_left () b", "-a ^ 2", `label_replace(a, "x", "$1", "y", "(.*)")`, "a[5m] and", "1h",
	} {
		f.Add(seed, 7.0, 3.5)
	}
	f.Fuzz(func(t *testing.T, expr string, a, b float64) {
		parsed, err := newParser().ParseExpr(expr)
		if err != nil || !valid(a) || !valid(b) || longest(parsed) > 1000*time.Hour {
			t.Skip()
		}
		p, err := Load("rules.yaml", quotedRule(expr))
		if err != nil {
			t.Skip() // e.g. a range vector
		}
		if got := p.Lapse(1, 0).Alerts[0].RunExpr; got != parsed.String() {
			t.Errorf("factor 1 turns %s into %s", parsed, got)
		}
		first := p.Lapse(a, 0)
		again, err := Load("lapsed.yaml", first.Text)
		if err != nil {
			t.Fatalf("%s: lapsed: %v", expr, err)
		}
		twice := durations(t, again.Lapse(b, 0).Alerts[0].RunExpr)
		once := durations(t, p.Lapse(a*b, 0).Alerts[0].RunExpr)
		if len(twice) != len(once) {
			t.Fatalf("%s: %v and %v", expr, twice, once)
		}
		for i := range once {
			// The first rounding, of at most 1 ms (not to zero), is divided by b; the second adds at most 1 ms again.
			if off := (twice[i] - once[i]).Abs(); float64(off) > float64(time.Millisecond)*(2+1/b) {
				t.Errorf("%s: duration %d is %v lapsed by %v and %v, %v lapsed by the product", expr, i, twice[i], a, b, once[i])
			}
		}
	})
}

func valid(factor float64) bool { return factor >= 0.1 && factor <= 1000 && !math.IsNaN(factor) }

func quotedRule(expr string) []byte {
	indented := strings.ReplaceAll(expr, "\n", "\n          ")
	return []byte("groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: |2\n          " + indented + "\n")
}

// durations lists all durations of an expression in the order of its tree.
func durations(t *testing.T, expr string) []time.Duration {
	t.Helper()
	parsed, err := newParser().ParseExpr(expr)
	if err != nil {
		t.Fatal(err)
	}
	return durationsOf(parsed)
}

func durationsOf(expr parser.Expr) []time.Duration {
	var out []time.Duration
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			out = append(out, n.Range)
		case *parser.SubqueryExpr:
			out = append(out, n.Range, n.Step, n.OriginalOffset)
		case *parser.VectorSelector:
			out = append(out, n.OriginalOffset)
		}
		return nil
	})
	return out
}

func longest(expr parser.Expr) time.Duration {
	var most time.Duration
	for _, d := range durationsOf(expr) {
		most = max(most, d.Abs())
	}
	return most
}
