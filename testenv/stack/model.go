package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/artefact"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// modelService serves a ranker. At its start it loads the newest artefact of the training; an operator can have it load another
// one.
type modelService struct {
	tel     *telemetry
	signals *modelSignals // nil without telemetry
	items   []population.Item
	ranker  atomic.Pointer[ranker] // nil until trained

	mu       sync.Mutex
	releases registry        // nil until trained
	loaded   json.RawMessage // the parameters of the lever that is in force; nil: the newest release is served
}

var errTraining = errors.New("the model is being trained")

func newModel(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	s := &modelService{tel: tel}
	var err error
	if s.signals, err = newModelSignals(tel, &s.ranker); err != nil {
		return parts{}, err
	}
	return parts{
		routes: map[string]http.HandlerFunc{"POST /v1/rank": s.rank, "GET /v1/baseline": s.baseline},
		endpoints: []endpoint{
			{name: lever.LoadModel, force: s.reload},
			{name: lever.ReadModel, act: s.artefact},
			{name: lever.TryModel, act: s.try},
		},
		prepare: func(ctx context.Context) error {
			pop := population.New(cfg.Seed, cfg.Users, cfg.Items)
			releases := train(pop, cfg.Seed)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.items, s.releases = pop.Items(), releases
			return s.serve(ctx, releases.newest())
		},
	}, nil
}

// serve loads an artefact and serves it from now on; one that cannot be loaded changes nothing. The caller has the lock.
func (s *modelService) serve(ctx context.Context, a artefact.Model) error {
	m, err := load(s.items, a)
	if err != nil {
		return err
	}
	s.ranker.Store(m)
	s.tel.log.InfoContext(ctx, "model loaded", "perso.model.version", m.version, "perso.model.release", m.release,
		"perso.model.schema", m.schema)
	return nil
}

// reload is the lever load-model. What it has loaded already, it does not load again.
func (s *modelService) reload(params json.RawMessage) (func(), error) {
	var a artefact.Model
	if err := decode(params, &a); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.releases == nil {
		return nil, errTraining
	}
	if s.loaded != nil && bytes.Equal(s.loaded, params) { // a renewal
		return s.restore, nil
	}
	if err := s.serve(context.Background(), a); err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	s.loaded = slices.Clone(params)
	return s.restore, nil
}

// restore loads the newest release again.
func (s *modelService) restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded == nil {
		return
	}
	if err := s.serve(context.Background(), s.releases.newest()); err == nil { // which was loaded at the start
		s.loaded = nil
	}
}

// artefact is the question read-model: a release of the registry, the newest one unless another is named.
func (s *modelService) artefact(_ context.Context, params json.RawMessage) (any, error) {
	var p struct {
		Release int `json:"release"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.releases == nil:
		return nil, errTraining
	case p.Release == 0:
		return s.releases.newest(), nil
	case p.Release < 1 || p.Release > len(s.releases):
		return nil, fmt.Errorf("%w: release must be from 1 to %d, got %d", errParams, len(s.releases), p.Release)
	}
	return s.releases[p.Release-1], nil
}

// try is the question try-model: what is served, and how it ranks for one new user of every segment.
func (s *modelService) try(context.Context, json.RawMessage) (any, error) {
	m := s.ranker.Load()
	if m == nil {
		return nil, errTraining
	}
	s.mu.Lock()
	newest, err := load(s.items, s.releases.newest())
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	answer := artefact.Served{Version: m.version, Release: m.release, Schema: m.schema, Encoder: m.encoder}
	changed, spread := 0, 0.0
	for band := range population.AgeBands {
		for tier := range population.Tiers {
			req := rankRequest{AgeBand: band, Tier: tier, Slots: trainSlots, Variant: variants[0]}
			got := m.rank(req)
			if !slices.Equal(got.Items, newest.rank(req).Items) {
				changed++
			}
			spread += got.spread
			answer.Ranked++
		}
	}
	answer.Changed, answer.Spread = float64(changed)/float64(answer.Ranked), spread/float64(answer.Ranked)
	return answer, nil
}

func (s *modelService) rank(w http.ResponseWriter, r *http.Request) {
	m := s.ranker.Load()
	if m == nil {
		fail(w, http.StatusServiceUnavailable, errTraining)
		return
	}
	var req rankRequest
	if !read(w, r, &req) {
		return
	}
	answer := m.rank(req)
	s.signals.ranked(r.Context(), m, answer)
	if s.tel.log.Enabled(r.Context(), slog.LevelDebug) {
		s.debug(r.Context(), m, req)
	}
	reply(w, http.StatusOK, answer)
}

// debug logs the feature vector as the encoder has made it, with the columns that the encoder went by and the schema that the
// model was trained with.
func (s *modelService) debug(ctx context.Context, m *ranker, req rankRequest) {
	s.tel.log.LogAttrs(ctx, slog.LevelDebug, "ranked", slog.String("perso.model.version", m.version),
		slog.String("perso.model.schema", m.schema), slog.String("perso.features.encoder", m.encoder),
		slog.Any("perso.features.vector", m.encode(req)))
}

func (s *modelService) baseline(w http.ResponseWriter, _ *http.Request) {
	m := s.ranker.Load()
	if m == nil {
		fail(w, http.StatusServiceUnavailable, errTraining)
		return
	}
	reply(w, http.StatusOK, m.base)
}
