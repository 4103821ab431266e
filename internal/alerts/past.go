package alerts

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Read is one way in which alerts read the series that match.
type Read struct {
	Matchers []*labels.Matcher
	Func     string        // the function over the range: rate; "" where one sample at a time is read
	Range    time.Duration // of the samples that one value is made of; 0: one sample at a time is read
	// Past is how far before an evaluation of the alert the oldest sample can be that counts: offsets, windows, subqueries and what
	// recording rules in between look back, together. Unreachable: a point in time (@).
	Past time.Duration
}

// Reads are all ways in which the alerts read series, the recorded ones that they go through included.
func (l *Lapsed) Reads() []Read {
	reader := l.reader()
	var out []Read
	for _, g := range l.groups {
		for _, rule := range g.Rules {
			if rule.Alert != "" {
				out = append(out, reader.reads(mustParse(rule.Expr), offsetOf(g))...)
			}
		}
	}
	return out
}

// reads are the ways in which an expression reads series, which is moved back by what stands around it.
func (r *reader) reads(expr parser.Expr, back time.Duration) []Read {
	var out []Read
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		v, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		read := readOf(v, path, back)
		out = append(out, read)
		name := metricName(v)
		if r.busy[name] {
			return nil
		}
		r.busy[name] = true
		defer delete(r.busy, name)
		for _, rule := range r.recorded[name] {
			out = append(out, r.reads(rule.expr, past(read.Past, rule.offset, nil))...)
		}
		return nil
	})
	return out
}

// readOf is what a selector is read for, which stands below the nodes of the path, the outermost first.
func readOf(v *parser.VectorSelector, path []parser.Node, back time.Duration) Read {
	read := Read{Matchers: v.LabelMatchers, Past: back}
	for i, node := range path {
		switch n := node.(type) {
		case *parser.SubqueryExpr:
			read.Past = past(read.Past, result.Plus(n.OriginalOffset, n.Range), n.Timestamp)
		case *parser.MatrixSelector:
			read.Range = n.Range
			if call, ok := path[max(0, i-1)].(*parser.Call); ok {
				read.Func = call.Func.Name
			}
		}
	}
	read.Past = past(read.Past, result.Plus(v.OriginalOffset, read.Range), v.Timestamp)
	return read
}

// furthest is how far an expression looks back at most.
func (r *reader) furthest(expr parser.Expr, offset time.Duration) time.Duration {
	furthest := offset
	for _, read := range r.reads(expr, offset) {
		furthest = max(furthest, read.Past)
	}
	return furthest
}

// Limits of a length of synthetic history, in the rules' own time.
const (
	leastHistory = time.Minute
	mostHistory  = 366 * 24 * time.Hour
)

// ParseHistory reads a length of synthetic history, in the rules' own time, as rule files write durations. "" and 0 are none. The
// error says what is legal.
func ParseHistory(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := model.ParseDuration(text)
	if length := time.Duration(d); err != nil || length != 0 && (length < leastHistory || length > mostHistory) {
		return 0, fmt.Errorf("%q: want a duration in the rules' own time, such as 30d, 72h or 90m, from %v to %v, or 0 for none",
			text, model.Duration(leastHistory), model.Duration(mostHistory))
	}
	return time.Duration(d), nil
}

// Written is a duration as rule files write it: 3d.
func Written(d time.Duration) string { return model.Duration(d.Round(time.Millisecond)).String() }

// LookingBack are the alerts that look back farther than data reach, by ID, with how far; time-lapsed both. One that reads a point in
// time (@) is none, since no data are old enough.
func LookingBack(all result.Rules, data time.Duration) map[string]time.Duration {
	out := map[string]time.Duration{}
	for i, id := range all.IDs() {
		if past := all[i].Past; past > data && past != result.Unreachable {
			out[id] = max(out[id], past)
		}
	}
	return out
}

// Long says, in words, how far alerts look back that are longer than data reach, in the rules' own time.
func Long(all result.Rules, data time.Duration, lapse float64) string {
	by := LookingBack(all, data)
	var out string
	for _, id := range all.IDs() {
		past, long := by[id]
		if !long {
			continue
		}
		delete(by, id)
		if out != "" {
			out += ", "
		}
		out += fmt.Sprintf("%s (%s)", id, InRuleTime(past, lapse))
	}
	return out
}

// InRuleTime writes a time of a run as a time of the rules as they were written, to the minute above an hour, else to the second.
func InRuleTime(d time.Duration, lapse float64) string {
	written := time.Duration(float64(d) * lapse)
	if written >= time.Hour {
		return Written(written.Round(time.Minute))
	}
	return Written(written.Round(time.Second))
}
