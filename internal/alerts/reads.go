package alerts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// reader finds what an expression has to read so that it has a result. It looks through recorded series at the expressions
// that record them. It serves one goroutine.
type reader struct {
	recorded map[string][]recording // by name; only read
	busy     map[string]bool        // names being looked through: a rule may refer to itself
}

// reader reads the rules. Whoever asks gets one of its own, since rules are asked by several goroutines at once.
func (l *Lapsed) reader() *reader {
	return &reader{recorded: l.recorded, busy: map[string]bool{}}
}

// recording is an expression of a recording rule and the query offset of its group.
type recording struct {
	expr   parser.Expr
	offset time.Duration
}

// recordings are the expressions of the recording rules, by the name that they record.
func recordings(groups []rulefmt.RuleGroup) map[string][]recording {
	out := map[string][]recording{}
	for _, g := range groups {
		for _, rule := range g.Rules {
			if rule.Record != "" {
				out[rule.Record] = append(out[rule.Record], recording{mustParse(rule.Expr), offsetOf(g)})
			}
		}
	}
	return out
}

// mustParse parses an expression that has been parsed before.
func mustParse(expr string) parser.Expr {
	parsed, err := newParser().ParseExpr(expr)
	if err != nil {
		panic("alerts: an expression was valid when it was loaded: " + err.Error())
	}
	return parsed
}

func offsetOf(g rulefmt.RuleGroup) time.Duration {
	if g.QueryOffset == nil {
		return 0
	}
	return time.Duration(*g.QueryOffset)
}

// question is what is asked about the selectors of an expression, with answers of type T.
type question[T any] struct {
	of       func(v *parser.VectorSelector, back time.Duration) T // about one selector, which looks back this far
	free     T                                                    // about what has a result without any data
	all, any func(a, b T) T                                       // about what needs both of two, or one of them
}

// ask asks about the selectors without which an expression has no result. Back is how far it is moved into the past by what
// stands around it.
func ask[T any](r *reader, q question[T], expr parser.Expr, back time.Duration) T {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return ask(r, q, e.Expr, back)
	case *parser.UnaryExpr:
		return ask(r, q, e.Expr, back)
	case *parser.StepInvariantExpr:
		return ask(r, q, e.Expr, back)
	case *parser.AggregateExpr:
		return ask(r, q, e.Expr, back)
	case *parser.MatrixSelector:
		return ask(r, q, e.VectorSelector, back)
	case *parser.SubqueryExpr:
		return ask(r, q, e.Expr, past(back, e.OriginalOffset, e.Timestamp))
	case *parser.VectorSelector:
		return series(r, q, e, past(back, e.OriginalOffset, e.Timestamp))
	case *parser.Call:
		return call(r, q, e, back)
	case *parser.BinaryExpr:
		return binary(r, q, e, back)
	default: // numbers and strings
		return q.free
	}
}

// call needs every vector that it is given; absent() has a result without any, and scalar() is then not a number.
func call[T any](r *reader, q question[T], e *parser.Call, back time.Duration) T {
	args := e.Args
	switch e.Func.Name {
	case "absent", "absent_over_time", "scalar":
		return q.free
	case "info": // its second argument only chooses labels
		args = args[:1]
	}
	out := q.free
	for _, arg := range args {
		if t := arg.Type(); t == parser.ValueTypeVector || t == parser.ValueTypeMatrix {
			out = q.all(out, ask(r, q, arg, back))
		}
	}
	return out
}

func binary[T any](r *reader, q question[T], e *parser.BinaryExpr, back time.Duration) T {
	left, right := ask(r, q, e.LHS, back), ask(r, q, e.RHS, back)
	switch e.Op {
	case parser.LOR:
		return q.any(left, right)
	case parser.LUNLESS:
		return left
	}
	if m := e.VectorMatching; m != nil { // fill() stands in for a side that has no result
		if m.FillValues.LHS != nil && m.FillValues.RHS != nil {
			return q.any(left, right)
		}
		if m.FillValues.LHS != nil {
			return right
		}
		if m.FillValues.RHS != nil {
			return left
		}
	}
	return q.all(left, right)
}

// past adds an offset to what lies behind already. An offset into the future looks back by nothing. A fixed point in time (@)
// is in no run.
func past(back, offset time.Duration, fixed *int64) time.Duration {
	if fixed != nil || back == result.Unreachable {
		return result.Unreachable
	}
	return max(0, result.Plus(back, offset))
}

