package rules_test

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// The checks of pint (cloudflare.github.io/pint) that need no Prometheus, by their names there, on the shipped rules. What
// promtool check rules checks is checked by rulefmt.Parse, too.

// linter is a rule file and what was found in it.
type linter struct {
	parser  parser.Parser
	records map[string]parser.Expr // what the file records, by name
	found   []string
	rule    string // the one that is looked at
}

func (l *linter) report(check, format string, args ...any) {
	l.found = append(l.found, fmt.Sprintf("%s: %s: %s", l.rule, check, fmt.Sprintf(format, args...)))
}

// lint returns what is wrong with the text of a rule file.
func lint(text string) ([]string, error) {
	p := parser.NewParser(parser.Options{})
	file, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation, p, slog.New(slog.DiscardHandler))
	if errs != nil {
		return nil, fmt.Errorf("%v", errs)
	}
	l := &linter{parser: p, records: map[string]parser.Expr{}}
	seen := map[string]bool{}
	exprs := map[string]parser.Expr{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			expr, err := p.ParseExpr(r.Expr)
			if err != nil {
				return nil, err
			}
			exprs[r.Expr] = expr
			if r.Record != "" {
				l.records[r.Record] = expr
			}
		}
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			l.rule = r.Record + r.Alert
			if key := fmt.Sprint(l.rule, r.Labels); seen[key] {
				l.report("rule/duplicate", "it stands twice with the labels %v", r.Labels)
			} else {
				seen[key] = true
			}
			l.expression(exprs[r.Expr])
			if r.Alert != "" {
				l.alert(r, exprs[r.Expr])
			}
		}
	}
	return l.found, nil
}

// alert checks what only an alert can have wrong.
func (l *linter) alert(r rulefmt.Rule, expr parser.Expr) {
	if !filters(expr) {
		l.report("alerts/comparison", "it fires for every series that there is")
	}
	if strings.Contains(r.Expr, "absent(") && r.For == 0 {
		l.report("alerts/absent", "absent() without for fires while Prometheus starts")
	}
	if has := l.labels(expr); has != nil {
		text := strings.Join(slices.Concat(slices.Collect(maps.Values(r.Annotations)), slices.Collect(maps.Values(r.Labels))), "\n")
		for _, use := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(has, use[1]) {
				l.report("alerts/template", "it uses $labels.%s, and its result has the labels %v", use[1], has)
			}
		}
	}
}

// filters reports whether an expression leaves out series by what their values are, or that they are there at all.
func filters(expr parser.Expr) bool {
	found := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.BinaryExpr:
			found = found || n.Op.IsComparisonOperator() && !n.ReturnBool || n.Op == parser.LUNLESS
		case *parser.Call:
			found = found || strings.HasPrefix(n.Func.Name, "absent")
		}
		return nil
	})
	return found
}

// expression checks the parts of an expression.
func (l *linter) expression(expr parser.Expr) {
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			l.selector(n, path)
		case *parser.BinaryExpr:
			l.matching(n)
		}
		return nil
	})
}

// selector checks the matchers of a selector, and whether a rate is one of a counter. The
// offsets of a broker only grow, though their exporter calls them gauges.
func (l *linter) selector(s *parser.VectorSelector, path []parser.Node) {
	for _, m := range s.LabelMatchers {
		if m.Type != labels.MatchRegexp && m.Type != labels.MatchNotRegexp {
			continue
		}
		if strings.HasPrefix(m.Value, "^") || strings.HasSuffix(m.Value, "$") {
			l.report("promql/regexp", "%s has anchors, which Prometheus adds", m)
		}
		if re, err := syntax.Parse(m.Value, syntax.Perl); err == nil && re.Op == syntax.OpLiteral {
			l.report("promql/regexp", "%s needs no regular expression", m)
		}
	}
	if strings.Contains(s.Name, ":") {
		if _, ok := l.records[s.Name]; !ok {
			l.report("promql/series", "nothing records %s", s.Name)
		}
	}
	for _, node := range path {
		call, ok := node.(*parser.Call)
		if !ok || !slices.Contains([]string{"rate", "irate", "increase"}, call.Func.Name) {
			continue
		}
		if !regexp.MustCompile(`_(total|count|sum|bucket|offset)$`).MatchString(s.Name) {
			l.report("promql/counter", "%s of %s, which is no counter", call.Func.Name, s.Name)
		}
	}
}

// matching checks that both sides of an operator have the labels by which it matches them.
func (l *linter) matching(b *parser.BinaryExpr) {
	if b.VectorMatching == nil {
		return
	}
	left, right := l.labels(b.LHS), l.labels(b.RHS)
	if b.VectorMatching.On {
		for _, label := range b.VectorMatching.MatchingLabels {
			if left != nil && !slices.Contains(left, label) || right != nil && !slices.Contains(right, label) {
				l.report("promql/vector_matching", "on(%s), and the sides have %v and %v", label, left, right)
			}
		}
		return
	}
	ignored := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(label string) bool { return slices.Contains(b.VectorMatching.MatchingLabels, label) })
	}
	if left != nil && right != nil && b.Op != parser.LOR && !slices.Equal(ignored(left), ignored(right)) {
		l.report("promql/impossible", "the sides of %s have the labels %v and %v, so that nothing matches", b.Op, left, right)
	}
}

