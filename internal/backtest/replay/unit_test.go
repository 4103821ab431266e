package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/backtest/replaytest"
)

// unitTests is a file of `promtool test rules`, as far as a backtest writes it; other keys are refused.
type unitTests struct {
	RuleFiles []string       `yaml:"rule_files"`
	Interval  model.Duration `yaml:"evaluation_interval"`
	Order     []string       `yaml:"group_eval_order"`
	Tests     []unitTest
}

type unitTest struct {
	Name     string
	Start    time.Time `yaml:"start_timestamp"`
	Interval model.Duration
	Series   []struct{ Series, Values string } `yaml:"input_series"`
	Alerts   []alertTest                       `yaml:"alert_rule_test"`
}

type alertTest struct {
	Time   model.Duration `yaml:"eval_time"`
	Alert  string         `yaml:"alertname"`
	Expect []struct {
		Labels      map[string]string `yaml:"exp_labels"`
		Annotations map[string]string `yaml:"exp_annotations"`
	} `yaml:"exp_alerts"`
}

// unitRules have an alert that reads a recorded series, one that reads the clock, one that refers to another, and one that no sample
// of the run makes fire.
const unitRules = `groups:
  - name: records
    rules:
      - {record: 'lag:sum', expr: sum without (group) (kafka_consumergroup_lag)}
  - name: alerts
    rules:
      - alert: LagHigh
        expr: lag:sum > 100
        for: 1m
        labels: {severity: page}
        annotations: {summary: 'the lag is {{ $value }}'}
      - {alert: Old, expr: 'perso_update_age_seconds > 5 and on() (vector(time()) > 1.7e9)', for: 1m}
      - {alert: Both, expr: 'ALERTS{alertname="LagHigh", alertstate="firing"} == 1'}
      - {alert: Fast, expr: 'rate(kafka_consumergroup_lag[5m]) > 10'}
      - {alert: Never, expr: kafka_consumergroup_lag > 1000}
      - {alert: Watchdog, expr: vector(1)}
`

// written makes the unit tests of rules, and returns them as written and as read.
func written(t *testing.T, text string, o replaytest.Options) (dir string, out replay.UnitTests, tests unitTests) {
	t.Helper()
	_, r := write(t, o)
	of := load(t, r, text, "consumer-lag=LagHigh")
	re := replayed(t, r, of)
	side, err := backtest.NewSide("replayed", re.Data)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "tests")
	if out, err = r.WriteUnitTests(context.Background(), of, re, side.Matrix, dir); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "tests.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	decoder.KnownFields(true)
	if err := decoder.Decode(&tests); err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	return dir, out, tests
}

// What is written passes what promtool does: the loader, the engine and the rule manager are its own. Each alert that fired has a
// test in which it fires and before which it is silent, and nothing fires in the test of silence.
func TestUnitTests(t *testing.T) {
	dir, out, file := written(t, unitRules, replaytest.Options{})
	if got := fmt.Sprint(out.Alerts); got != "[LagHigh Old Both Fast]" || len(out.LeftOut) > 0 {
		t.Errorf("tests of %s, left out %q", got, out.LeftOut)
	}
	if out.Silence != "the clean window of consumer-lag at level full" {
		t.Errorf("silence of %q", out.Silence)
	}
	if len(file.Tests) != 5 {
		t.Fatalf("%d tests", len(file.Tests))
	}
	for _, test := range file.Tests {
		t.Run(test.Name, func(t *testing.T) {
			for _, complaint := range test.run(t, file, dir) {
				t.Error(complaint)
			}
		})
		if clock := strings.HasPrefix(test.Name, "Old") || strings.HasPrefix(test.Name, "silence"); clock == test.Start.IsZero() {
			t.Errorf("%s starts at %v", test.Name, test.Start)
		}
	}
	lag := file.Tests[0]
	if len(lag.Series) != 1 || !strings.HasPrefix(lag.Series[0].Series, "kafka_consumergroup_lag{") {
		t.Errorf("LagHigh needs the lag alone: %v", lag.Series)
	}
	if got := fmt.Sprint(lag.Alerts[1].Expect); !strings.Contains(got, "map[severity:page]") || !strings.Contains(got, "the lag is 400") {
		t.Errorf("LagHigh is %s", got)
	}
}

