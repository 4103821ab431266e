package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// content answers with the content of items, a page at a time. Cache-Control: no-cache reads past the cache.
func (s *profileService) content(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("ids"), ",")
	if len(ids) > slotsMost || ids[0] == "" {
		fail(w, http.StatusBadRequest, fmt.Errorf("ids must be a comma-separated list of 1 to %d items", slotsMost))
		return
	}
	next := 0
	if page := int(s.pageSize.Load()); page < len(ids) {
		ids, next = ids[:page], page
		s.partial.Add(1)
	}
	control := r.Header.Get("Cache-Control")
	if control != "" && s.tel.recording(r.Context()) {
		s.tel.tag(r.Context(), semconv.HTTPRequestHeader("cache-control", control))
	}
	answer, err := s.read(r.Context(), ids, noCache(control))
	if err != nil {
		s.tel.log.WarnContext(r.Context(), "content not read", "error", err, "session.id", s.tel.session(r.Context()))
		fail(w, http.StatusBadGateway, fmt.Errorf("the store does not answer: %w", err))
		return
	}
	s.signals.read(r.Context(), ids, answer.Missing)
	answer.Next = next
	reply(w, http.StatusOK, answer)
}

// noCache reports whether a Cache-Control header has the directive no-cache.
func noCache(control string) bool {
	return control != "" && slices.ContainsFunc(strings.Split(control, ","), func(directive string) bool {
		return strings.EqualFold(strings.TrimSpace(directive), "no-cache")
	})
}

// read reads the content of items from the cache, and of those that it lacks from the store.
func (s *profileService) read(ctx context.Context, ids []string, bypassed bool) (contentAnswer, error) {
	found, others := s.cache.find(ctx, ids, bypassed)
	if len(others) == 0 {
		return contentAnswer{Items: found}, nil
	}
	answer, err := s.store.content(ctx, others)
	if err != nil {
		return contentAnswer{}, err
	}
	s.cache.keep(answer.Items)
	if len(found) > 0 {
		answer.Items = append(found, answer.Items...)
		slices.SortFunc(answer.Items, func(a, b content) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	}
	return answer, nil
}

// setPageSize is the lever page-size: the operator's limit on the items of one answer.
func (s *profileService) setPageSize(params json.RawMessage) (func(), error) {
	var p struct {
		Items int `json:"items"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	if p.Items < 1 || p.Items > slotsMost {
		return nil, fmt.Errorf("%w: items must be from 1 to %d, got %d", errParams, slotsMost, p.Items)
	}
	if s.pageSize.Swap(int64(p.Items)) != int64(p.Items) {
		s.partial.Store(0)
	}
	return func() { s.pageSize.Store(slotsMost) }, nil
}

// pages answers how many items an answer may have, and how many answers did not have all that was asked for since that changed.
func (s *profileService) pages(context.Context, json.RawMessage) (any, error) {
	return map[string]int64{"items": s.pageSize.Load(), "partial": s.partial.Load()}, nil
}
