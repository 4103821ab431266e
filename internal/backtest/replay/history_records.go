package replay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// pieceOfHistory is how many evaluations of a recording rule are made at once, so that they load few samples together.
const pieceOfHistory = 1000

// records makes the past of what recording rules record, where alerts read it over a time: it is evaluated on the synthetic past.
func (p *prepending) records(ctx context.Context, recorded *store) (err error) {
	r := &recordings{prepending: p, store: recorded, engine: p.conditions(p.rules).engine(), past: p.recorded()}
	defer func() {
		if e := r.engine.Close(); err == nil {
			err = e
		}
	}()
	for _, name := range records(p.rules.groups) {
		if err := r.metric(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// recorded are the metrics that these rules record and alerts read over a time, with how far back.
func (p *prepending) recorded() map[string]time.Duration {
	own, out := records(p.rules.groups), map[string]time.Duration{}
	for _, r := range p.reads {
		if name := nameOf(r.Matchers); r.Past > 0 && r.Past != result.Unreachable && slices.Contains(own, name) {
			out[name] = max(out[name], r.Past)
		}
	}
	return out
}

// recordings makes the past of recorded series.
type recordings struct {
	*prepending
	store  *store
	engine *promql.Engine
	past   map[string]time.Duration // by metric; without those that are made, or being made
}

// metric makes the past of a metric, and before it that of what it reads.
func (r *recordings) metric(ctx context.Context, name string) error {
	past, needed := r.past[name]
	if !needed {
		return nil
	}
	delete(r.past, name)
	for _, g := range r.rules.groups {
		for _, rule := range g.Rules {
			if rule.Record != name {
				continue
			}
			for _, matchers := range selectors(rule) {
				if err := r.metric(ctx, nameOf(matchers)); err != nil {
					return err
				}
			}
			if err := r.evaluate(ctx, g, rule, past); err != nil {
				return fmt.Errorf("backtest: history of %s: %w", name, err)
			}
		}
	}
	return nil
}

// evaluate evaluates a rule on the synthetic past, as often as its group is evaluated, and keeps what it records.
func (r *recordings) evaluate(ctx context.Context, g rulefmt.RuleGroup, rule rulefmt.Rule, past time.Duration) error {
	interval, end := r.interval(g), time.UnixMilli(r.plan.End)
	reach := min(past+r.lookback, time.Duration(r.plan.End-r.plan.Begin)*time.Millisecond)
	made := map[string]*series{}
	keep := func(of labels.Labels, points []promql.FPoint) {
		of = recordedAs(of, g, rule)
		s := made[of.String()]
		if s == nil {
			s = &series{labels: of}
			made[of.String()] = s
		}
		for _, f := range points {
			s.floats = append(s.floats, float{f.T, f.F})
		}
	}
	for at := end.Add(-reach.Truncate(interval)); at.Before(end); at = at.Add(pieceOfHistory * interval) {
		to := at.Add((pieceOfHistory - 1) * interval)
		if last := end.Add(-interval); to.After(last) {
			to = last
		}
		if err := r.piece(ctx, rule.Expr, at, to, interval, keep); err != nil {
			return err
		}
	}
	r.store.add(made)
	return nil
}

// piece evaluates an expression at regular times.
func (r *recordings) piece(ctx context.Context, expr string, from, to time.Time, interval time.Duration, each func(labels.Labels, []promql.FPoint)) error {
	read := storage.QueryableFunc(func(int64, int64) (storage.Querier, error) {
		return onlyRecorded{storage.NoopQuerier(), r.store}, nil
	})
	query, err := r.engine.NewRangeQuery(ctx, read, nil, expr, from, to, interval)
	if err != nil {
		return err
	}
	defer query.Close()
	matrix, err := query.Exec(ctx).Matrix()
	if err != nil {
		return err
	}
	for _, s := range matrix {
		each(s.Metric, s.Floats)
	}
	return nil
}

// recordedAs are the labels of what a rule records.
func recordedAs(of labels.Labels, g rulefmt.RuleGroup, rule rulefmt.Rule) labels.Labels {
	b := labels.NewBuilder(of)
	b.Set(model.MetricNameLabel, rule.Record)
	for _, set := range []map[string]string{g.Labels, rule.Labels} { // those of the rule count
		for name, value := range set {
			b.Set(name, value)
		}
	}
	return b.Labels()
}

// onlyRecorded reads a store.
type onlyRecorded struct {
	storage.Querier
	of *store
}

// Select implements storage.Querier.
func (q onlyRecorded) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	return newSet(q.of.selected(matchers))
}
