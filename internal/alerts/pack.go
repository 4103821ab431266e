// Package alerts reads ordinary Prometheus rule files, lapses them in time, and follows the alerts that a Prometheus
// evaluates.
package alerts

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Annotations (or labels) of an alerting rule that tollgate reads. All are optional.
const (
	keySummary        = "summary"
	keyNeeds          = "needs"
	keyClears         = "clears"
	keyMinImpressions = "min_impressions"
)

// File is a rule file. The name is for messages.
type File struct {
	Name string
	Text []byte
}

// Pack is the rules of one or several files that were read and found valid.
type Pack struct {
	groups []rulefmt.RuleGroup
	alerts []result.Alert
	notes  []string
}

// Load reads one rule file: see LoadFiles.
func Load(name string, text []byte) (*Pack, error) { return LoadFiles(File{name, text}) }

// LoadFiles reads rule files: those of Prometheus, and PrometheusRule resources of Kubernetes. Unknown keys, expressions that
// do not parse and values that tollgate cannot read are errors that name the file, the rule and the place; so are files that
// are something else. A group whose name another file or resource has too, which Prometheus allows, gets a name of its own.
func LoadFiles(files ...File) (*Pack, error) {
	p := &Pack{}
	taken := map[string]bool{}
	var from []string // the file of every group
	for _, f := range files {
		read, err := readFile(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		p.notes = append(p.notes, read.notes...)
		for _, g := range read.groups {
			g.Name = ownName(g.Name, cmp.Or(g.resource, filepath.Base(f.Name)), taken)
			p.groups, from = append(p.groups, g.RuleGroup), append(from, f.Name)
		}
	}
	signals := newSignals(p.groups)
	for at, g := range p.groups {
		for i, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			a, err := describe(g, r, signals)
			if err != nil {
				return nil, fmt.Errorf("alerts: %s: group %q, rule %d, %q: %w", from[at], g.Name, i+1, r.Alert, err)
			}
			p.alerts = append(p.alerts, a)
		}
	}
	return p, nil
}

// ownName is the name of a group, with where it comes from behind it if another group has that name already.
func ownName(name, from string, taken map[string]bool) string {
	own := name
	for i := 1; taken[own]; i++ {
		own = fmt.Sprintf("%s (%s)", name, from)
		if i > 1 {
			own = fmt.Sprintf("%s (%s, %d)", name, from, i)
		}
	}
	taken[own] = true
	return own
}

// Alerts lists the alerting rules in file order, not lapsed: RunExpr is Expr and RunFor is For.
func (p *Pack) Alerts() []result.Alert { return append([]result.Alert(nil), p.alerts...) }

// Notes say what a reader should know of how the files were read, e.g. which resources were left out.
func (p *Pack) Notes() []string { return slices.Clone(p.notes) }

// copied is a copy of the groups whose durations and expressions may be changed.
func (p *Pack) copied() []rulefmt.RuleGroup {
	groups := slices.Clone(p.groups)
	for i := range groups {
		g := &groups[i]
		g.Rules = slices.Clone(g.Rules)
		if g.QueryOffset != nil {
			offset := *g.QueryOffset
			g.QueryOffset = &offset
		}
	}
	return groups
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
	if a.Clears = annotation(r, keyClears); a.Clears != "" && a.Clears != result.Slowly {
		return a, fmt.Errorf("%s must be %s, or left out, got %q", keyClears, result.Slowly, a.Clears)
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
