package replay

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// view is what rules see: the recorded series, and what the rules themselves have written so far.
type view struct {
	recorded *store
	written  *tsdb.Head
	names    map[string]bool // that the rules write
}

// Querier implements storage.Queryable.
func (v *view) Querier(mint, maxt int64) (storage.Querier, error) {
	return &viewQuerier{view: v, mint: mint, maxt: maxt}, nil
}

// viewQuerier opens what the rules have written only where something asks for it.
type viewQuerier struct {
	*view
	mint, maxt int64
	own        storage.Querier // of written; nil: not opened yet
}

// Select implements storage.Querier.
func (q *viewQuerier) Select(ctx context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	recorded := q.recorded.selected(matchers)
	name := nameOf(matchers)
	if name != "" && !q.names[name] {
		return newSet(recorded)
	}
	if q.own == nil {
		own, err := tsdb.NewBlockQuerier(tsdb.NewRangeHead(q.written, q.mint, q.maxt), q.mint, q.maxt)
		if err != nil {
			return storage.ErrSeriesSet(err)
		}
		q.own = own
	}
	written := q.own.Select(ctx, true, hints, matchers...)
	if len(recorded) == 0 {
		return written
	}
	return storage.NewMergeSeriesSet([]storage.SeriesSet{newSet(recorded), written}, 0, storage.ChainedSeriesMerge)
}

// LabelValues implements storage.Querier. Evaluations do not ask for it.
func (q *viewQuerier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// LabelNames implements storage.Querier. Evaluations do not ask for it.
func (q *viewQuerier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// Close implements storage.Querier.
func (q *viewQuerier) Close() error {
	if q.own == nil {
		return nil
	}
	return q.own.Close()
}
