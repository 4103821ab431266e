package alerts

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// Lapsed is a pack whose durations were divided by Factor.
type Lapsed struct {
	Factor float64
	Text   []byte         // a Prometheus rule file
	Alerts []result.Alert // in file order, with RunExpr and RunFor
	Notes  []string       // what does not scale, or was not scaled as far as asked, one rule each

	groups   []rulefmt.RuleGroup // as in Text
	reader   *reader             // of them
	interval time.Duration       // of groups that name none
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
	groups, err := parse(p.name, p.text) // a fresh copy to change
	if err != nil {
		panic(fmt.Sprintf("alerts: %s was valid when it was loaded: %v", p.name, err))
	}
	l := &lapser{factor: factor, least: least, out: &Lapsed{Factor: factor, Alerts: p.Alerts()}}
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
	if l.out.Text, err = yaml.Marshal(rulefmt.RuleGroups{Groups: groups}); err != nil {
		panic(fmt.Sprintf("alerts: %s: %v", p.name, err)) // strings, numbers and durations always marshal
	}
	return l.out
}

// lapser walks the rules of one pack.
type lapser struct {
	factor float64
	least  time.Duration
	rule   string // the one at hand, for notes
	out    *Lapsed
}

func (l *lapser) note(format string, args ...any) {
	text := l.rule + ": " + fmt.Sprintf(format, args...)
	for _, n := range l.out.Notes {
		if n == text {
			return
		}
	}
	l.out.Notes = append(l.out.Notes, text)
}

func (l *lapser) apply(r *rulefmt.Rule) {
	l.rule = r.Alert + r.Record
	expr, err := newParser().ParseExpr(r.Expr)
	if err != nil {
		panic(fmt.Sprintf("alerts: %s was valid when it was loaded: %v", l.rule, err))
	}
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
		l.unscaled(node)
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

func (l *lapser) window(d *time.Duration) { l.bounded(d, l.least, "window") }

func (l *lapser) interval(d *model.Duration) {
	l.bounded((*time.Duration)(d), l.least/leastIntervals, "interval")
}

// bounded divides a duration as far as the bound, and leaves one alone that is below it already.
func (l *lapser) bounded(d *time.Duration, bound time.Duration, what string) {
	written := *d
	l.plain(d)
	if bound = min(bound, written).Round(time.Millisecond); *d < bound {
		*d = bound
		l.note("the %s of %v is only shortened to %v, the least that holds enough samples",
			what, model.Duration(written), model.Duration(bound))
	}
}
