package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

func lapsed(t *testing.T, text string, factor float64) *Lapsed {
	t.Helper()
	p, err := Load("rules.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	l := p.Lapse(factor, 1500*time.Millisecond)
	l.EvaluatedEvery(500 * time.Millisecond)
	return l
}

// recordingRules stand before the alert of every case below.
const recordingRules = `groups:
- name: recorded
  rules:
  - {record: a:baseline, expr: 'rate(a[30m] offset 1h)'}
  - {record: a:least, expr: 'min_over_time(a[2h])'}
  - {record: either, expr: a offset 2h}
  - {record: either, expr: b}
  - {record: self, expr: self or a offset 3h}
`

// What an expression must have in order to have a result, and how long a fault must last before it can be true.
func TestWhatAnExpressionNeeds(t *testing.T) {
	const never = result.Unreachable
	for _, c := range []struct {
		expr        string
		reach, fill time.Duration
		constant    string
		lacking     string // of the metrics lost and gone{job="x"}, which are lacking
	}{
		{`sum(a) > 1`, 0, 0, "", ""},
		{`a > 2 * a offset 1d`, 24 * time.Hour, 0, "", ""},
		{`a > 2 * a offset 1d or b > 1`, 0, 0, "", ""}, // the other side has a result
		{`a > 1 unless b offset 1d`, 0, 0, "", ""},     // and here the first alone decides
		{`a > 1 and b offset 1d`, 24 * time.Hour, 0, "", ""},
		{`max_over_time(a[1h:1m] offset 2h) > 1`, 2 * time.Hour, 0, "", ""},
		{`max_over_time((a offset 1h)[1h:1m] offset 2h) > 1`, 3 * time.Hour, 0, "", ""},
		{`a offset -1h > 1`, 0, 0, "", ""},
		{`a @ 1700000000 > 1`, never, 0, "", ""},
		{`a @ end() > 1`, 0, 0, "", ""},
		{`absent(a offset 1d)`, 0, 0, "", ""},
		{`a > 1.5 * a:baseline`, time.Hour, 0, "", ""},
		{`a > 1.5 * (a:baseline offset 1h)`, 2 * time.Hour, 0, "", ""},
		{`either > 1`, 0, 0, "", ""},
		{`self > 1`, 0, 0, "", ""},
		{`label_replace(a offset 1h, "x", "$1", "y", "(.*)") > 1`, time.Hour, 0, "", ""},
		{`rate(a[1h]) > 1`, 0, 0, "", ""}, // rises at once
		{`min_over_time(a[1h]) > 1`, 0, time.Hour, "", ""},
		{`1 < min by (x) (min_over_time(a[1h]))`, 0, time.Hour, "", ""},
		{`min_over_time(a[1h]) < 1`, 0, 0, "", ""}, // one sample is enough
		{`max_over_time(a[1h]) <= 1`, 0, time.Hour, "", ""},
		{`a:least > 1`, 0, 2 * time.Hour, "", ""},
		{`sum(rate(a[10m])) == 0`, 0, 10 * time.Minute, "", ""},
		{`rate(a[10m]) < 5`, 0, 0, "", ""},
		{`absent_over_time(a[1h])`, 0, time.Hour, "", ""},
		{`absent(max_over_time(a[1h]))`, 0, time.Hour, "", ""},
		{`absent(a)`, 0, 0, "", ""},
		{`absent_over_time(a[1h]) or a > 1`, 0, 0, "", ""},
		{`a > 1 and absent_over_time(b[1h])`, 0, time.Hour, "", ""},
		{`count(min_over_time(a[1h]) > 1) > 2`, 0, time.Hour, "", ""},

		{`vector(1)`, 0, 0, result.AlwaysTrue, ""},
		{`1`, 0, 0, result.AlwaysTrue, ""},
		{`(vector(1) > 0)`, 0, 0, result.AlwaysTrue, ""},
		{`a or vector(0)`, 0, 0, result.AlwaysTrue, ""},
		{`vector(0) > 1`, 0, 0, result.NeverTrue, ""},
		{`vector(1) and vector(0) > 1`, 0, 0, result.NeverTrue, ""},
		{`hour() > 6`, 0, 0, "", ""}, // the clock decides
		{`vector(time()) > 0`, 0, 0, "", ""},
		{`absent(lost)`, 0, 0, "", ""}, // true because there is nothing

		{`sum(lost) > 1`, 0, 0, "", "lost"},
		{`lost > 1 or a`, 0, 0, "", ""},
		{`a / lost > 1`, 0, 0, "", "lost"},
		{`a unless lost`, 0, 0, "", ""},
		{`gone{job="x",code="500"} > 1`, 0, 0, "", `gone{job="x"}`},
		{`gone{job="y"} > 1`, 0, 0, "", ""},
		{`lost > 1 or gone{job="x"}`, 0, 0, "", `gone{job="x"} lost`},
		{`ALERTS{alertname="A"} == 1`, 0, 0, "", ""},
	} {
		l := lapsed(t, recordingRules+"- {name: g, rules: [{alert: A, expr: '"+strings.ReplaceAll(c.expr, "'", "''")+"'}]}", 1)
		l.Lacking(func(s Selector) bool { return s.Metric == "lost" || s.Text == `gone{job="x"}` })
		a := l.Alerts[0]
		if a.Reach != c.reach || a.Fill != c.fill || a.Constant != c.constant || strings.Join(a.Absent, " ") != c.lacking {
			t.Errorf("%s: reach %v, fill %v, constant %q, lacking %q; want %v, %v, %q, %q",
				c.expr, a.Reach, a.Fill, a.Constant, a.Absent, c.reach, c.fill, c.constant, c.lacking)
		}
	}
}

// Every rule has the interval, the query offset and the labels of its own group, as they run.
func TestOwnGroup(t *testing.T) {
	l := lapsed(t, `groups:
- {name: fast, interval: 30s, rules: [{alert: Fast, expr: up == 0, for: 1m}]}
- {name: slow, interval: 10m, query_offset: 1m, labels: {team: a, severity: ticket}, rules: [{alert: Slow, expr: up == 0, for: 1m, labels: {severity: page}}]}
- {name: default, rules: [{alert: Default, expr: up == 0, for: 70s}]}`, 60)
	for i, want := range []result.Alert{
		{Interval: 500 * time.Millisecond, LeastDetect: time.Second},
		// Held for one evaluation, and seen a query offset later.
		{Interval: 10 * time.Second, QueryOffset: time.Second, LeastDetect: 11 * time.Second},
		{Interval: 500 * time.Millisecond, LeastDetect: 1500 * time.Millisecond},
	} {
		if a := l.Alerts[i]; a.Interval != want.Interval || a.QueryOffset != want.QueryOffset || a.LeastDetect != want.LeastDetect {
			t.Errorf("%s: %+v", a.Name, a)
		}
	}
	if labels := l.Alerts[1].Labels; labels["team"] != "a" || labels["severity"] != "page" || l.Alerts[0].Labels != nil {
		t.Errorf("labels %v, %v", labels, l.Alerts[0].Labels)
	}
}

// Only a group whose series are read as they are at one time needs a lookback of its own.
func TestSlowestRead(t *testing.T) {
	const slow = "groups:\n- {name: slow, interval: 10m, rules: [{record: slow:sum, expr: sum(a)}, {alert: Slow, expr: a > 1}]}\n"
	for _, c := range []struct {
		reader string
		want   time.Duration
	}{
		{"a > 1", 0},
		{"slow:sum > 1", 10 * time.Minute},
		{"max_over_time(slow:sum[1h]) > 1", 0},
		{"max_over_time(slow:sum[1h:1m]) > 1", 10 * time.Minute},
		{`ALERTS{alertname="Slow"} == 1`, 10 * time.Minute},
		{`{job="x"} > 1`, 10 * time.Minute}, // may be any
	} {
		l := lapsed(t, slow+"- {name: g, rules: [{alert: A, expr: '"+c.reader+"'}]}", 1)
		if got := l.SlowestRead(); got != c.want {
			t.Errorf("%s: %v, want %v", c.reader, got, c.want)
		}
	}
}

func TestResolve(t *testing.T) {
	l := lapsed(t, `groups:
- name: g
  rules:
  - {alert: Burn, expr: up == 0, labels: {severity: page, long: 1h}}
  - {alert: Burn, expr: up == 0, labels: {severity: page, long: 6h}}
  - {alert: Burn, expr: up == 0, labels: {severity: ticket, long: 3d}}
  - {alert: Disk full, expr: up == 0, labels: {severity: page}}
  - {alert: Twice, expr: up == 0}
  - {alert: Twice, expr: up == 1}`, 1)
	for _, c := range []struct{ entry, want, err string }{
		{"Burn", "Burn", ""},
		{`Burn{severity="ticket"}`, `Burn{long="3d",severity="ticket"}`, ""},
		{`Burn{severity="page"}`, `Burn{long="1h",severity="page"} Burn{long="6h",severity="page"}`, ""},
		{`Burn{severity="page",long=~"6.*"}`, `Burn{long="6h",severity="page"}`, ""},
		{`Disk full{severity="page"}`, "Disk full", ""},
		{"Bern", "", "legal names are Burn, Disk full, Twice"},
		{`Burn{severity="info"}`, "", `those of that name are Burn{long="1h",severity="page"}`},
		{`Burn{severity=page}`, "", `as in Burn{severity="page"}`},
	} {
		got, err := Resolve(l.Alerts, c.entry)
		if strings.Join(got, " ") != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", c.entry, got, err)
		}
	}
	if said := l.Ambiguous(); len(said) != 1 || !strings.Contains(said[0], "2 rules of the alert Twice have the same labels (in group g)") {
		t.Errorf("%q", said)
	}
	if got := l.Selectors(); !slices.Equal(got, []Selector{{"up", "up"}}) {
		t.Errorf("selectors %v", got)
	}
}

// Times of 290 years, which Prometheus takes, do not overflow: what lies behind all data is out of reach.
func TestTimesBeyondAnyRun(t *testing.T) {
	p, err := Load("f.yaml", []byte("groups: [{name: g, interval: 290y, query_offset: 200y, rules: [{alert: A, for: 291y, expr: 'max_over_time((up offset 200y)[1m:1s] offset 200y) > 0'}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	l := p.Lapse(1, 0)
	l.EvaluatedEvery(time.Second)
	if a := l.Alerts[0]; a.Reach != result.Unreachable || a.LeastDetect != result.Unreachable {
		t.Errorf("reach %s, least time to detect %s", a.Reach, a.LeastDetect)
	}
}
