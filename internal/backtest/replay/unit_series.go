package replay

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
)

// cutting is series between two times, their samples moved to a grid.
type cutting struct {
	store *store
	texts []unitSeries // the same, as promtool reads them
	start int64        // the time of the first point, ms; 0, or that of the run for rules that read the clock
	end   int64        // of the last point, ms
}

// evaluations is the number of the last evaluation, from 0.
func (c *cutting) evaluations(interval int64) int64 { return (c.end - c.start) / interval }

// clocks are functions whose value depends on the time of day, or on the times of samples.
var clocks = []string{"time", "timestamp", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"}

// inputs are what alerts of these names read, through recorded series and the alerts that they refer to, and whether they read the
// clock.
func (of *Rules) inputs(names []string) (out [][]*labels.Matcher, clock bool) {
	recorded, visited := records(of.groups), map[string]bool{}
	var visit func(chosen func(rulefmt.Rule) bool)
	visit = func(chosen func(rulefmt.Rule) bool) {
		for g, group := range of.groups {
			for i, rule := range group.Rules {
				key := fmt.Sprint(g, " ", i)
				if !chosen(rule) || visited[key] {
					continue
				}
				visited[key] = true
				clock = clock || readsClock(rule)
				for _, matchers := range selectors(rule) {
					switch name := nameOf(matchers); {
					case name == alertsMetric, name == forStateMetric:
						visit(func(r rulefmt.Rule) bool { return r.Alert != "" && named(matchers, r.Alert) })
					case slices.Contains(recorded, name):
						visit(func(r rulefmt.Rule) bool { return r.Record == name })
					default:
						out = append(out, matchers)
					}
				}
			}
		}
	}
	visit(func(r rulefmt.Rule) bool { return r.Alert != "" && slices.Contains(names, r.Alert) })
	return out, clock
}

// named says that a selector of ALERTS can mean the alerts of a rule.
func named(matchers []*labels.Matcher, alert string) bool {
	return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return m.Name == labels.AlertName && !m.Matches(alert) })
}

func readsClock(rule rulefmt.Rule) bool {
	expr, err := newParser().ParseExpr(rule.Expr)
	if err != nil {
		return false
	}
	found := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		call, ok := node.(*parser.Call)
		found = found || ok && slices.Contains(clocks, call.Func.Name)
		return nil
	})
	return found
}

// cut takes what alerts of these names read out of a store, from one time to another, ms. why says why that cannot be.
func (w *unitWriter) cut(from *store, names []string, begin, end int64) (_ *cutting, why string) {
	inputs, clock := w.of.inputs(names)
	out := &cutting{end: end - begin}
	if clock {
		out.start, out.end = begin, end
	}
	lookback := w.conditions(w.of).lookback.Milliseconds()
	var all []*series
	for _, s := range from.series {
		if !slices.ContainsFunc(inputs, func(m []*labels.Matcher) bool { return matches(s.labels, m) }) {
			continue
		}
		if s.mixed != nil {
			return nil, fmt.Sprintf("%s is a native histogram, which is not written to unit tests", s.labels.Get(model.MetricNameLabel))
		}
		points := s.onGrid(begin+w.step/2, end, w.step, lookback)
		if !slices.ContainsFunc(points, func(p point) bool { return p.there }) {
			continue
		}
		all = append(all, gridSeries(s.labels, points, out.start+w.step/2, w.step))
		out.texts = append(out.texts, unitSeries{seriesText(s.labels), valuesText(between(points))})
	}
	out.store = newStore(all)
	return out, ""
}

// between puts nothing before each point: samples stand halfway between evaluations, where no window begins or ends. Whether a window
// has the sample at its beginning is not the same in all versions of promtool.
func between(points []point) []point {
	out := make([]point, 0, 2*len(points))
	for _, p := range points {
		out = append(out, point{}, p)
	}
	return out
}

// point is one of a grid.
type point struct {
	there bool
	value float64 // a staleness marker says that the series has ended
}

// onGrid is a series at every step from one time to another, ms: each point is the last sample since the point before. A series
// without a sample for as long as the lookback of the run ends with a staleness marker, since that of promtool is longer.
func (s *series) onGrid(begin, end, step, lookback int64) []point {
	out := make([]point, 0, (end-begin)/step+1)
	current, last := false, int64(0)
	for at := begin; at <= end; at += step {
		since := at - step
		if at == begin {
			since = at - lookback
		}
		var p point
		if i := s.upTo(at); i >= 0 && s.floats[i].t > since {
			p = point{true, s.floats[i].v}
			current, last = !value.IsStaleNaN(p.value), s.floats[i].t
			p.there = current || len(out) > 0 // a series that has ended before is not there
		} else if current && at-last >= lookback {
			p, current = point{true, math.Float64frombits(value.StaleNaN)}, false
		}
		out = append(out, p)
	}
	return out
}

// upTo is the index of the last sample up to a time, −1 if there is none.
func (s *series) upTo(t int64) int {
	i, found := slices.BinarySearchFunc(s.floats, t, func(f float, t int64) int { return cmp.Compare(f.t, t) })
	if found {
		return i
	}
	return i - 1
}

func gridSeries(of labels.Labels, points []point, start, step int64) *series {
	s := &series{labels: of}
	for i, p := range points {
		if p.there {
			s.floats = append(s.floats, float{start + int64(i)*step, p.value})
		}
	}
	return s
}

// seriesText writes labels as a selector, the name before the braces where it can stand there.
func seriesText(of labels.Labels) string {
	name := of.Get(model.MetricNameLabel)
	if !model.LegacyValidation.IsValidMetricName(name) {
		return of.String()
	}
	rest := of.MatchLabels(false, model.MetricNameLabel)
	if rest.IsEmpty() {
		return name
	}
	return name + rest.String()
}

// valuesText writes points in promtool's notation: _ for none, and axn for a and n more of it.
func valuesText(points []point) string {
	var out []string
	for i := 0; i < len(points); {
		text := points[i].text()
		n := 1
		for i+n < len(points) && points[i+n].text() == text {
			n++
		}
		switch c := text[len(text)-1]; {
		case n == 1:
			out = append(out, text)
		case text == "_":
			out = append(out, fmt.Sprintf("_x%d", n))
		case '0' <= c && c <= '9':
			out = append(out, fmt.Sprintf("%sx%d", text, n-1))
		default: // NaN, Inf and stale, which take no count
			out = append(out, strings.TrimSpace(strings.Repeat(text+" ", n)))
		}
		i += n
	}
	return strings.Join(out, " ")
}

func (p point) text() string {
	switch abs := math.Abs(p.value); {
	case !p.there:
		return "_"
	case value.IsStaleNaN(p.value):
		return "stale"
	case math.IsNaN(p.value):
		return "NaN"
	case math.IsInf(p.value, 0):
		return strings.TrimPrefix(strconv.FormatFloat(p.value, 'g', -1, 64), "+")
	case abs != 0 && (abs < 1e-4 || abs >= 1e15):
		return strconv.FormatFloat(p.value, 'e', -1, 64)
	default:
		return strconv.FormatFloat(p.value, 'f', -1, 64)
	}
}
