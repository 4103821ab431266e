package stack

import (
	"fmt"
	"hash/maphash"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestOddEventsAreLogged: each kind of oddity is logged, and none of them for events that are well.
func TestOddEventsAreLogged(t *testing.T) {
	c := capture(t)
	cfg := Config{Config: role.Config{Arm: "arm"}}
	s, err := newIngestSignals(cfg, c.telemetry("ingest", cfg))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	one := func(i int, change func(r *kgo.Record, e *event)) {
		e := event{Type: "click", Session: fmt.Sprintf("s%d", i%20), Channel: "app", RequestID: fmt.Sprintf("r%d", i), Item: "i1", TimeMS: now.UnixMilli()}
		r := &kgo.Record{Topic: "arm.events", Timestamp: now, Context: t.Context()}
		if change != nil {
			change(r, &e)
		}
		s.event(r, e)
	}
	reasons := []string{"consumer-behind", "event-time", "duplicate-event", "hot-key"}
	for i := range 2 * hotWindow {
		one(i, nil)
	}
	if n := len(c.logs.records); n != 0 {
		t.Errorf("%d log records about events that are well", n)
	}
	one(1000, func(r *kgo.Record, e *event) {
		r.Timestamp, e.TimeMS = now.Add(-time.Minute), now.Add(-time.Minute).UnixMilli()
	})
	one(1001, func(_ *kgo.Record, e *event) { e.TimeMS -= 900_000 })
	one(1001, nil)
	for i := range hotWindow {
		one(2000+i, func(_ *kgo.Record, e *event) {
			if i%5 > 0 {
				e.Session = "hot"
			}
		})
	}
	for _, reason := range reasons {
		eventually.True(t, "a log record because of "+reason, func() bool { return len(c.logs.with("perso.reason", reason)) == 1 })
	}
	if id := recordAttr(c.logs.with("perso.reason", "duplicate-event")[0], "perso.event.id"); id != "r1001/click/i1" {
		t.Errorf("duplicate %q", id)
	}
	if key := recordAttr(c.logs.with("perso.reason", "hot-key")[0], "session.id"); key != "hot" {
		t.Errorf("hot key %q", key)
	}
}

// BenchmarkEventChecks: what they cost for an event that is well.
func BenchmarkEventChecks(b *testing.B) {
	c := &eventChecks{log: slog.New(slog.DiscardHandler), logged: map[string]time.Time{}, recent: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
	now := time.Now()
	r := &kgo.Record{Timestamp: now, Context: b.Context()}
	e := event{Type: "click", Session: "s1", Item: "i1", TimeMS: now.UnixMilli()}
	sessions := []string{"s1", "s2", "s3"}
	for i := range b.N {
		e.RequestID, e.Session = strconv.Itoa(i), sessions[i%len(sessions)]
		c.late(r, now)
		c.event(r, e, now)
	}
}