// series answers for one selector, or for the expressions that record what it selects.
func series[T any](r *reader, q question[T], v *parser.VectorSelector, back time.Duration) T {
	name := metricName(v)
	rules := r.recorded[name]
	if len(rules) == 0 {
		return q.of(v, back)
	}
	if r.busy[name] {
		return q.free
	}
	r.busy[name] = true
	defer delete(r.busy, name)
	out := ask(r, q, rules[0].expr, past(back, rules[0].offset, nil))
	for _, rule := range rules[1:] {
		out = q.any(out, ask(r, q, rule.expr, past(back, rule.offset, nil)))
	}
	return out
}

// reach is how old data must be at least for an expression to have a result.
func (r *reader) reach(expr parser.Expr, offset time.Duration) time.Duration {
	longer := func(a, b time.Duration) time.Duration { return max(a, b) }
	shorter := func(a, b time.Duration) time.Duration { return min(a, b) }
	return ask(r, question[time.Duration]{
		of:  func(_ *parser.VectorSelector, back time.Duration) time.Duration { return back },
		all: longer, any: shorter,
	}, expr, offset)
}

// Selector is what a rule reads: the series of a metric, of one origin if the rule says so.
type Selector struct {
	Metric string // "" if it may be several
	Text   string // PromQL: the metric and where it comes from (job, instance), without what the other labels say of an event
}

// with adds matchers, in braces, to the selector.
func (s Selector) with(matchers string) string {
	if matchers == "" {
		return s.Text
	}
	name, own, some := strings.Cut(s.Text, "{")
	if !some {
		return name + matchers
	}
	return name + strings.TrimSuffix(matchers, "}") + "," + own
}

// absent are the selectors whose series are not there, if they leave an expression without a result; else nil.
func (r *reader) absent(expr parser.Expr, lacks func(Selector) bool) []string {
	both := func(a, b []string) []string { return slices.Concat(a, b) }
	out := ask(r, question[[]string]{
		of: func(v *parser.VectorSelector, _ time.Duration) []string {
			if s, ok := selector(v); ok && lacks(s) {
				return []string{s.Text}
			}
			return nil
		},
		all: both,
		any: func(a, b []string) []string {
			if a == nil || b == nil {
				return nil
			}
			return both(a, b)
		},
	}, expr, 0)
	slices.Sort(out)
	return slices.Compact(out)
}

// selectors are those that an expression reads, whether or not it could do without.
func (r *reader) selectors(expr parser.Expr) []Selector {
	var out []Selector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		if s, ok := selector(v); ok && len(r.recorded[s.Metric]) == 0 && !slices.Contains(out, s) {
			out = append(out, s)
		}
		return nil
	})
	return out
}

// selector is what a vector selector says of the origin of its series; false if it says nothing of it, or if Prometheus makes
// the series from the rules themselves.
func selector(v *parser.VectorSelector) (Selector, bool) {
	s := Selector{Metric: metricName(v)}
	if s.Metric == "ALERTS" || s.Metric == "ALERTS_FOR_STATE" {
		return s, false
	}
	var parts []string
	for _, m := range v.LabelMatchers {
		origin := m.Name == model.JobLabel || m.Name == model.InstanceLabel || m.Name == model.MetricNameLabel && s.Metric == ""
		if origin && (m.Type != labels.MatchEqual || m.Value != "") {
			parts = append(parts, m.String())
		}
	}
	if model.LegacyValidation.IsValidMetricName(s.Metric) {
		s.Text = s.Metric
	} else if s.Metric != "" {
		parts = append([]string{strconv.Quote(s.Metric)}, parts...)
	}
	if len(parts) > 0 {
		s.Text += "{" + strings.Join(parts, ",") + "}"
	}
	return s, s.Text != ""
}

// window is the longest window of an expression.
func (r *reader) window(expr parser.Expr) time.Duration {
	var longest time.Duration
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.MatrixSelector:
			longest = max(longest, n.Range)
		case *parser.SubqueryExpr:
			longest = max(longest, n.Range)
		case *parser.VectorSelector:
			name := metricName(n)
			if len(r.recorded[name]) == 0 || r.busy[name] {
				return nil
			}
			r.busy[name] = true
			defer delete(r.busy, name)
			for _, rule := range r.recorded[name] {
				longest = max(longest, r.window(rule.expr))
			}
		}
		return nil
	})
	return longest
}
