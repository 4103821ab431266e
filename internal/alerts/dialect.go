package alerts

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// Marks of templates that have to be rendered before a file is read. Annotations and labels of rules hold templates of
// Prometheus, {{ $labels.job }}; none of these can stand in one.
var (
	helmMark  = regexp.MustCompile(`\{\{-?\s*(\.(Values|Release|Chart|Capabilities|Files|Template)\b|\$\.(Values|Release|Chart)\b|(include|tpl|toYaml)\s)`)
	helmBlock = regexp.MustCompile(`(?m)^\s*\{\{-?\s*(if|range|with|end|else|template|define|\$\w+\s*:?=)`)
	jinjaMark = regexp.MustCompile(`\{%`)
	comment   = regexp.MustCompile(`(?m)^[ \t]*#.*$`)
)

// rendered returns an error for a template that is not rendered.
func (f *file) rendered() error {
	for _, of := range []struct {
		mark   *regexp.Regexp
		sure   bool // no rule file that can be read holds it
		remedy string
	}{
		{helmMark, true, "a template of Helm that is not rendered: render it first with helm template, and name the file that comes out"},
		{helmBlock, false, "a template of Helm that is not rendered: render it first with helm template, and name the file that comes out"},
		{jinjaMark, false, "a template of Jinja (Ansible, Salt) that is not rendered: render it first, and name the file that comes out"},
	} {
		text := comment.ReplaceAllFunc(f.text, func(line []byte) []byte { return bytes.Repeat([]byte(" "), len(line)) })
		found := of.mark.FindIndex(text)
		if found == nil {
			continue
		}
		if !of.sure {
			if _, err := documents(f.text); err == nil {
				continue // it stands in the text of an annotation
			}
		}
		mark := bytes.TrimSpace(text[found[0]:found[1]])
		line := 1 + bytes.Count(text[:bytes.Index(text, mark)], []byte("\n"))
		return f.errorf("line %d: %s… is %s", line, mark, of.remedy)
	}
	return nil
}

// dialect returns an error for rules that are written for another evaluator: Grafana, or Loki.
func (f *file) dialect(root *yaml.Node) error {
	if grafana(root) {
		what, remedy := "a file of Grafana-managed alerts", "Grafana evaluates these, and Prometheus cannot"
		return f.at(root, "this is %s: %s", what, remedy)
	}
	for _, rule := range rulesOf(root) {
		expr := child(rule, "expr")
		if expr == nil || expr.Kind != yaml.ScalarNode {
			continue
		}
		if _, err := newParser().ParseExpr(expr.Value); err != nil && isLogQL(expr.Value) {
			return f.at(expr, "%q is written in LogQL, so these are rules of Loki, which no Prometheus can evaluate: "+
				"leave the file out, or count the log lines in a metric and write the rule on that", value(rule, "alert")+value(rule, "record"))
		}
	}
	return nil
}

var (
	quoted = regexp.MustCompile("\"(\\\\.|[^\"\\\\])*\"|'(\\\\.|[^'\\\\])*'|`[^`]*`")
	// logQL is what follows a selector in LogQL alone: a filter on lines, or a parser; or a function that only Loki has.
	logQL = regexp.MustCompile(`\}\s*(\||(!=|!~|!>)\s*"")|\b(bytes_rate|bytes_over_time|rate_counter)\s*\(`)
)

// isLogQL says that an expression that is no PromQL looks like LogQL.
func isLogQL(expr string) bool { return logQL.MatchString(quoted.ReplaceAllString(expr, `""`)) }

// nameless are the rules that select series by labels without the name of a metric, each once.
func nameless(groups []rulefmt.RuleGroup) []string {
	var names []string
	for _, g := range groups {
		for _, r := range g.Rules {
			expr, err := newParser().ParseExpr(r.Expr)
			if err != nil {
				continue
			}
			parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
				if v, ok := node.(*parser.VectorSelector); ok && !named(v) && !slices.Contains(names, r.Alert+r.Record) {
					names = append(names, r.Alert+r.Record)
				}
				return nil
			})
		}
	}
	return names
}

// named says that a selector matches on the name of the metric, in whatever way.
func named(v *parser.VectorSelector) bool {
	for _, m := range v.LabelMatchers {
		if m.Name == "__name__" {
			return true
		}
	}
	return false
}

// federated are the keys of a group that only Mimir understands and that change what its rules are evaluated on, or when.
var federated = map[string]string{
	"source_tenants":                      "its rules are evaluated over the series of several tenants, which one Prometheus does not have",
	"evaluation_delay":                    "Prometheus calls it query_offset: rename it",
	"align_evaluation_time_on_interval":   "Prometheus has no such setting: remove it",
	"trigger_after_dependencies_complete": "Prometheus has no such setting: remove it",
}

// mimir returns an error for groups of a Mimir namespace that Prometheus cannot evaluate as Mimir does.
func (f *file) mimir(root *yaml.Node) error {
	groups := child(root, "groups")
	if groups == nil {
		return nil
	}
	for _, g := range groups.Content {
		for _, key := range keysOf(resolved(g)) {
			if why, ok := federated[key]; ok {
				return f.at(g, "group %q has %s, which is for Mimir: %s", value(g, "name"), key, why)
			}
		}
	}
	return nil
}
