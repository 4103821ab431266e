package replay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/rules"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// times are when the Prometheus of an arm evaluated its rules, as far as the series say.
type times struct {
	phase map[string]int64 // by group that the run had: a time of one of its evaluations, modulo its interval, ms
	gaps  []gap            // in which it evaluated nothing
}

// gap is a stretch without evaluations, ms; both ends are the first and the last evaluation that is missing.
type gap struct{ from, to int64 }

// missedEvaluations is how many evaluations of a group must be missing in a row to be a gap: one or two may be late.
const missedEvaluations = 3

// readTimes looks at what the run's own rules have written until a time, ms.
func (r *Recording) readTimes(ctx context.Context, d *database, until int64) (times, error) {
	out := times{phase: map[string]int64{}}
	written, err := load(ctx, d, append(records(r.groups), alertsMetric), func(string) bool { return false })
	if err != nil {
		return out, err
	}
	beats := false
	for _, g := range r.groups {
		interval, offset := r.interval(g).Milliseconds(), int64(0)
		if g.QueryOffset != nil {
			offset = time.Duration(*g.QueryOffset).Milliseconds()
		}
		for _, rule := range g.Rules {
			_, known := out.phase[g.Name]
			heartbeat := !beats && r.heartbeat(rule)
			if known && !heartbeat || !r.alone(g, rule) {
				continue
			}
			samples := writtenBy(written, rule)
			if len(samples) == 0 {
				continue
			}
			out.phase[g.Name] = (samples[0] + offset) % interval
			if heartbeat {
				out.gaps, beats = gaps(samples, offset, interval, until), true
			}
		}
	}
	return out, nil
}

// alone says that no other group writes what a rule writes.
func (r *Recording) alone(of rulefmt.RuleGroup, rule rulefmt.Rule) bool {
	for _, g := range r.groups {
		for _, other := range g.Rules {
			if g.Name != of.Name && other.Alert == rule.Alert && other.Record == rule.Record {
				return false
			}
		}
	}
	return true
}

// heartbeat says that a rule writes something at every evaluation: a dead man's switch.
func (r *Recording) heartbeat(rule rulefmt.Rule) bool {
	return rule.Alert != "" && slices.ContainsFunc(r.Data.Run.Alerts, func(a result.Alert) bool {
		return a.Name == rule.Alert && a.Constant == result.AlwaysTrue
	})
}

// writtenBy are the times of the samples that a rule wrote, sorted, ms.
func writtenBy(s *store, rule rulefmt.Rule) []int64 {
	matchers := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, rule.Record)}
	if rule.Alert != "" {
		matchers = []*labels.Matcher{
			labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, alertsMetric),
			labels.MustNewMatcher(labels.MatchEqual, labels.AlertName, rule.Alert),
		}
	}
	var out []int64
	for _, of := range s.selected(matchers) {
		for _, f := range of.floats {
			if !value.IsStaleNaN(f.v) {
				out = append(out, f.t)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gaps are the stretches in which a rule that writes at every evaluation wrote nothing.
func gaps(samples []int64, offset, interval, until int64) []gap {
	var out []gap
	for i, t := range samples {
		next := until - offset
		if i+1 < len(samples) {
			next = samples[i+1]
		}
		if next-t > missedEvaluations*interval {
			out = append(out, gap{t + offset + 1, next + offset - 1})
		}
	}
	return out
}

// within says that nothing was evaluated at a time.
func (t times) within(at int64) bool {
	return slices.ContainsFunc(t.gaps, func(g gap) bool { return g.from <= at && at <= g.to })
}

// first is the first evaluation of a group from a time on, ms: in step with the group of the same name and interval in the run, or
// else where Prometheus would put it by its name.
func (r *Recording) first(g *rules.Group, t times, from int64) int64 {
	interval := g.Interval().Milliseconds()
	phase, known := t.phase[g.Name()]
	known = known && slices.ContainsFunc(r.groups, func(of rulefmt.RuleGroup) bool { return of.Name == g.Name() && r.interval(of) == g.Interval() })
	if !known {
		phase = g.EvalTimestamp(from*int64(time.Millisecond)).UnixMilli() % interval
	}
	at := from - from%interval + phase
	if at < from {
		at += interval
	}
	return at
}

// gapNotes says when nothing was evaluated.
func (t times) gapNotes(arm string) []string {
	var out []string
	for _, g := range t.gaps {
		length := time.Duration(g.to-g.from+1) * time.Millisecond
		out = append(out, fmt.Sprintf("%s: the run's Prometheus evaluated nothing for %v from %s on, and neither does the replay",
			arm, length.Round(100*time.Millisecond), time.UnixMilli(g.from).UTC().Format("15:04:05")))
	}
	return out
}
