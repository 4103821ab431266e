package replay

import (
	"errors"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// parseGroups reads rules in Prometheus's own format.
func parseGroups(text []byte) ([]rulefmt.RuleGroup, error) {
	parsed, errs := loader(text).Load(rulesFile, false, model.UTF8Validation)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return parsed.Groups, nil
}

// selectors are what a rule reads.
func selectors(rule rulefmt.Rule) [][]*labels.Matcher {
	expr, err := newParser().ParseExpr(rule.Expr)
	if err != nil {
		return nil // rules are parsed when they are read: there is none
	}
	var out [][]*labels.Matcher
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			out = append(out, v.LabelMatchers)
		}
		return nil
	})
	return out
}

// reads are the metrics that rules read, each once; nil if one may read any.
func reads(groups []rulefmt.RuleGroup) []string {
	names := []string{}
	for _, g := range groups {
		for _, rule := range g.Rules {
			for _, matchers := range selectors(rule) {
				name := nameOf(matchers)
				if name == "" {
					return nil
				}
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// records are the metrics that rules record, each once.
func records(groups []rulefmt.RuleGroup) []string {
	var out []string
	for _, g := range groups {
		for _, rule := range g.Rules {
			if rule.Record != "" && !slices.Contains(out, rule.Record) {
				out = append(out, rule.Record)
			}
		}
	}
	return out
}

// hidden says which recorded series rules must not see: those that they make themselves. What the run's rules recorded and these
// do not is there as it was.
func (r *Recording) hidden(groups []rulefmt.RuleGroup) func(name string) bool {
	hide := map[string]bool{alertsMetric: true, forStateMetric: true}
	before := records(r.groups)
	for _, name := range records(groups) {
		if slices.Contains(before, name) {
			hide[name] = true
		}
	}
	return func(name string) bool { return hide[name] }
}

// borrowed are the metrics that rules read, that only the run's own rules recorded.
func (r *Recording) borrowed(groups []rulefmt.RuleGroup) []string {
	var out []string
	own := records(groups)
	for _, name := range reads(groups) {
		if slices.Contains(records(r.groups), name) && !slices.Contains(own, name) {
			out = append(out, name)
		}
	}
	return out
}
