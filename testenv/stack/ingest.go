package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

const (
	pollMost       = 500                    // records in one batch of writes
	fetchWait      = time.Second            // how long an idle fetch stays open; it ends at once when records come
	commitInterval = 250 * time.Millisecond // consumer lag is read from the committed offsets
	rejoinLimit    = 10 * time.Second
	sessionLimit   = 5 * time.Minute // a parked arm's consumer must stay a member of its group
)

// ingestService writes the events of users and the deliveries of the upstream into the store.
type ingestService struct {
	cfg      Config
	tel      *telemetry
	pop      *population.Population
	store    *store
	client   *kgo.Client // of the consumer; another one after each start of it, used by its loop alone
	listener listener
	stalls   map[partition]stall
	consumer *consumerSignals // nil without telemetry
	signals  *ingestSignals   // nil without telemetry
}

func newIngest(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	s := &ingestService{cfg: cfg, tel: tel, pop: population.New(cfg.Seed, cfg.Users, cfg.Items), stalls: map[partition]stall{}}
	var err error
	if s.consumer, err = newConsumerSignals(cfg, tel); err != nil {
		return parts{}, err
	}
	if s.signals, err = newIngestSignals(cfg, tel); err != nil {
		return parts{}, err
	}
	if s.store, err = newStore(cfg, tel); err != nil {
		return parts{}, err
	}
	if s.client, err = newConsumer(cfg); err != nil {
		return parts{}, errors.Join(err, s.store.close())
	}
	ping := s.client.Ping
	return parts{
		endpoints: []endpoint{{name: lever.StopConsumer, force: s.stop}},
		prepare:   func(ctx context.Context) error { return s.prepare(ctx, ping) },
		work:      []func(context.Context) error{s.consume, s.signals.watch},
		close:     func(context.Context) error { return s.store.close() },
	}, nil
}

