package stack

import (
	"hash/maphash"
	"log/slog"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/metric"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits beyond which a record is odd.
const (
	skewMost    = time.Minute     // between the time of an event and the time at which it was received
	behindMost  = 5 * time.Second // between the time at which a record was received and the time at which it is read
	recentIDs   = 4096            // how many events are remembered, to know one that comes again
	hotWindow   = 100             // records of a partition
	hotShare    = 0.6             // of these with one key, and the key is hot
	oddityPause = time.Second     // between two log records of one kind
)

// eventChecks look for what is odd about records, and log it. They are used by the consumer's loop alone.
type eventChecks struct {
	log        *slog.Logger
	duplicates metric.Int64Counter
	byType     map[string]metric.MeasurementOption
	logged     map[string]time.Time // by kind of oddity

	seed   maphash.Seed
	recent map[uint64]struct{}
	ring   [recentIDs]uint64
	next   int

	keys [role.Partitions]majority
}

func newEventChecks(tel *telemetry) (*eventChecks, error) {
	c := &eventChecks{
		log: tel.log, logged: map[string]time.Time{}, byType: map[string]metric.MeasurementOption{},
		seed: maphash.MakeSeed(), recent: map[uint64]struct{}{},
	}
	for _, kind := range eventTypes {
		c.byType[kind] = measured("perso.event.type", kind)
	}
	var err error
	c.duplicates, err = tel.meter().Int64Counter("perso.event.duplicates",
		metric.WithDescription("Events that came in again under the same request, type and item."))
	return c, err
}

// may reports whether an oddity is to be logged now: one log record says as much as a hundred.
func (c *eventChecks) may(kind string, now time.Time) bool {
	if now.Sub(c.logged[kind]) < oddityPause {
		return false
	}
	c.logged[kind] = now
	return true
}

// late looks at how long a record has waited in the topic.
func (c *eventChecks) late(r *kgo.Record, now time.Time) {
	if waited := now.Sub(r.Timestamp); waited > behindMost && c.may("behind/"+r.Topic, now) {
		c.log.WarnContext(r.Context, "records are read late", "perso.reason", "consumer-behind", "perso.waited_s", waited.Seconds(),
			"messaging.destination.name", r.Topic, "messaging.destination.partition.id", strconv.Itoa(int(r.Partition)))
	}
}

// event looks at an event.
func (c *eventChecks) event(r *kgo.Record, e event, now time.Time) {
	if off := r.Timestamp.Sub(time.UnixMilli(e.TimeMS)); off.Abs() > skewMost && c.may("skew/"+e.Channel, now) {
		c.log.WarnContext(r.Context, "the time of an event is far from the time of its receipt", "perso.reason", "event-time",
			"perso.channel", e.Channel, "perso.event.time", time.UnixMilli(e.TimeMS).UTC().Format(time.RFC3339),
			"perso.receive.time", r.Timestamp.UTC().Format(time.RFC3339))
	}
	if e.RequestID != "" && c.again(e) {
		if how, ok := c.byType[e.Type]; ok {
			c.duplicates.Add(r.Context, 1, how)
		}
		if c.may("duplicate", now) {
			c.log.WarnContext(r.Context, "an event came in again", "perso.reason", "duplicate-event", "perso.channel", e.Channel,
				"perso.event.type", e.Type, "perso.event.id", e.RequestID+"/"+e.Type+"/"+e.Item)
		}
	}
	if int(r.Partition) < len(c.keys) {
		if share, hot := c.keys[r.Partition].add(e.Session); hot && c.may("hot/"+strconv.Itoa(int(r.Partition)), now) {
			c.log.WarnContext(r.Context, "one key has most records of a partition", "perso.reason", "hot-key", "perso.share", share,
				"session.id", e.Session, "messaging.destination.partition.id", strconv.Itoa(int(r.Partition)))
		}
	}
}

// again remembers an event, and reports whether it was remembered already.
func (c *eventChecks) again(e event) bool {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, part := range []string{e.RequestID, e.Type, e.Item} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	id := h.Sum64()
	if _, known := c.recent[id]; known {
		return true
	}
	delete(c.recent, c.ring[c.next])
	c.recent[id] = struct{}{}
	c.ring[c.next] = id
	c.next = (c.next + 1) % recentIDs
	return false
}

// majority finds a key that most records have, window by window, by the vote of Boyer and Moore: it keeps a single key.
type majority struct {
	key   string
	votes int
	hits  int // records with the key since it is the candidate
	n     int
}

// add counts a record. At the end of a window it reports whether one key had at least hotShare of the records, and which share.
func (m *majority) add(key string) (share float64, hot bool) {
	m.n++
	switch {
	case m.key == key:
		m.votes++
		m.hits++
	case m.votes == 0:
		m.key, m.votes, m.hits = key, 1, 1
	default:
		m.votes--
	}
	if m.n < hotWindow {
		return 0, false
	}
	share = float64(m.hits) / hotWindow
	m.n, m.hits, m.votes = 0, 0, 0
	return share, share >= hotShare
}
