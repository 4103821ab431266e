package stack

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// modelService serves the ranker that it trains at its start.
type modelService struct {
	tel        *telemetry
	ranker     atomic.Pointer[ranker] // nil until trained
	confidence metric.Float64Histogram
}

func newModel(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	s := &modelService{tel: tel}
	if err := s.instrument(); err != nil {
		return parts{}, err
	}
	return parts{
		routes: map[string]http.HandlerFunc{"POST /v1/rank": s.rank, "GET /v1/baseline": s.baseline},
		prepare: func(context.Context) error {
			s.ranker.Store(train(population.New(cfg.Seed, cfg.Users, cfg.Items), cfg.Seed))
			return nil
		},
	}, nil
}

func (s *modelService) instrument() error {
	if !s.tel.on() {
		return nil
	}
	meter := s.tel.meter()
	var err1, err2 error
	s.confidence, err1 = meter.Float64Histogram("perso.model.confidence",
		metric.WithDescription("Predicted probability that a ranked slate is clicked."),
		metric.WithExplicitBucketBoundaries(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9))
	_, err2 = meter.Int64ObservableGauge("perso.model.info", metric.WithDescription("1 for the model that is served."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			if m := s.ranker.Load(); m != nil {
				o.Observe(1, metric.WithAttributes(attribute.String("perso.model.version", m.base.Version)))
			}
			return nil
		}))
	return errors.Join(err1, err2)
}

func (s *modelService) rank(w http.ResponseWriter, r *http.Request) {
	m := s.ranker.Load()
	if m == nil {
		fail(w, http.StatusServiceUnavailable, errors.New("the model is being trained"))
		return
	}
	var req rankRequest
	if !read(w, r, &req) {
		return
	}
	answer := m.rank(req)
	if s.confidence != nil {
		s.confidence.Record(r.Context(), answer.Confidence)
		s.tel.tag(r.Context(), attribute.String("perso.model.version", answer.Version), attribute.Float64("perso.model.confidence", answer.Confidence))
	}
	reply(w, http.StatusOK, answer)
}

func (s *modelService) baseline(w http.ResponseWriter, _ *http.Request) {
	m := s.ranker.Load()
	if m == nil {
		fail(w, http.StatusServiceUnavailable, errors.New("the model is being trained"))
		return
	}
	reply(w, http.StatusOK, m.base)
}
