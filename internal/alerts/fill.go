package alerts

import (
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// fill is how long a fault must last before an expression can become true, for series that were there before the fault:
//
//	min_over_time(x[w]) > c     w: the samples from before the fault leave the window
//	max_over_time(x[w]) < c     w
//	increase(x[w]) == 0         w, and so for rate and changes: the counter moved before the fault
//	absent_over_time(x[w])      w
//
// Other windows need not be full: a rate over an hour rises at once, if it rises high enough. So the fill is 0 wherever it is
// not known.
func (r *reader) fill(expr parser.Expr) time.Duration {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return r.fill(e.Expr)
	case *parser.AggregateExpr:
		return r.fill(e.Expr)
	case *parser.Call:
		return r.fillOfAbsence(e)
	case *parser.VectorSelector:
		return r.through(e, r.fill)
	case *parser.BinaryExpr:
		switch left, right := r.fill(e.LHS), r.fill(e.RHS); {
		case e.Op == parser.LOR:
			return min(left, right)
		case e.Op == parser.LUNLESS:
			return left
		case e.Op.IsComparisonOperator() && !e.ReturnBool:
			return max(left, right, r.fillOfComparison(e))
		default:
			return max(left, right)
		}
	}
	return 0
}

// fillOfAbsence is the window of absent_over_time(x[w]), and of absent(f(x[w])).
func (r *reader) fillOfAbsence(e *parser.Call) time.Duration {
	if len(e.Args) == 0 {
		return 0
	}
	switch e.Func.Name {
	case "absent_over_time":
		return rangeOf(e.Args[0])
	case "absent":
		if inner, ok := unwrap(e.Args[0]).(*parser.Call); ok && len(inner.Args) > 0 {
			return rangeOf(inner.Args[0])
		}
	}
	return 0
}

// mirrored are the comparisons as they read from the other side.
var mirrored = map[parser.ItemType]parser.ItemType{
	parser.GTR: parser.LSS, parser.LSS: parser.GTR, parser.GTE: parser.LTE, parser.LTE: parser.GTE, parser.EQLC: parser.EQLC,
}

func (r *reader) fillOfComparison(e *parser.BinaryExpr) time.Duration {
	value, limit, op := e.LHS, e.RHS, e.Op
	if isConstant(value) {
		value, limit, op = e.RHS, e.LHS, mirrored[e.Op]
	}
	if !isConstant(limit) {
		return 0
	}
	call := r.callIn(value)
	if call == nil {
		return 0
	}
	zero := limit.String() == "0"
	switch call.Func.Name {
	case "min_over_time":
		if op == parser.GTR || op == parser.GTE {
			return rangeOf(call.Args[0])
		}
	case "max_over_time":
		if op == parser.LSS || op == parser.LTE {
			return rangeOf(call.Args[0])
		}
	case "increase", "rate", "changes":
		if zero && (op == parser.EQLC || op == parser.LTE) {
			return rangeOf(call.Args[0])
		}
	}
	return 0
}

// callIn is the function whose value, aggregated or not, an expression is; nil for anything else.
func (r *reader) callIn(expr parser.Expr) *parser.Call {
	switch e := unwrap(expr).(type) {
	case *parser.Call:
		return e
	case *parser.VectorSelector:
		var call *parser.Call
		r.through(e, func(inner parser.Expr) time.Duration {
			call = r.callIn(inner)
			return 0
		})
		return call
	}
	return nil
}

// through looks at the expression that records what a selector selects, if there is one such.
func (r *reader) through(v *parser.VectorSelector, look func(parser.Expr) time.Duration) time.Duration {
	name := metricName(v)
	if len(r.recorded[name]) != 1 || r.busy[name] {
		return 0
	}
	r.busy[name] = true
	defer delete(r.busy, name)
	return look(r.recorded[name][0].expr)
}

// unwrap takes off parentheses, and aggregations, whose value is among those that they aggregate or is zero when they are.
func unwrap(expr parser.Expr) parser.Expr {
	for {
		switch e := expr.(type) {
		case *parser.ParenExpr:
			expr = e.Expr
		case *parser.AggregateExpr:
			switch e.Op {
			case parser.SUM, parser.MIN, parser.MAX, parser.AVG, parser.TOPK, parser.BOTTOMK:
				expr = e.Expr
			default:
				return e
			}
		default:
			return e
		}
	}
}

// rangeOf is the length of a window; 0 for what is none.
func rangeOf(expr parser.Expr) time.Duration {
	switch e := expr.(type) {
	case *parser.MatrixSelector:
		return e.Range
	case *parser.SubqueryExpr:
		return e.Range
	case *parser.ParenExpr:
		return rangeOf(e.Expr)
	}
	return 0
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
