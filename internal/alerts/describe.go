package alerts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// describe fills in what an alert has from its own group and its own expression, as they run.
func (l *Lapsed) describe(groups []rulefmt.RuleGroup) {
	l.groups, l.recorded = groups, recordings(groups)
	reader := l.reader()
	next := 0 // into Alerts
	for _, g := range groups {
		for _, rule := range g.Rules {
			if rule.Alert == "" {
				continue
			}
			a, expr := &l.Alerts[next], mustParse(rule.Expr)
			next++
			a.Interval, a.QueryOffset = time.Duration(g.Interval), offsetOf(g)
			a.Fill, a.Reach, a.Window = reader.fill(expr), reader.reach(expr, a.QueryOffset), reader.window(expr)
			a.Past = reader.furthest(expr, a.QueryOffset)
			a.Constant = constant(expr)
		}
	}
}

// labelsOf are the labels that a rule and its group set; the rule's own come first. nil for none.
func labelsOf(g rulefmt.RuleGroup, rule rulefmt.Rule) map[string]string {
	if len(g.Labels)+len(rule.Labels) == 0 {
		return nil
	}
	out := map[string]string{}
	maps.Copy(out, g.Labels)
	maps.Copy(out, rule.Labels)
	return out
}

// EvaluatedEvery gives the groups that name no interval this one, and every alert its least time to detect.
func (l *Lapsed) EvaluatedEvery(interval time.Duration) {
	l.interval = interval
	for i := range l.Alerts {
		a := &l.Alerts[i]
		a.Interval = cmp.Or(a.Interval, interval)
		a.LeastDetect = LeastDetect(*a)
	}
}

// LeastDetect is the least time to detect that a rule leaves: its for, which begins and ends at evaluations of its own group,
// and the query offset of the group, which sees an effect that much later. Export, scrape and the wait for an evaluation take
// nothing when an effect comes at the right moment, and the alert's window may need little to fill. What they took in a run is
// what was measured beyond it.
func LeastDetect(a result.Alert) time.Duration {
	held := a.RunFor
	if a.Interval > 0 {
		if rest := held % a.Interval; rest > 0 {
			held = result.Plus(held, a.Interval-rest)
		}
	}
	return result.Plus(held, a.QueryOffset)
}

// SlowestRead is the longest interval at which a group writes series that some rule reads as they are at one time: recorded
// ones, and ALERTS. A sample must count as current for longer than that (Prometheus's lookback), or the series has gaps. A group
// whose series are only read over windows, or by nobody, does not matter: its alerts are evaluated with the lookback but are not
// subject to it. 0 if there is none.
func (l *Lapsed) SlowestRead() time.Duration {
	read := map[string]bool{} // by name; "" may be any
	for _, g := range l.groups {
		for _, rule := range g.Rules {
			parser.Inspect(mustParse(rule.Expr), func(node parser.Node, path []parser.Node) error {
				v, ok := node.(*parser.VectorSelector)
				if !ok {
					return nil
				}
				if len(path) > 0 {
					if _, over := path[len(path)-1].(*parser.MatrixSelector); over {
						return nil
					}
				}
				read[metricName(v)] = true
				return nil
			})
		}
	}
	var longest time.Duration
	for _, g := range l.groups {
		for _, rule := range g.Rules {
			written := read[rule.Record]
			if rule.Alert != "" {
				written = read["ALERTS"] || read["ALERTS_FOR_STATE"]
			}
			if written || read[""] {
				longest = max(longest, cmp.Or(time.Duration(g.Interval), l.interval))
			}
		}
	}
	return longest
}

// Selectors are those of all rules, each once, without recorded series.
func (l *Lapsed) Selectors() []Selector {
	reader := l.reader()
	var out []Selector
	for _, g := range l.groups {
		for _, rule := range g.Rules {
			for _, s := range reader.selectors(mustParse(rule.Expr)) {
				if !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// Lacking fills in, for every alert, the selectors without which its expression has no result and whose series are lacking.
// Alerts is then another slice than before.
func (l *Lapsed) Lacking(lacks func(Selector) bool) {
	l.Alerts = slices.Clone(l.Alerts)
	reader, next := l.reader(), 0
	for _, g := range l.groups {
		for _, rule := range g.Rules {
			if rule.Alert != "" {
				l.Alerts[next].Absent = reader.absent(mustParse(rule.Expr), lacks)
				next++
			}
		}
	}
}

// Ambiguous says which alerts cannot be told apart, because their rules have one name and the same labels.
func (l *Lapsed) Ambiguous() []string {
	rules := result.Rules(l.Alerts)
	groups := map[string][]string{}
	for i, a := range rules {
		groups[rules.ID(i)] = append(groups[rules.ID(i)], a.Group)
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		if in := groups[id]; len(in) > 1 {
			out = append(out, fmt.Sprintf("%d rules of the alert %s have the same labels (in %s), so that their alerts are taken for one: "+
				"give each a label of its own", len(in), id, groupNames(in)))
		}
	}
	return out
}

func groupNames(in []string) string {
	distinct := slices.Compact(slices.Sorted(slices.Values(in)))
	text := "group " + distinct[0]
	for _, g := range distinct[1:] {
		text += ", group " + g
	}
	return text
}
