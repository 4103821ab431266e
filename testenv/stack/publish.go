package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// unpublished says which items a publication of the catalogue lacks.
type unpublished struct {
	Share float64 `json:"share"` // of the items, in (0, 1]
}

// lacks reports whether an item is not published. For a seed these are always the same items.
func (u *unpublished) lacks(seed int64, item string) bool {
	return u != nil && chosen("unpublish", seed, item) < u.Share
}

// unpublish is the lever unpublish: it publishes the catalogue as a broken content pipeline does, without a share of the items.
func (s *profileService) unpublish(params json.RawMessage) (func(), error) {
	var u unpublished
	if err := decode(params, &u); err != nil {
		return nil, err
	}
	if err := checkShare(u.Share); err != nil {
		return nil, err
	}
	if was := s.lacking.Swap(&u); was == nil || *was != u { // else the lease is renewed
		s.republish()
	}
	return func() {
		s.lacking.Store(nil)
		s.republish()
	}, nil
}

// republish requests a publication. If one waits already, it adds none: that one will publish what is current then.
func (s *profileService) republish() {
	select {
	case s.publications <- struct{}{}:
	default:
	}
}

// publish makes the requested publications until ctx ends. Each is tried until the store takes it.
func (s *profileService) publish(ctx context.Context) error {
	for {
		select {
		case <-s.publications:
			err := retry(ctx, func(ctx context.Context) error {
				return s.store.publish(ctx, s.items, func(item string) bool { return s.lacking.Load().lacks(s.cfg.Seed, item) })
			})
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("content: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// publish replaces the content of the catalogue at once. Items that lack it are no longer there afterwards.
func (s *store) publish(ctx context.Context, items []population.Item, lacks func(item string) bool) error {
	var fields []any
	var gone []string
	for _, item := range items {
		if lacks(item.ID) {
			gone = append(gone, item.ID)
			continue
		}
		text, err := json.Marshal(content{
			ID: item.ID, Title: fmt.Sprintf("Item %d of category %d", item.Index, item.Category),
			Category: item.Category, Price: item.Price,
		})
		if err != nil {
			return fmt.Errorf("content: %w", err)
		}
		fields = append(fields, item.ID, text)
	}
	pipe := s.redis.TxPipeline()
	if len(fields) > 0 {
		pipe.HSet(ctx, s.arm+":content", fields...)
	}
	if len(gone) > 0 {
		pipe.HDel(ctx, s.arm+":content", gone...)
	}
	_, err := pipe.Exec(ctx)
	return err
}
