package stack

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
)

const (
	contentLife = 2 * time.Second // how old an item in the cache may be; what an editor changes is shown by then
	contentMost = 10_000          // items in the cache
)

// contentCache keeps the content of items that were read lately. It is safe for concurrent use.
type contentCache struct {
	now     func() time.Time
	life    time.Duration       // how old an item may be
	lookups metric.Int64Counter // nil without telemetry
	hit     []metric.AddOption
	miss    []metric.AddOption

	mu    sync.RWMutex
	items map[string]cachedContent
}

type cachedContent struct {
	content content
	until   time.Time
}

func newContentCache(tel *telemetry, life time.Duration) (*contentCache, error) {
	c := &contentCache{now: time.Now, life: life, items: map[string]cachedContent{}}
	if !tel.on() {
		return c, nil
	}
	c.hit = options("perso.cache.name", "content", "perso.cache.result", "hit")
	c.miss = options("perso.cache.name", "content", "perso.cache.result", "miss")
	var err error
	c.lookups, err = tel.meter().Int64Counter("perso.cache.lookups", metric.WithDescription("Items looked up in a cache, by whether it had them."))
	return c, err
}

// find returns the items that the cache has, and the ids of the others, both in the order of ids. Bypassed, it has nothing.
func (c *contentCache) find(ctx context.Context, ids []string, bypassed bool) (found []content, others []string) {
	if bypassed {
		others = ids
	} else {
		now := c.now()
		c.mu.RLock()
		for _, id := range ids {
			if item, ok := c.items[id]; ok && now.Before(item.until) {
				found = append(found, item.content)
			} else {
				others = append(others, id)
			}
		}
		c.mu.RUnlock()
	}
	if c.lookups != nil {
		count := func(n int, how []metric.AddOption) {
			if n > 0 {
				c.lookups.Add(ctx, int64(n), how...)
			}
		}
		count(len(found), c.hit)
		count(len(others), c.miss)
	}
	return found, others
}

// keep puts items into the cache. A full cache forgets any items: there are fewer items than it has places.
func (c *contentCache) keep(items []content) {
	until := c.now().Add(c.life)
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.items {
		if len(c.items)+len(items) <= contentMost {
			break
		}
		delete(c.items, id)
	}
	for _, item := range items {
		c.items[item.ID] = cachedContent{content: item, until: until}
	}
}