// newConsumer returns a client that is about to be a member of the group.
func newConsumer(cfg Config) (*kgo.Client, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.Dialer(role.Dialer(cfg.BackingToken)),
		kgo.ClientID(role.IngestGroup(cfg.Arm)), // a client quota names it
		kgo.ConsumerGroup(role.IngestGroup(cfg.Arm)),
		kgo.ConsumeTopics(role.EventsTopic(cfg.Arm), role.ProfilesTopic(cfg.Arm)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(fetchWait),
		kgo.DisableFetchSessions(), // six partitions: a session would save nothing
		kgo.AutoCommitMarks(),      // commits only what is in the store
		kgo.AutoCommitInterval(cfg.Stretched(commitInterval)),
		kgo.SessionTimeout(sessionLimit),
		kgo.RebalanceTimeout(rejoinLimit),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return client, nil
}

// prepare waits until the store has a profile for every user. Then the consumer has joined the group and the upstream has
// delivered.
func (s *ingestService) prepare(ctx context.Context, ping func(context.Context) error) error {
	if err := retry(ctx, ping); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	return retry(ctx, func(ctx context.Context) error {
		n, err := s.store.users(ctx)
		if err == nil && n < s.cfg.Users {
			err = fmt.Errorf("the upstream has delivered %d of %d profiles", n, s.cfg.Users)
		}
		return err
	})
}

// update is one profile document to store.
type update struct {
	user string
	doc  []byte
}

// entry is one decoded record of a batch: a profile update or an event.
type entry struct {
	record  *kgo.Record
	profile bool // it is a profile update
	doc     document
	unknown []string // fields of doc that the schema does not have
	event   event
	err     error // what is wrong with it; it is rejected then, or stuck
	stuck   bool  // it cannot be decoded, and its partition waits for it
}

// apply writes one batch into the store in one round trip. If the batch has events without a user, another round trip before it
// finds their users.
func (s *ingestService) apply(ctx context.Context, records []*kgo.Record) (err error) {
	began := time.Now()
	entries, stuck := s.decode(records)
	ctx, batch := s.consumer.begin(ctx, began, recordsOf(entries))
	defer func() { batch.end(err) }()
	updates, events := s.parse(entries, batch)
	warned := false
	// Kafka keeps the records while the store does not answer: the batch waits for the store, and the lag grows.
	err = retry(ctx, func(ctx context.Context) error {
		err := s.write(ctx, updates, events)
		if err != nil && !warned {
			warned = true
			s.tel.health.Warn("the store does not take writes", "error", err)
		}
		return err
	})
	if err != nil {
		return err
	}
	applied := recordsOf(slices.DeleteFunc(entries, func(e entry) bool { return e.stuck }))
	s.signals.applied(applied)
	s.client.MarkCommitRecords(applied...)
	s.rewind(ctx, stuck)
	return nil
}

// errNoUser is what is wrong with a profile document that names no user.
var errNoUser = errors.New("the document names no user")

// decode decodes a batch. A record that is JSON, but not what it should be, is rejected: to try it again would change nothing. A
// record that is not JSON at all may be what a newer producer or a broken one wrote, and to pass it over could lose data. So it
// stops its partition, and what is behind it in the batch is left for later.
func (s *ingestService) decode(records []*kgo.Record) (entries []entry, stuck map[partition]*kgo.Record) {
	entries = make([]entry, 0, len(records))
	for _, r := range records {
		at := partition{r.Topic, r.Partition}
		if stuck[at] != nil {
			continue
		}
		e := entry{record: r, profile: r.Topic == role.ProfilesTopic(s.cfg.Arm)}
		if e.profile {
			if e.doc, e.unknown, e.err = readDocument(r.Value); e.err == nil && e.doc.User == "" {
				e.err = errNoUser
			}
		} else {
			e.err = json.Unmarshal(r.Value, &e.event)
		}
		var syntax *json.SyntaxError
		if e.err != nil && errors.As(e.err, &syntax) {
			if e.stuck = true; stuck == nil {
				stuck = map[partition]*kgo.Record{}
			}
			stuck[at] = r
		}
		entries = append(entries, e)
	}
	return entries, stuck
}

func recordsOf(entries []entry) []*kgo.Record {
	records := make([]*kgo.Record, len(entries))
	for i, e := range entries {
		records[i] = e.record
	}
	return records
}

// parse splits a batch into profile updates and events, and counts them.
func (s *ingestService) parse(entries []entry, batch *batchSignals) (updates []update, events []event) {
	for _, e := range entries {
		r := e.record
		if e.err != nil {
			batch.reject(r, e.err)
		}
		switch {
		case e.stuck:
			s.stalled(r, e.err)
			continue // neither applied nor rejected yet
		case e.err != nil && e.profile:
			s.tel.log.WarnContext(r.Context, "profile update not understood", "error", e.err)
		case e.err != nil:
			s.tel.log.WarnContext(r.Context, "event not understood", "error", e.err)
		case e.profile:
			updates = append(updates, update{user: e.doc.User, doc: r.Value})
			s.signals.inspect(r, e.doc, e.unknown)
		default:
			s.signals.event(r, e.event)
			events = append(events, e.event)
		}
		if e.profile {
			s.signals.profile(r, e.err == nil)
		}
	}
	return updates, events
}

func (s *ingestService) write(ctx context.Context, updates []update, events []event) error {
	users, err := s.resolve(ctx, events)
	if err != nil {
		return err
	}
	b := s.store.batch()
	for _, u := range updates {
		b.replace(ctx, u.user, u.doc)
	}
	for i, e := range events {
		if users[i] != "" {
			b.seen(ctx, users[i], e.TimeMS, s.clicked(e))
		}
	}
	return b.write(ctx)
}

// resolve returns the user of every event, "" for anonymous ones.
func (s *ingestService) resolve(ctx context.Context, events []event) ([]string, error) {
	users := make([]string, len(events))
	var sessions []string
	var unknown []int
	for i, e := range events {
		if users[i] = e.User; e.User == "" {
			sessions, unknown = append(sessions, e.Session), append(unknown, i)
		}
	}
	linked, err := s.store.links(ctx, sessions)
	if err != nil {
		return nil, err
	}
	for i, at := range unknown {
		users[at] = linked[i]
	}
	return users, nil
}

// clicked returns the category of the item that an event clicks on; −1 if the event is no click.
func (s *ingestService) clicked(e event) int {
	if e.Type != "click" {
		return -1
	}
	item, ok := s.pop.Item(e.Item)
	if !ok {
		return -1
	}
	return item.Category
}
