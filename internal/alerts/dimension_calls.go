package alerts

import (
	"cmp"
	"math"

	"github.com/prometheus/prometheus/promql/parser"
)

// results says what a function makes of the dimension of its argument. A function that is missing keeps it: abs(), last_over_time(),
// clamp(), sort(), label_replace() and the like. A test holds kept to the functions that Prometheus has.
var results = map[string]func(d dimension, name string) dimension{
	"increase": amount, "delta": amount, "idelta": amount,
	"sum_over_time": amount,
	"changes":       events, "resets": events, "count_over_time": events,

	"rate": perSecond, "irate": perSecond, "deriv": perSecond,

	"absent": unitless, "absent_over_time": unitless, "present_over_time": unitless, "sgn": unitless,
	"minute": unitless, "hour": unitless, "day_of_week": unitless, "day_of_month": unitless, "day_of_year": unitless,
	"days_in_month": unitless, "month": unitless, "year": unitless,
	"histogram_fraction": unitless,
	"acos":               unitless, "acosh": unitless, "asin": unitless, "asinh": unitless, "atan": unitless, "atanh": unitless, "cos": unitless, "cosh": unitless,
	"sin": unitless, "sinh": unitless, "tan": unitless, "tanh": unitless,
	"pi": func(dimension, string) dimension { return number(math.Pi) },

	"time": pointInTime, "timestamp": pointInTime, "start": pointInTime, "end": pointInTime, "start_timestamp": pointInTime,
	"ts_of_first_over_time": pointInTime, "ts_of_last_over_time": pointInTime,
	"ts_of_max_over_time": pointInTime, "ts_of_min_over_time": pointInTime,

	"histogram_quantile": observed(1), "histogram_quantiles": observed(1), "histogram_avg": observed(1), "histogram_stddev": observed(1),
	"histogram_stdvar": observed(2),
	"histogram_sum":    kept,
	"histogram_count":  func(d dimension, _ string) dimension { return d.derived(d.window, d.time-d.observed) },

	"stdvar_over_time": func(d dimension, _ string) dimension { return d.derived(2*d.window, 2*d.time) },
	"sqrt":             func(d dimension, _ string) dimension { return d.derived(d.window/2, d.time/2) },
}

func kept(d dimension, _ string) dimension        { return d }
func unitless(dimension, string) dimension        { return ratio() }
func pointInTime(_ dimension, n string) dimension { return dimension{clock: true, timer: n + "()"} }

func perSecond(d dimension, _ string) dimension {
	if d.clock {
		return ratio()
	}
	return d.derived(d.window, d.time-1)
}

// amount grows with the window: twice the window, twice the value.
func amount(d dimension, name string) dimension {
	d = d.derived(d.window+1, d.time)
	d.clock, d.grower = false, name+"()"
	return d
}

// events is the number of samples, changes or resets in the window.
func events(_ dimension, name string) dimension { return dimension{window: 1, grower: name + "()"} }

// observed is a statistic of what a histogram observed, whichever way its buckets were counted.
func observed(power float64) func(dimension, string) dimension {
	return func(d dimension, _ string) dimension { return dimension{time: power * d.observed, timer: d.timer} }
}

func (t *typer) call(e *parser.Call) dimension {
	var args []dimension
	for _, arg := range e.Args {
		args = append(args, t.of(arg))
	}
	name := e.Func.Name
	var d dimension
	switch {
	case name == "quantile_over_time" || name == "histogram_quantile":
		d = args[1]
	case name == "histogram_fraction" || len(args) == 0:
	default:
		d = args[0]
	}
	switch name {
	case "scalar", "vector", "label_replace", "label_join", "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
		return d // the value itself
	case "count_over_time", "sum_over_time":
		// A subquery of a given step has as many steps after the division of both as before.
		if sub, ok := e.Args[0].(*parser.SubqueryExpr); ok && sub.Step > 0 {
			if name == "count_over_time" {
				return ratio()
			}
			return d
		}
	}
	if result, ok := results[name]; ok {
		return result(d, name)
	}
	return d.derived(d.window, d.time)
}

func (t *typer) binary(e *parser.BinaryExpr) dimension {
	l, r := t.of(e.LHS), t.of(e.RHS)
	switch {
	case e.Op.IsComparisonOperator():
		t.meet(l, r)
		switch {
		case e.ReturnBool:
			return ratio()
		case e.LHS.Type() == parser.ValueTypeScalar: // a filter keeps the values of the vector
			return r
		}
		return l
	case e.Op.IsSetOperator():
		if e.Op == parser.LOR {
			return either(l, r)
		}
		return l
	}
	switch e.Op {
	case parser.ADD, parser.SUB:
		return t.sum(e.Op, l, r)
	case parser.MUL:
		return product(l, r, 1)
	case parser.DIV:
		return product(l, r, -1)
	case parser.MOD:
		if l.clock {
			return dimension{clock: true, timer: l.timer} // the time of day, as a rule
		}
		return l.derived(l.window, l.time)
	case parser.POW:
		switch {
		case l.constant && r.constant:
			return number(math.Pow(l.value, r.value))
		case r.constant:
			return l.derived(l.window*r.value, l.time*r.value)
		}
	}
	return ratio()
}

// meet tells met of a constant beside something else.
func (t *typer) meet(a, b dimension) {
	if t.met == nil || a.constant == b.constant {
		return
	}
	if b.constant {
		a, b = b, a
	}
	if !a.scaleless() {
		t.met(a, b)
	}
}

func (t *typer) sum(op parser.ItemType, l, r dimension) dimension {
	sign := 1.0
	if op == parser.SUB {
		sign = -1
	}
	switch {
	case l.constant && r.constant:
		return number(l.value + sign*r.value)
	case op == parser.SUB && (l.clock || r.clock) && !r.constant: // how long ago, or how long until then
		if !l.clock {
			l.timer = r.timer
		}
		return dimension{time: 1, timer: l.timer}
	case l.clock || r.clock: // another point in time
		if r.clock {
			l, r = r, l
		}
		t.meet(r, dimension{time: 1, timer: l.timer})
		return dimension{clock: true, timer: l.timer}
	case op == parser.SUB && l.metric != "" && l.metric == r.metric && l.offset != r.offset: // an increase, written out
		return dimension{window: 1, time: l.time, grower: l.metric + " offset", timer: l.timer}
	}
	t.meet(l, r)
	return either(l, r)
}

// product is the dimension of l × r to the power of sign.
func product(l, r dimension, sign float64) dimension {
	switch {
	case l.constant && r.constant:
		return number(l.value * math.Pow(r.value, sign))
	case l.constant && l.value == 0, sign > 0 && r.constant && r.value == 0:
		return number(0)
	}
	d := l.derived(l.window+sign*r.window, l.time+sign*r.time)
	d.clock = l.clock && r.constant || r.clock && l.constant && sign > 0
	d.grower, d.timer = cmp.Or(l.grower, r.grower), cmp.Or(l.timer, r.timer)
	if d.observed == 0 && sign > 0 {
		d.observed = r.observed
	}
	return d
}
