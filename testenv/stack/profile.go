package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// profileService is the repository layer: profiles, identities and content over Redis.
type profileService struct {
	cfg     Config
	tel     *telemetry
	store   *store
	items   []population.Item // the catalogue
	signals *contentSignals   // nil without telemetry

	lacking      atomic.Pointer[unpublished] // nil: the whole catalogue is published
	publications chan struct{}               // requested publications: one can wait while another is under way
}

func newProfile(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	store, err := newStore(cfg, tel)
	if err != nil {
		return parts{}, err
	}
	s := &profileService{
		cfg: cfg, tel: tel, store: store, items: population.New(cfg.Seed, cfg.Users, cfg.Items).Items(), publications: make(chan struct{}, 1),
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
		endpoints: []endpoint{{name: lever.Unpublish, force: s.unpublish}, {name: lever.Audit, act: s.audit}},
		prepare: func(ctx context.Context) error {
			all := func(string) bool { return false }
			return retry(ctx, func(ctx context.Context) error { return store.publish(ctx, s.items, all) })
		},
		work:    []func(context.Context) error{s.publish},
		healthy: store.ping,
		close:   func(context.Context) error { return store.close() },
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

func (s *profileService) content(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > slotsMost || ids[0] == "" {
		fail(w, http.StatusBadRequest, fmt.Errorf("ids must be a comma-separated list of 1 to %d items", slotsMost))
		return
	}
	answer, err := s.store.content(r.Context(), ids)
	if err != nil {
		s.tel.log.WarnContext(r.Context(), "content not read", "error", err, "session.id", s.tel.session(r.Context()))
		fail(w, http.StatusBadGateway, fmt.Errorf("the store does not answer: %w", err))
		return
	}
	s.signals.read(r.Context(), ids, answer.Missing)
	reply(w, http.StatusOK, answer)
}
