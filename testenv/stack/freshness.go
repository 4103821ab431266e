package stack

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/metric"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// How old the newest profile update may be: the upstream refreshes many profiles in a second.
const (
	staleAfter = 3 * time.Second
	staleLook  = time.Second // how often ingest looks
)

// reasonStale is why ingest logs that no profile updates come.
const reasonStale = "profiles-stale"

// freshness is, by topic, when the newest applied record was made: as Unix time in ms, 0 if there is none.
type freshness map[string]*atomic.Int64

func newFreshness(topics ...string) freshness {
	f := freshness{}
	for _, topic := range topics {
		f[topic] = &atomic.Int64{}
	}
	return f
}

// applied notes the records that were applied; only one goroutine may do that.
func (f freshness) applied(records []*kgo.Record) {
	for _, r := range records {
		if made := r.Timestamp.UnixMilli(); made > f[r.Topic].Load() {
			f[r.Topic].Store(made)
		}
	}
}

// newest returns when the newest applied record of a topic was made; false if there is none.
func (f freshness) newest(topic string) (time.Time, bool) {
	made := f[topic].Load()
	return time.UnixMilli(made), made > 0
}

// observeAge is the gauge of the time since then.
func (s *ingestSignals) observeAge(_ context.Context, o metric.Float64Observer) error {
	for topic := range s.fresh {
		if made, ok := s.fresh.newest(topic); ok {
			o.Observe(max(time.Since(made).Seconds(), 0), s.perTopic[topic])
		}
	}
	return nil
}

// watch logs when no profile update comes for long, until ctx ends. It logs that again while none comes.
func (s *ingestSignals) watch(ctx context.Context) error {
	if s == nil || s.cfg.Refresh <= 0 { // without a refresh, no time is long
		return nil
	}
	topic := role.ProfilesTopic(s.cfg.Arm)
	ticker := time.NewTicker(s.cfg.Stretched(staleLook))
	defer ticker.Stop()
	for looks := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		made, ok := s.fresh.newest(topic)
		if age := time.Since(made); ok && age > s.cfg.Stretched(staleAfter) {
			looks++
			if looks > 1 { // the first look may come right after this process stood still itself
				s.tel.log.LogAttrs(ctx, slog.LevelWarn, "no profile updates", slog.String("perso.reason", reasonStale),
					slog.String("perso.updated", made.UTC().Format(time.RFC3339Nano)), slog.Float64("perso.update.age", age.Seconds()))
			}
		} else {
			looks = 0
		}
	}
}
