package alerts

import (
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// dimension is what the value of an expression is made of, as far as a time-lapse matters: how it grows with the windows that
// are divided, and with time, which is not.
type dimension struct {
	window float64 // power of the windows: 1 for increase(), 0 for rate() and for one increase() divided by another
	time   float64 // power of time: 1 for a duration, -1 for a rate per second, 0 for a ratio, a number of things, or CPU cores
	clock  bool    // a point in time, in seconds since 1970

	observed float64 // of the series of a histogram: the power of time of what was observed
	grower   string  // what brings the window: a function such as increase()
	timer    string  // what brings the time: a metric or a function

	constant bool    // the expression has the same value always: value
	value    float64 //
	metric   string  // the raw series that the expression is, or sums up; "": something else
	offset   time.Duration
}

func number(v float64) dimension { return dimension{constant: true, value: v} }

// scaleless says that multiplying by any factor changes nothing: 0, the infinities and NaN.
func (d dimension) scaleless() bool {
	return d.constant && (d.value == 0 || math.IsInf(d.value, 0) || math.IsNaN(d.value))
}

// derived is the dimension with other powers; it is no constant and no raw series any more.
func (d dimension) derived(window, time float64) dimension {
	return dimension{window: window, time: time, clock: d.clock, observed: d.observed, grower: d.grower, timer: d.timer}
}

// ratio is a number without any unit.
func ratio() dimension { return dimension{} }

// typer finds the dimensions of expressions. It looks recorded names up in the rules that record them.
type typer struct {
	recorded map[string][]string // expressions, by the name that they are recorded under
	busy     map[string]bool     // names being looked up: a rule may refer to itself
	met      func(constant, other dimension)
}

func newTyper(groups []rulefmt.RuleGroup) *typer {
	return &typer{recorded: newSignals(groups).recorded, busy: map[string]bool{}}
}

// of is the dimension of an expression. Every place where a constant is compared with something, or added to it, is told to met.
func (t *typer) of(expr parser.Expr) dimension {
	switch e := expr.(type) {
	case *parser.NumberLiteral:
		return number(e.Val)
	case *parser.ParenExpr:
		return t.of(e.Expr)
	case *parser.StepInvariantExpr:
		return t.of(e.Expr)
	case *parser.UnaryExpr:
		d := t.of(e.Expr)
		if e.Op == parser.SUB {
			d.value = -d.value
		}
		return d
	case *parser.VectorSelector:
		d := t.ofMetric(metricName(e))
		d.offset = e.OriginalOffset
		return d
	case *parser.MatrixSelector:
		return t.of(e.VectorSelector)
	case *parser.SubqueryExpr:
		d := t.of(e.Expr)
		return d.derived(d.window, d.time)
	case *parser.AggregateExpr:
		return t.aggregate(e)
	case *parser.Call:
		return t.call(e)
	case *parser.BinaryExpr:
		return t.binary(e)
	}
	return ratio() // a string
}

func (t *typer) aggregate(e *parser.AggregateExpr) dimension {
	d := t.of(e.Expr)
	if e.Param != nil {
		t.of(e.Param)
	}
	switch e.Op {
	case parser.COUNT, parser.COUNT_VALUES, parser.GROUP:
		return ratio()
	case parser.STDVAR:
		return d.derived(2*d.window, 2*d.time)
	case parser.SUM:
		if d.constant && !d.scaleless() { // times the number of series
			return ratio()
		}
	}
	return d
}

// ofMetric is the dimension of a recorded name, or what the name of a metric says by convention.
func (t *typer) ofMetric(name string) dimension {
	exprs, recorded := t.recorded[name]
	if !recorded {
		return ofName(name)
	}
	if t.busy[name] {
		return ratio()
	}
	t.busy[name] = true
	defer delete(t.busy, name)
	met := t.met
	t.met = nil // what a recording rule compares is noted with that rule
	defer func() { t.met = met }()
	var d dimension
	for i, expr := range exprs {
		parsed, err := newParser().ParseExpr(expr)
		if err != nil {
			continue // Load has refused it
		}
		if of := t.of(parsed); i == 0 {
			d = of
		} else {
			d = either(d, of)
		}
	}
	d.metric = ""
	if d.grower != "" {
		d.grower = name
	}
	if d.timer != "" {
		d.timer = name
	}
	return d
}

// timeUnits are the units in names of metrics that measure a time.
var timeUnits = map[string]bool{
	"seconds": true, "milliseconds": true, "microseconds": true, "nanoseconds": true, "minutes": true, "hours": true, "days": true,
	"ms": true,
}

// pointsInTime end the names of metrics that hold a point in time, and not a duration.
var pointsInTime = []string{"timestamp", "timestamp_seconds", "start_time_seconds", "boot_time_seconds", "_created"}

// ofName reads the unit in the name of a metric. In names of the form level:metric:operations, which rules of another file may
// have recorded, the last operation counts too.
//
// Source: the naming conventions of Prometheus, https://prometheus.io/docs/practices/naming/ and …/practices/rules/.
func ofName(name string) dimension {
	d := dimension{metric: name}
	base, operations, recorded := cutLast(name, ":")
	for _, word := range strings.FieldsFunc(base, func(r rune) bool { return r == '_' || r == ':' }) {
		if timeUnits[word] {
			d.time, d.observed, d.timer = 1, 1, name
		}
	}
	for _, end := range []string{"_bucket", "_count", "_info"} {
		if strings.HasSuffix(base, end) {
			d.time = 0
		}
	}
	for _, end := range pointsInTime {
		if strings.HasSuffix(name, end) {
			d.time, d.clock, d.timer = 0, true, name
		}
	}
	if !recorded {
		return d
	}
	d.metric = ""
	for _, operation := range []struct {
		name  string
		apply func(dimension) dimension
	}{
		{"ratio", func(dimension) dimension { return ratio() }},
		{"rate", func(d dimension) dimension { return d.derived(0, d.time-1) }},
		{"increase", func(d dimension) dimension { return d.derived(1, d.time) }},
		{"delta", func(d dimension) dimension { return d.derived(1, d.time) }},
	} {
		if strings.Contains(operations, operation.name) {
			d = operation.apply(d)
			d.grower, d.timer = name, name
			break
		}
	}
	return d
}

// cutLast slices a name around its last separator; a name without one is all before it.
func cutLast(name, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(name, sep); i >= 0 {
		return name[:i], name[i+len(sep):], true
	}
	return name, "", false
}

// either is the dimension of what may be one or the other, or is the sum of both: whatever does not scale in one of them does
// not scale in the whole. A constant takes the dimension of what it stands beside.
func either(a, b dimension) dimension {
	switch {
	case a.constant && b.constant:
		if a.value == b.value {
			return a
		}
		return ratio()
	case a.constant:
		return b
	case b.constant:
		return a
	case math.Abs(b.window) > math.Abs(a.window), b.window == a.window && b.time > a.time, b.clock:
		a, b = b, a
	}
	return a.derived(a.window, a.time)
}
