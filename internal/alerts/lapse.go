package alerts

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Lapsed is a pack whose durations were divided by Factor.
type Lapsed struct {
	Factor float64
	Text   []byte            // a Prometheus rule file
	Alerts []result.Alert    // in file order, with RunExpr and RunFor
	Read   []string          // how the files were read: Pack.Notes
	Notes  []result.RuleNote // what does not scale, or was not scaled as far as asked

	groups   []rulefmt.RuleGroup    // as in Text
	recorded map[string][]recording // by them
	interval time.Duration          // of groups that name none
}

// leastIntervals is how many evaluations the least window is made of: rate() needs two samples, and a third is spare.
const leastIntervals = 3

// Lapse divides the durations of the pack by factor, so that rules written for minutes can be watched for seconds:
// range windows, the ranges and steps of subqueries, offsets, for, keep_firing_for, group intervals and query offsets.
// Points in time (@) stay. It works on the syntax tree of the expressions; all durations are rounded to milliseconds.
//
// A window is not made shorter than least, and an interval not shorter than a third of it, so that a window holds
// enough samples to say something; one that was shorter already stays as it is. Where that happens a note says so.
//
// It panics if factor is not a positive number: factors are validated where they are read.
func (p *Pack) Lapse(factor float64, least time.Duration) *Lapsed {
	if !(factor > 0) || math.IsInf(factor, 1) {
		panic(fmt.Sprintf("alerts: factor must be a positive number, got %v", factor))
	}
	groups := p.copied()
	l := &lapser{factor: factor, least: least, typer: newTyper(groups), out: &Lapsed{Factor: factor, Read: p.Notes(), Alerts: p.Alerts()}}
	next := 0 // into Alerts
	for i := range groups {
		g := &groups[i]
		l.rule = "group " + g.Name
		l.interval(&g.Interval)
		l.plain((*time.Duration)(g.QueryOffset))
		for j := range g.Rules {
			r := &g.Rules[j]
			l.apply(r)
			if r.Alert != "" {
				l.out.Alerts[next].RunExpr, l.out.Alerts[next].RunFor = r.Expr, time.Duration(r.For)
				next++
			}
		}
	}
	l.out.describe(groups)
	text, err := yaml.Marshal(rulefmt.RuleGroups{Groups: groups})
	if err != nil {
		panic(fmt.Sprintf("alerts: %v", err)) // strings, numbers and durations always marshal
	}
	l.out.Text = text
	return l.out
}

// lapser walks the rules of one pack.
type lapser struct {
	factor float64
	least  time.Duration
	typer  *typer
	rule   string // the one at hand, for notes
	out    *Lapsed
}

// note puts the rule at hand behind the note of that text, with a detail.
func (l *lapser) note(text, detail string) {
	i := slices.IndexFunc(l.out.Notes, func(n result.RuleNote) bool { return n.Text == text })
	if i < 0 {
		i = len(l.out.Notes)
		l.out.Notes = append(l.out.Notes, result.RuleNote{Text: text})
	}
	rules := &l.out.Notes[i].Rules
	if last := len(*rules) - 1; last < 0 || (*rules)[last].Rule != l.rule {
		*rules = append(*rules, result.NotedRule{Rule: l.rule})
	}
	if noted := &(*rules)[len(*rules)-1]; detail != "" && !slices.Contains(noted.Details, detail) {
		noted.Details = append(noted.Details, detail)
	}
}

func (l *lapser) apply(r *rulefmt.Rule) {
	l.rule = r.Alert + r.Record
	expr, err := newParser().ParseExpr(r.Expr)
	if err != nil {
		panic(fmt.Sprintf("alerts: %s was valid when it was loaded: %v", l.rule, err))
	}
	l.unscaled(expr)
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			l.window(&n.Range)
		case *parser.SubqueryExpr:
			l.window(&n.Range)
			l.plain(&n.Step)
			l.plain(&n.OriginalOffset)
		case *parser.VectorSelector:
			l.plain(&n.OriginalOffset)
		}
		return nil
	})
	r.Expr = expr.String()
	l.plain((*time.Duration)(&r.For))
	l.plain((*time.Duration)(&r.KeepFiringFor))
}

// plain divides a duration; what was not zero does not become zero.
func (l *lapser) plain(d *time.Duration) {
	if d == nil || *d == 0 || l.factor == 1 {
		return
	}
	v := time.Duration(float64(*d) / l.factor).Round(time.Millisecond)
	if v == 0 {
		v = time.Duration(math.Copysign(float64(time.Millisecond), float64(*d)))
	}
	*d = v
}

// Notes of durations that are bounded.
const (
	noteWindow   = "windows are not divided by the whole factor, so that they hold enough samples"
	noteInterval = "group intervals are not divided by the whole factor, so that windows hold enough evaluations"
)

func (l *lapser) window(d *time.Duration) { l.bounded(d, l.least, noteWindow) }

func (l *lapser) interval(d *model.Duration) {
	l.bounded((*time.Duration)(d), l.least/leastIntervals, noteInterval)
}

// bounded divides a duration as far as the bound, and leaves one alone that is below it already.
func (l *lapser) bounded(d *time.Duration, bound time.Duration, note string) {
	written := *d
	l.plain(d)
	divided := *d
	if bound = min(bound, written).Round(time.Millisecond); *d < bound {
		*d = bound
		l.note(note, fmt.Sprintf("%v is %v and not %v", model.Duration(written), model.Duration(bound), model.Duration(divided)))
	}
}
