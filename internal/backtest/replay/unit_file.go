package replay

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// testsFile has the unit tests, beside rulesFile.
const testsFile = "tests.yaml"

// unitFile is a file of `promtool test rules`.
type unitFile struct {
	Rules    []string       `yaml:"rule_files"`
	Interval model.Duration `yaml:"evaluation_interval"`
	Order    []string       `yaml:"group_eval_order"`
	Tests    []unitTest     `yaml:"tests"`
}

type unitTest struct {
	Name     string         `yaml:"name"`
	Start    string         `yaml:"start_timestamp,omitempty"` // for rules that read the clock; promtool knows it from 3.9 on
	Interval model.Duration `yaml:"interval"`
	Series   []unitSeries   `yaml:"input_series"`
	Alerts   []alertTest    `yaml:"alert_rule_test"`
}

type unitSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type alertTest struct {
	Time   model.Duration `yaml:"eval_time"`
	Alert  string         `yaml:"alertname"`
	Expect []firingAlert  `yaml:"exp_alerts"`
}

type firingAlert struct {
	Labels      map[string]string `yaml:"exp_labels,omitempty"`
	Annotations map[string]string `yaml:"exp_annotations,omitempty"`
}

// test begins a test on cut series.
func (w *unitWriter) test(name string, of *cutting) *unitTest {
	t := &unitTest{Name: name, Interval: model.Duration(time.Duration(w.step/2) * time.Millisecond), Series: of.texts}
	if of.start != 0 {
		t.Start = time.UnixMilli(of.start).UTC().Format(time.RFC3339Nano)
	}
	return t
}

// at is the time of an evaluation.
func (w *unitWriter) at(k int64) model.Duration {
	return model.Duration(k * w.eval * int64(time.Millisecond))
}

// firingOf are the alerts of a name that fire.
func firingOf(groups []*rules.Group, name string) []firingAlert {
	var out []firingAlert
	for _, g := range groups {
		for _, rule := range g.Rules() {
			a, ok := rule.(*rules.AlertingRule)
			if !ok || a.Name() != name {
				continue
			}
			for _, active := range a.ActiveAlerts() {
				if active.State == rules.StateFiring {
					out = append(out, firingAlert{active.Labels.MatchLabels(false, labels.AlertName).Map(), active.Annotations.Map()})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b firingAlert) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

// write writes the rules and their tests.
func (f *unitFile) write(dir string, of *Rules, run result.Run) error {
	f.Rules = []string{rulesFile}
	for _, g := range of.groups {
		f.Order = append(f.Order, g.Name)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Made by tollgate backtest from run %s, with the rules of %s as the run evaluates them: durations divided by %v.\n"+
		"# Series are cut from the recorded ones. A sample stands halfway between two evaluations.\n# promtool test rules %s\n",
		run.ID, strings.ReplaceAll(of.Name, "\n", " "), run.Lapse, testsFile)
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(f), enc.Close()); err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	for name, content := range map[string][]byte{rulesFile: of.Lapsed.Text, testsFile: text.Bytes()} {
		if err := files.Write(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("backtest: %w", err)
		}
	}
	return nil
}

// emptyOrNew refuses a directory that has something in it.
func emptyOrNew(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("backtest: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: name another directory", dir)
	default:
		return nil
	}
}