// A test that says something else fails: the check itself can fail.
func TestUnitTestsCanFail(t *testing.T) {
	dir, _, file := written(t, unitRules, replaytest.Options{})
	test := file.Tests[0]
	for i, s := range test.Series {
		test.Series[i].Values = strings.ReplaceAll(s.Values, "400", "40")
	}
	if complaints := test.run(t, file, dir); len(complaints) == 0 {
		t.Error("a test whose lag is too low passes")
	}
}

// promtool itself, where it is installed, passes the tests of rules that do not read the clock: versions before 3.9 have no start of a
// test.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; TestUnitTests does what it does")
	}
	text := strings.Join(slices.DeleteFunc(strings.Split(unitRules, "\n"), func(line string) bool { return strings.Contains(line, "Old") }), "\n")
	dir, _, _ := written(t, text, replaytest.Options{})
	cmd := exec.CommandContext(t.Context(), promtool, "test", "rules", "tests.yaml")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A directory that has something in it, or is in the run, is refused.
func TestUnitTestsTarget(t *testing.T) {
	dir, r := write(t, replaytest.Options{})
	for _, to := range []string{dir, filepath.Join(dir, "tests"), filepath.Dir(dir)} {
		if err := r.CheckTarget(to); err == nil {
			t.Errorf("%s is taken", to)
		}
	}
	if err := r.CheckTarget(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// run carries the test out as promtool's unittest.go does, and returns what it would complain of.
func (test unitTest) run(t *testing.T, file unitTests, dir string) (complaints []string) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "load %v\n", test.Interval)
	for _, s := range test.Series {
		fmt.Fprintf(&text, "  %s %s\n", s.Series, s.Values)
	}
	suite, err := promqltest.NewLazyLoader(text.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true, StartTime: test.Start})
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	interval := time.Duration(file.Interval)
	suite.SubqueryInterval = interval
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()), Appendable: suite.Storage(), Context: context.Background(),
		ExternalURL: &url.URL{}, Logger: promslog.NewNopLogger(), Parser: parser.NewParser(parser.Options{}),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	path := filepath.Join(dir, file.RuleFiles[0])
	groups, errs := manager.LoadGroups(time.Duration(test.Interval), labels.EmptyLabels(), "", nil, false, path)
	if errs != nil {
		t.Fatal(errs)
	}
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true)
		}
	}
	begin := time.Unix(0, 0)
	if !test.Start.IsZero() {
		begin = test.Start
	}
	last := slices.MaxFunc(test.Alerts, func(a, b alertTest) int { return int(a.Time - b.Time) }).Time
	for at := time.Duration(0); at <= time.Duration(last); at += interval {
		suite.WithSamplesTill(begin.Add(at), func(err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range file.Order {
				groups[rules.GroupKey(path, name)].Eval(suite.Context(), begin.Add(at))
			}
		})
		for _, a := range test.Alerts {
			if time.Duration(a.Time) == at {
				complaints = append(complaints, a.check(groups)...)
			}
		}
	}
	return complaints
}

// check compares the alerts of one name that fire with those that are expected.
func (a alertTest) check(groups map[string]*rules.Group) []string {
	var got, want []string
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			if err := r.LastError(); err != nil {
				return []string{err.Error()}
			}
			for _, active := range r.ActiveAlerts() {
				if r.Name() == a.Alert && active.State == rules.StateFiring {
					got = append(got, active.Labels.String()+" "+active.Annotations.String())
				}
			}
		}
	}
	for _, e := range a.Expect {
		of := map[string]string{labels.AlertName: a.Alert}
		for name, value := range e.Labels {
			of[name] = value
		}
		want = append(want, labels.FromMap(of).String()+" "+labels.FromMap(e.Annotations).String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("%s at %v: got %q, want %q", a.Alert, a.Time, got, want)}
}