// labels are those that the result of an expression has, sorted; nil: it depends on the series.
func (l *linter) labels(expr parser.Expr) []string {
	switch n := expr.(type) {
	case *parser.ParenExpr:
		return l.labels(n.Expr)
	case *parser.StepInvariantExpr:
		return l.labels(n.Expr)
	case *parser.VectorSelector:
		if record, ok := l.records[n.Name]; ok {
			return l.labels(record)
		}
	case *parser.NumberLiteral:
		return []string{}
	case *parser.AggregateExpr:
		if slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK}, n.Op) {
			return l.labels(n.Expr)
		}
		if !n.Without {
			return set(n.Grouping)
		}
	case *parser.Call:
		switch n.Func.Name {
		case "vector", "scalar", "time":
			return []string{}
		case "histogram_quantile":
			if of := l.labels(n.Args[1]); of != nil {
				return slices.DeleteFunc(of, func(label string) bool { return label == "le" })
			}
		case "abs", "clamp_min", "clamp_max", "clamp", "sqrt", "round":
			return l.labels(n.Args[0])
		}
	case *parser.BinaryExpr:
		return l.labelsOf(n)
	}
	return nil
}

func (l *linter) labelsOf(b *parser.BinaryExpr) []string {
	left, right := l.labels(b.LHS), l.labels(b.RHS)
	m := b.VectorMatching
	switch {
	case m == nil: // a side is a number
		if b.LHS.Type() == parser.ValueTypeScalar {
			return right
		}
		return left
	case b.Op == parser.LOR:
		if left == nil || right == nil {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(left), func(label string) bool { return !slices.Contains(right, label) })
	case b.Op.IsSetOperator():
		return left
	case m.Card == parser.CardManyToOne || m.Card == parser.CardOneToMany:
		many := left
		if m.Card == parser.CardOneToMany {
			many = right
		}
		if many == nil {
			return nil
		}
		return set(slices.Concat(many, m.Include))
	case m.On:
		return set(m.MatchingLabels)
	}
	return left
}

// set sorts labels; it is not nil, which would mean that they are not known.
func set(labels []string) []string {
	return append([]string{}, slices.Compact(slices.Sorted(slices.Values(labels)))...)
}

func TestLint(t *testing.T) {
	found, err := lint(string(rules.Pack))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../examples/shop/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	inExample, err := lint(string(example))
	if err != nil {
		t.Fatal(err)
	}
	found = append(found, inExample...)
	excepted := map[string]string{
		"Watchdog: alerts/comparison": "it is meant to fire at all times: its silence says that the rules are not evaluated",
	}
	for _, problem := range found {
		reason := ""
		for key := range excepted {
			if strings.HasPrefix(problem, key) {
				reason = excepted[key]
				delete(excepted, key)
			}
		}
		if reason == "" {
			t.Error(problem)
		}
	}
	for key := range excepted {
		t.Errorf("the exception of %s is not needed", key)
	}
}

// TestLintFinds: every check finds what it is made for, and no more.
func TestLintFinds(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{`{alert: A, expr: up}`, "alerts/comparison"},
		{`{alert: A, expr: up == bool 0}`, "alerts/comparison"},
		{`{alert: A, expr: up == 0}`, ""},
		{`{alert: A, expr: a unless b}`, ""},
		{`{alert: A, expr: absent(up)}`, "alerts/absent"},
		{`{alert: A, expr: absent(up), for: 1m}`, ""},
		{`{alert: A, expr: sum by (job) (up) == 0, annotations: {summary: "{{ $labels.instance }} is down"}}`, "alerts/template"},
		{`{alert: A, expr: sum by (job) (up) == 0, annotations: {summary: "{{ $labels.job }} is down"}}`, ""},
		{`{alert: A, expr: sum by (job) (a) / on () group_left () sum(b) > 1, annotations: {summary: "{{ $labels.job }}"}}`, ""},
		{`{alert: A, expr: sum by (job) (a) / on () sum(b) > 1, annotations: {summary: "{{ $labels.job }}"}}`, "alerts/template"},
		{`{alert: A, expr: 'r:a > 1', annotations: {summary: "{{ $labels.job }}"}}, {record: 'r:a', expr: sum(a)}`, "alerts/template"},
		{`{alert: A, expr: 'up{job=~"shop"} == 0'}`, "promql/regexp"},
		{`{alert: A, expr: 'up{job=~"^shop.*"} == 0'}`, "promql/regexp"},
		{`{alert: A, expr: 'up{job=~"shop|store"} == 0'}`, ""},
		{`{alert: A, expr: 'r:none > 1'}`, "promql/series"},
		{`{alert: A, expr: 'rate(memory_bytes[5m]) > 1'}`, "promql/counter"},
		{`{alert: A, expr: 'rate(requests_total[5m]) > 1'}`, ""},
		{`{alert: A, expr: sum by (job) (a) / on (instance) sum by (instance) (b) > 1}`, "promql/vector_matching"},
		{`{alert: A, expr: sum by (job) (a) / sum(b) > 1}`, "promql/impossible"},
		{`{alert: A, expr: sum by (job) (a) / ignoring (job) group_left () sum(b) > 1}`, ""},
		{`{alert: A, expr: up == 0}, {alert: A, expr: up == 1}`, "rule/duplicate"},
		{`{alert: A, expr: up == 0, labels: {a: x}}, {alert: A, expr: up == 1, labels: {a: y}}`, ""},
	} {
		found, err := lint("groups: [{name: test, rules: [" + c.rule + "]}]")
		text := strings.Join(found, "\n")
		if err != nil || (c.want == "") != (len(found) == 0) || !strings.Contains(text, c.want) {
			t.Errorf("%s: want %q, got %q: %v", c.rule, c.want, text, err)
		}
	}
}
