package alerts

import (
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// unscaledCalls are the functions whose result or argument is bound to real time, and what a reader should know.
var unscaledCalls = map[string]string{
	"predict_linear":               "looks ahead by its second argument, in seconds that are not divided",
	"double_exponential_smoothing": "smooths by samples, not by time: its memory does not shrink with the window",
	"holt_winters":                 "smooths by samples, not by time: its memory does not shrink with the window",
	"time":                         "is the time of day and runs at its own speed",
	"timestamp":                    "is the time of day and runs at its own speed",
	"minute":                       "is the time of day and runs at its own speed",
	"hour":                         "is the time of day and runs at its own speed",
	"day_of_week":                  "is a calendar date and runs at its own speed",
	"day_of_month":                 "is a calendar date and runs at its own speed",
	"day_of_year":                  "is a calendar date and runs at its own speed",
	"days_in_month":                "is a calendar date and runs at its own speed",
	"month":                        "is a calendar date and runs at its own speed",
	"year":                         "is a calendar date and runs at its own speed",
}

// amountCalls grow with their window, so that a number compared with them would have to shrink with it.
var amountCalls = map[string]bool{
	"increase": true, "delta": true, "changes": true, "resets": true, "count_over_time": true, "sum_over_time": true,
}

// unscaled notes what in a node keeps its meaning in real time although the windows around it were divided.
func (l *lapser) unscaled(node parser.Node) {
	switch n := node.(type) {
	case *parser.Call:
		if why, ok := unscaledCalls[n.Func.Name]; ok {
			l.note("%s() %s", n.Func.Name, why)
		}
	case *parser.VectorSelector:
		if n.Timestamp != nil || n.StartOrEnd != 0 {
			l.note("a point in time (@) stays where it is")
		}
	case *parser.SubqueryExpr:
		if n.Timestamp != nil || n.StartOrEnd != 0 {
			l.note("a point in time (@) stays where it is")
		}
	case *parser.BinaryExpr:
		if n.Op.IsComparisonOperator() {
			l.comparison(n.LHS, n.RHS)
			l.comparison(n.RHS, n.LHS)
		}
	}
}

// comparison notes a constant that is compared with seconds, or with an amount per window.
func (l *lapser) comparison(constant, value parser.Expr) {
	if !isConstant(constant) {
		return
	}
	if name := secondsIn(value); name != "" {
		l.note("%s is compared with %s, in seconds that are not divided", constant, name)
	}
	if call := amountIn(value); call != "" {
		l.note("%s is compared with %s(), which grows with its window: the number is not divided", constant, call)
	}
}

// isConstant says that an expression is made of number literals only.
func isConstant(expr parser.Expr) bool {
	switch e := expr.(type) {
	case *parser.NumberLiteral:
		return true
	case *parser.ParenExpr:
		return isConstant(e.Expr)
	case *parser.UnaryExpr:
		return isConstant(e.Expr)
	case *parser.BinaryExpr:
		return isConstant(e.LHS) && isConstant(e.RHS)
	}
	return false
}

// secondsIn is the first metric of an expression that is named as one of seconds. A rate of a _count or _bucket is not.
func secondsIn(expr parser.Expr) string {
	found := ""
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok && found == "" {
			name := metricName(v)
			if strings.Contains(name, "seconds") && !strings.HasSuffix(name, "_count") {
				found = name
			}
		}
		return nil
	})
	return found
}

// amountIn is the first function that is an amount per window, unless it is divided by another one: a share has no
// unit.
func amountIn(expr parser.Expr) string {
	found := ""
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		call, ok := node.(*parser.Call)
		if !ok || found != "" || !amountCalls[call.Func.Name] {
			return nil
		}
		for _, above := range path {
			if b, ok := above.(*parser.BinaryExpr); ok && b.Op == parser.DIV {
				return nil
			}
		}
		found = call.Func.Name
		return nil
	})
	return found
}
