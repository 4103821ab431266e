package stack

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// modelSignals emits the telemetry of rankings. If it is nil, it does nothing.
type modelSignals struct {
	tel        *telemetry
	confidence metric.Float64Histogram
	spread     metric.Float64Histogram
	top        topItems
}

func newModelSignals(tel *telemetry, served *atomic.Pointer[ranker]) (*modelSignals, error) {
	if !tel.on() {
		return nil, nil
	}
	s := &modelSignals{tel: tel, top: topItems{counts: map[string]int{}}}
	meter := tel.meter()
	var errs [4]error
	s.confidence, errs[0] = meter.Float64Histogram("perso.model.confidence",
		metric.WithDescription("Predicted probability that a ranked slate is clicked."),
		metric.WithExplicitBucketBoundaries(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9))
	s.spread, errs[1] = meter.Float64Histogram("perso.model.score.spread",
		metric.WithDescription("Difference between the best and the worst score of the catalogue in one ranking; 0 if all scores are the same."),
		metric.WithExplicitBucketBoundaries(0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
	_, errs[2] = meter.Float64ObservableGauge("perso.model.top_item.share",
		metric.WithDescription(fmt.Sprintf("Share of the item that is most often ranked first, over the last %d rankings.", topWindow)),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			if share, ok := s.top.share(); ok {
				o.Observe(share)
			}
			return nil
		}))
	_, errs[3] = meter.Int64ObservableGauge("perso.model.info", metric.WithDescription("1 for the model that is served."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			if m := served.Load(); m != nil {
				o.Observe(1, metric.WithAttributes(attribute.String("perso.model.version", m.version), attribute.Int("perso.model.release", m.release)))
			}
			return nil
		}))
	return s, errors.Join(errs[:]...)
}

// ranked emits the telemetry of one ranking.
func (s *modelSignals) ranked(ctx context.Context, m *ranker, answer rankAnswer) {
	if s == nil {
		return
	}
	s.confidence.Record(ctx, answer.Confidence)
	s.spread.Record(ctx, answer.spread)
	s.top.add(answer.Items[0])
	s.tel.tag(ctx, attribute.String("perso.model.version", answer.Version), attribute.Int("perso.model.release", m.release),
		attribute.Float64("perso.model.confidence", answer.Confidence))
	if answer.spread == 0 {
		s.tel.tag(ctx, attribute.Bool("perso.model.score.constant", true))
	}
}

// Window of the share of the top item, in rankings.
const (
	topWindow = 400
	topLeast  = 100 // with fewer nothing is reported
)

// topItems counts which items were ranked first in the last topWindow rankings. It is safe for concurrent use.
type topItems struct {
	mu     sync.Mutex
	recent [topWindow]string // a ring
	next   int
	n      int // filled part of recent
	counts map[string]int
}

func (t *topItems) add(item string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n < topWindow {
		t.n++
	} else if old := t.recent[t.next]; t.counts[old] > 1 {
		t.counts[old]--
	} else {
		delete(t.counts, old)
	}
	t.recent[t.next] = item
	t.counts[item]++
	t.next = (t.next + 1) % topWindow
}

// share returns the part of the rankings that had the most frequent item first. It reports false while there are fewer than
// topLeast.
func (t *topItems) share() (float64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n < topLeast {
		return 0, false
	}
	most := 0
	for _, n := range t.counts {
		most = max(most, n)
	}
	return float64(most) / float64(t.n), true
}
