package rules_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	promrules "github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// unitTests is a file of `promtool test rules`, as far as ours uses the format; other keys are refused. promtool itself cannot be
// imported, since it is a command, and as a tool of this module it would bring the client libraries of every cloud.
type unitTests struct {
	RuleFiles []string       `yaml:"rule_files"`
	Interval  model.Duration `yaml:"evaluation_interval"`
	Tests     []unitTest
}

type unitTest struct {
	Name     string
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

func readUnitTests(t *testing.T) unitTests {
	t.Helper()
	text, err := os.ReadFile("perso_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file unitTests
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestUnit runs perso_test.yaml on the rules as they are written, by Prometheus's own engine and rule manager, as promtool does.
func TestUnit(t *testing.T) {
	file := readUnitTests(t)
	for _, test := range file.Tests {
		t.Run(test.Name, func(t *testing.T) {
			t.Parallel()
			for _, a := range test.Alerts {
				if a.Time%file.Interval != 0 {
					t.Fatalf("%s: eval_time %v is no multiple of %v", a.Alert, a.Time, file.Interval)
				}
			}
			test.run(t, time.Duration(file.Interval), file.RuleFiles)
		})
	}
}

func (test unitTest) run(t *testing.T, interval time.Duration, files []string) {
	var load strings.Builder
	fmt.Fprintf(&load, "load %v\n", test.Interval)
	for _, s := range test.Series {
		fmt.Fprintf(&load, "  %s %s\n", s.Series, s.Values)
	}
	suite, err := promqltest.NewLazyLoader(load.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	manager := promrules.NewManager(&promrules.ManagerOptions{
		QueryFunc: promrules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()), Appendable: suite.Storage(), Queryable: suite.Storage(),
		Context: context.Background(), ExternalURL: &url.URL{}, Logger: promslog.NewNopLogger(), Parser: parser.NewParser(parser.Options{}),
		NotifyFunc: func(context.Context, string, ...*promrules.Alert) {},
	})
	groups, errs := manager.LoadGroups(time.Duration(test.Interval), labels.EmptyLabels(), "", nil, false, files...)
	if errs != nil {
		t.Fatal(errs)
	}
	last := slices.MaxFunc(test.Alerts, func(a, b alertTest) int { return int(a.Time - b.Time) }).Time
	for at := time.Duration(0); at <= time.Duration(last); at += interval {
		now := time.Unix(0, 0).Add(at)
		suite.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range sortedKeys(groups) {
				if at%groups[name].Interval() == 0 { // as a rule manager does
					groups[name].Eval(suite.Context(), now)
				}
			}
		})
		for _, a := range test.Alerts {
			if time.Duration(a.Time) == at {
				a.check(t, groups)
			}
		}
		if at == time.Duration(last) {
			test.others(t, groups)
		}
	}
}

// others checks at the end that no alert fires of which the test says nothing.
func (test unitTest) others(t *testing.T, groups map[string]*promrules.Group) {
	t.Helper()
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			named := slices.ContainsFunc(test.Alerts, func(a alertTest) bool { return a.Alert == r.Name() })
			if !named && r.State() == promrules.StateFiring && r.Name() != "Watchdog" { // which always fires
				t.Errorf("%s fires, of which the test says nothing", r.Name())
			}
		}
	}
}

// check compares the alerts of one name that fire with those that are expected.
func (a alertTest) check(t *testing.T, groups map[string]*promrules.Group) {
	t.Helper()
	var got, want []string
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			if err := r.LastError(); err != nil {
				t.Fatal(err)
			}
			for _, active := range r.ActiveAlerts() {
				if r.Name() == a.Alert && active.State == promrules.StateFiring {
					got = append(got, active.Labels.String()+" "+active.Annotations.String())
				}
			}
		}
	}
	for _, e := range a.Expect {
		of := maps.Clone(e.Labels)
		if of == nil {
			of = map[string]string{}
		}
		of[labels.AlertName] = a.Alert
		want = append(want, labels.FromMap(of).String()+" "+labels.FromMap(e.Annotations).String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s at %v:\n got %s\nwant %s", a.Alert, a.Time, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// Every shipped alert fires in a test, also every alert that a fault expects, and none fires on silent series and on a clean stack.
// An alert of which a test says nothing must be silent at its end. Where a test has the name of a fault, the alerts that the fault
// expects fire in it, and no others than it allows.
func TestUnitTestsAreComplete(t *testing.T) {
	pack, err := alerts.Load("perso.yaml", rules.Pack)
	if err != nil {
		t.Fatal(err)
	}
	file := readUnitTests(t)
	fires := map[string][]string{} // alerts, by test
	somewhere := map[string]bool{}
	for _, test := range file.Tests {
		fires[test.Name] = []string{}
		for _, a := range test.Alerts {
			if len(a.Expect) > 0 {
				fires[test.Name] = append(fires[test.Name], a.Alert)
				somewhere[a.Alert] = true
			}
		}
	}
	for _, a := range pack.Alerts() {
		if !somewhere[a.Name] && a.Name != "Watchdog" {
			t.Errorf("%s fires in no test", a.Name)
		}
	}
	for _, clean := range []string{"silent series", "none"} {
		if of, ok := fires[clean]; !ok || len(of) > 0 {
			t.Errorf("want a test %q in which nothing fires, got %v", clean, of)
		}
	}
	for _, f := range faults.All() {
		for _, name := range f.Expect {
			if !somewhere[name] {
				t.Errorf("fault %s expects %s, which fires in no test", f.ID, name)
			}
		}
		own, ok := fires[f.ID]
		if !ok || f.ID == "none" {
			continue
		}
		for _, name := range f.Expect {
			if !slices.Contains(own, name) {
				t.Errorf("fault %s: its test does not expect %s", f.ID, name)
			}
		}
		for _, name := range own {
			if !slices.Contains(append(f.Expect, f.Allow...), name) {
				t.Errorf("fault %s: %s fires, which the fault neither expects nor allows", f.ID, name)
			}
		}
	}
}
