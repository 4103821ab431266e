// Package alerts reads ordinary Prometheus rule files, lapses them in time, and follows the alerts that a Prometheus
// evaluates.
package alerts

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// Annotations (or labels) of an alerting rule that tollgate reads. All are optional.
const (
	keySummary        = "summary"
	keyNeeds          = "needs"
	keyMinImpressions = "min_impressions"
)

// Pack is a rule file that was read and found valid.
type Pack struct {
	name   string
	text   []byte
	groups []rulefmt.RuleGroup
	alerts []result.Alert
}

// Load reads a Prometheus rule file. Unknown keys, expressions that do not parse and values that tollgate cannot read
// are errors that name the file, the rule and the place.
func Load(name string, text []byte) (*Pack, error) {
	groups, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	p := &Pack{name: name, text: text, groups: groups}
	signals := newSignals(groups)
	for _, g := range groups {
		for i, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			a, err := describe(g, r, signals)
			if err != nil {
				return nil, fmt.Errorf("alerts: %s: group %q, rule %d, %q: %w", name, g.Name, i+1, r.Alert, err)
			}
			p.alerts = append(p.alerts, a)
		}
	}
	return p, nil
}

// Alerts lists the alerting rules in file order, not lapsed: RunExpr is Expr and RunFor is For.
func (p *Pack) Alerts() []result.Alert { return append([]result.Alert(nil), p.alerts...) }

func parse(name string, text []byte) ([]rulefmt.RuleGroup, error) {
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
	if bad := badDurations(text); len(bad) > 0 && len(errs) > 0 {
		errs = bad // the parser reports them without their place
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("alerts: %s: %w", name, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return groups.Groups, nil
}

// badDurations finds the durations of a rule file that cannot be read, with place and rule.
func badDurations(text []byte) (errs []error) {
	var file struct {
		Groups []struct {
			Name        string
			Interval    yaml.Node
			QueryOffset yaml.Node `yaml:"query_offset"`
			Rules       []struct {
				Alert, Record string
				For           yaml.Node
				KeepFiringFor yaml.Node `yaml:"keep_firing_for"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil // something else is wrong, which the parser has reported
	}
	check := func(key string, node yaml.Node, where string) {
		if node.IsZero() {
			return
		}
		if _, err := model.ParseDuration(node.Value); err != nil {
			errs = append(errs, fmt.Errorf("%d:%d: %s: %s must be a duration such as 30s or 5m, got %q",
				node.Line, node.Column, where, key, node.Value))
		}
	}
	for _, g := range file.Groups {
		where := fmt.Sprintf("group %q", g.Name)
		check("interval", g.Interval, where)
		check("query_offset", g.QueryOffset, where)
		for i, r := range g.Rules {
			where := fmt.Sprintf("group %q, rule %d, %q", g.Name, i+1, r.Alert+r.Record)
			check("for", r.For, where)
			check("keep_firing_for", r.KeepFiringFor, where)
		}
	}
	return errs
}

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }

func describe(g rulefmt.RuleGroup, r rulefmt.Rule, signals signals) (result.Alert, error) {
	expr := strings.TrimSpace(r.Expr)
	a := result.Alert{
		Name: r.Alert, Group: g.Name, Labels: labelsOf(g, r), Summary: r.Annotations[keySummary],
		Expr: expr, RunExpr: expr, For: time.Duration(r.For), RunFor: time.Duration(r.For),
	}
	a.Needs = annotation(r, keyNeeds)
	if a.Needs == "" {
		a.Needs = signals.of(expr)
	}
	if rank(a.Needs) < 0 {
		return a, fmt.Errorf("%s must be one of %s, got %q", keyNeeds, strings.Join(order, ", "), a.Needs)
	}
	if text := annotation(r, keyMinImpressions); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return a, fmt.Errorf("%s must be a whole number of slates from 0, got %q", keyMinImpressions, text)
		}
		a.MinImpressions = n
	}
	return a, nil
}

// annotation is the rule's annotation of that name, or else its label.
func annotation(r rulefmt.Rule, key string) string {
	if v := r.Annotations[key]; v != "" {
		return v
	}
	return r.Labels[key]
}
