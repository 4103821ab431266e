package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// profileService is the repository layer: profiles, identities and content over Redis.
type profileService struct {
	cfg     Config
	tel     *telemetry
	store   *store
	audited *store // the same, without telemetry: what the harness asks is no work of the stack
	cache   *contentCache
	items   []population.Item // the catalogue
	signals *contentSignals   // nil without telemetry

	lacking      atomic.Pointer[unpublished] // nil: the whole catalogue is published
	publications chan struct{}               // requested publications: one can wait while another is under way

	pageSize atomic.Int64 // the most items in an answer with content
	partial  atomic.Int64 // answers that had only a part of what was asked for, since pageSize changed
}

func newProfile(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	store, err := newStore(cfg, tel)
	if err != nil {
		return parts{}, err
	}
	s := &profileService{
		cfg: cfg, tel: tel, store: store, items: population.New(cfg.Seed, cfg.Users, cfg.Items).Items(), publications: make(chan struct{}, 1),
	}
	s.pageSize.Store(slotsMost)
	if s.audited, err = newStore(cfg, &telemetry{}); err != nil {
		return parts{}, errors.Join(err, store.close())
	}
	if s.cache, err = newContentCache(tel, cfg.Stretched(contentLife)); err != nil {
		return parts{}, errors.Join(err, store.close())
	}
	if s.signals, err = newContentSignals(tel); err != nil {
		return parts{}, errors.Join(err, store.close())
	}
	return parts{
		routes: map[string]http.HandlerFunc{
			"GET /v1/profile": s.profile,
			"POST /v1/link":   s.link,
			"GET /v1/content": s.content,
		},
		endpoints: []endpoint{
			{name: lever.Unpublish, force: s.unpublish},
			{name: lever.Audit, act: s.audit},
			{name: lever.PageSize, force: s.setPageSize, act: s.pages},
		},
		prepare: func(ctx context.Context) error {
			all := func(string) bool { return false }
			return retry(ctx, func(ctx context.Context) error { return store.publish(ctx, s.items, all) })
		},
		work:    []func(context.Context) error{s.publish},
		healthy: store.ping,
		close:   func(context.Context) error { return errors.Join(store.close(), s.audited.close()) },
	}, nil
}

func (s *profileService) profile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	session, user := q.Get("session"), q.Get("user")
	if session == "" && user == "" {
		fail(w, http.StatusBadRequest, fmt.Errorf("session or user must be given"))
		return
	}
	answer, err := s.store.profile(r.Context(), session, user)
	if err != nil {
		s.tel.log.WarnContext(r.Context(), "profile not read", "error", err, "session.id", s.tel.session(r.Context()))
		fail(w, http.StatusBadGateway, fmt.Errorf("the store does not answer: %w", err))
		return
	}
	reply(w, http.StatusOK, answer)
}

func (s *profileService) link(w http.ResponseWriter, r *http.Request) {
	var req loginRequest
	if !read(w, r, &req) {
		return
	}
	if err := s.store.link(r.Context(), req.Session, req.User); err != nil {
		s.tel.log.WarnContext(r.Context(), "session not linked", "error", err, "session.id", req.Session)
		fail(w, http.StatusBadGateway, fmt.Errorf("the store does not answer: %w", err))
		return
	}
	reply(w, http.StatusOK, map[string]string{"user": req.User})
}
