package alerts

import (
	"strconv"

	"github.com/prometheus/prometheus/promql/parser"
)

// What does not scale. A note of one kind has one text, so that the rules that it is about stand behind each other.
const (
	noteAmount = "a number is compared with an amount per window, or added to one: the window is divided, the number is not"
	noteTime   = "a number is compared with a time, or added to one: neither is divided"
	noteClock  = "the time of day runs at its own speed"
	noteAt     = "a point in time (@) stays where it is"
	noteLook   = "predict_linear() looks ahead by its second argument, in seconds that are not divided"
	noteSmooth = "double_exponential_smoothing() smooths by samples, not by time: its memory does not shrink with the window"
)

// unscaledCalls are the functions whose result or argument is bound to real time whatever it is compared with.
var unscaledCalls = map[string]string{
	"predict_linear":               noteLook,
	"double_exponential_smoothing": noteSmooth,
	"minute":                       noteClock,
	"hour":                         noteClock,
	"day_of_week":                  noteClock,
	"day_of_month":                 noteClock,
	"day_of_year":                  noteClock,
	"days_in_month":                noteClock,
	"month":                        noteClock,
	"year":                         noteClock,
}

// unscaled notes what in an expression keeps its meaning in real time although the windows around it are divided.
func (l *lapser) unscaled(expr parser.Expr) {
	if l.factor == 1 {
		return
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.Call:
			if why, ok := unscaledCalls[n.Func.Name]; ok {
				detail := ""
				if why == noteClock {
					detail = n.Func.Name + "()"
				}
				l.note(why, detail)
			}
		case *parser.VectorSelector:
			if n.Timestamp != nil || n.StartOrEnd != 0 {
				l.note(noteAt, "")
			}
		case *parser.SubqueryExpr:
			if n.Timestamp != nil || n.StartOrEnd != 0 {
				l.note(noteAt, "")
			}
		}
		return nil
	})
	l.typer.met = func(constant, other dimension) {
		with := func(what string) string { return strconv.FormatFloat(constant.value, 'g', -1, 64) + " and " + what }
		switch {
		case other.window != 0:
			l.note(noteAmount, with(other.grower))
		case other.clock:
			l.note(noteClock, other.timer)
		case other.time > 0:
			l.note(noteTime, with(other.timer))
		}
	}
	l.typer.of(expr)
	l.typer.met = nil
}
