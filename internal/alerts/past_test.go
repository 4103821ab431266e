package alerts

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// How far an alert looks back: what stands around a selector adds up, through recording rules, too, and the farthest counts.
func TestPast(t *testing.T) {
	for _, c := range []struct {
		expr string
		past time.Duration
	}{
		{`a > 1`, 0},
		{`rate(a[5m]) > 1 and rate(a[3d]) > 1`, 72 * time.Hour},
		{`rate(a[5m] offset 1w) > 1`, 168*time.Hour + 5*time.Minute},
		{`a > 1 or a offset 1d > 1`, 24 * time.Hour},
		{`max_over_time(rate(a[5m])[1h:1m] offset 2h) > 1`, 3*time.Hour + 5*time.Minute},
		{`a offset -1h > 1`, 0},
		{`a:baseline > 1`, 90 * time.Minute},
		{`avg_over_time(a:baseline[1d]) > 1`, 25*time.Hour + 30*time.Minute},
		{`self > 1`, 3 * time.Hour},
		{`absent(a offset 4h)`, 4 * time.Hour}, // it has a result at once, but not what it looks for
		{`a > a @ 1700000000`, result.Unreachable},
		{`vector(1)`, 0},
	} {
		l := lapsed(t, recordingRules+"- name: alert\n  rules:\n  - {alert: A, expr: '"+c.expr+"'}\n", 1)
		if got := l.Alerts[0].Past; got != c.past {
			t.Errorf("%s looks back %v, want %v", c.expr, got, c.past)
		}
	}
	l := lapsed(t, "groups:\n- name: alert\n  query_offset: 1m\n  rules:\n  - {alert: A, expr: 'rate(a[1h]) > 1'}\n", 60)
	if got := l.Alerts[0].Past; got != 61*time.Second {
		t.Errorf("with a query offset, in time-lapse, it looks back %v", got)
	}
}

// The ways in which alerts read a series, with the function that takes the range.
func TestReads(t *testing.T) {
	l := lapsed(t, `groups:
- name: g
  rules:
  - {record: r, expr: 'rate(a[5m])'}
  - {alert: A, expr: 'avg_over_time(r[1h]) > 1 and max_over_time(b[30m:1m]) > 1'}
`, 1)
	var got []string
	for _, r := range l.Reads() {
		got = append(got, fmt.Sprintf("%v %s %v %v", r.Matchers, r.Func, r.Range, r.Past))
	}
	slices.Sort(got)
	want := []string{`[__name__="a"] rate 5m0s 1h5m0s`, `[__name__="b"]  0s 30m0s`, `[__name__="r"] avg_over_time 1h0m0s 1h0m0s`}
	if !slices.Equal(got, want) {
		t.Errorf("reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseHistory(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "30d": 720 * time.Hour, "90m": 90 * time.Minute, "1d12h": 36 * time.Hour} {
		if got, err := ParseHistory(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"30", "30 days", "-3d", "1.5d", "10s", "3y", "d", "NaN"} {
		if got, err := ParseHistory(text); err == nil || !strings.Contains(err.Error(), "such as 30d, 72h or 90m, from 1m to 366d") {
			t.Errorf("%q is %v, error %v", text, got, err)
		}
	}
}

// Alerts are told by ID, in the order of the rules, with how far they look back as written.
func TestLong(t *testing.T) {
	all := result.Rules{
		{Name: "B", Past: 72 * time.Minute}, {Name: "A", Past: time.Minute}, {Name: "At", Past: result.Unreachable},
		{Name: "C", Labels: map[string]string{"severity": "page"}, Past: 12 * time.Hour}, {Name: "C", Past: time.Second},
	}
	if got := Long(all, 10*time.Minute, 60); got != `B (3d), C{severity="page"} (30d)` {
		t.Errorf("long: %s", got)
	}
	if got := Long(all, 13*time.Hour, 60); got != "" {
		t.Errorf("long in 13 hours: %s", got)
	}
}

// One pack of rules serves all arms of a replay at once: every one gets the same answers.
func TestRulesAreAskedBySeveralAtOnce(t *testing.T) {
	l := lapsed(t, recordingRules+"- name: alert\n  rules:\n  - {alert: A, expr: 'avg_over_time(a:baseline[1d]) > 1'}\n", 1)
	want := fmt.Sprint(l.Reads(), l.Selectors())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if got := fmt.Sprint(l.Reads(), l.Selectors()); got != want {
					t.Errorf("reads %s, want %s", got, want)
					return
				}
			}
		})
	}
	group.Wait()
}
