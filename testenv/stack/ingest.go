package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/population"
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
	client   *kgo.Client
	consumer *consumerSignals // nil without telemetry
	signals  *ingestSignals   // nil without telemetry
}

func newIngest(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	s := &ingestService{cfg: cfg, tel: tel, pop: population.New(cfg.Seed, cfg.Users, cfg.Items)}
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
	s.client, err = kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.Dialer(role.Dialer(cfg.BackingToken)),
		kgo.ClientID(role.IngestGroup(cfg.Arm)), // a client quota names it
		kgo.ConsumerGroup(role.IngestGroup(cfg.Arm)),
		kgo.ConsumeTopics(role.EventsTopic(cfg.Arm), role.ProfilesTopic(cfg.Arm)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(fetchWait),
		kgo.DisableFetchSessions(), // six partitions: a session would save nothing
		kgo.AutoCommitMarks(),      // commits only what is in the store
		kgo.AutoCommitInterval(commitInterval),
		kgo.SessionTimeout(sessionLimit),
		kgo.RebalanceTimeout(rejoinLimit),
	)
	if err != nil {
		return parts{}, errors.Join(fmt.Errorf("kafka: %w", err), s.store.close())
	}
	return parts{
		prepare: s.prepare,
		work:    []func(context.Context) error{s.consume, s.signals.watch},
		close: func(ctx context.Context) error {
			err := s.client.CommitMarkedOffsets(ctx)
			s.client.CloseAllowingRebalance()
			return errors.Join(err, s.store.close())
		},
	}, nil
}

// prepare waits until the store has a profile for every user. Then the consumer has joined the group and the upstream has
// delivered.
func (s *ingestService) prepare(ctx context.Context) error {
	if err := retry(ctx, s.client.Ping); err != nil {
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

// consume applies records, batch by batch, until ctx ends.
func (s *ingestService) consume(ctx context.Context) error {
	for {
		began := time.Now()
		fetches := s.client.PollRecords(ctx, pollMost)
		if ctx.Err() != nil {
			return nil
		}
		polled := s.consumer.polled(ctx, began, fetches)
		fetches.EachError(func(topic string, partition int32, err error) {
			s.tel.health.Warn("fetch failed", "topic", topic, "partition", partition, "error", err)
		})
		if records := fetches.Records(); len(records) > 0 {
			if err := s.apply(polled, records); err != nil {
				return err
			}
		}
	}
}

// update is one profile document to store.
type update struct {
	user string
	doc  []byte
}

// apply writes one batch into the store in one round trip. If the batch has events without a user, another round trip before it
// finds their users.
func (s *ingestService) apply(ctx context.Context, records []*kgo.Record) (err error) {
	ctx, batch := s.consumer.begin(ctx, records)
	defer func() { batch.end(err) }()
	updates, events := s.parse(records, batch)
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
	s.signals.applied(records)
	s.client.MarkCommitRecords(records...)
	return nil
}

// errNoUser is what is wrong with a profile document that names no user.
var errNoUser = errors.New("the document names no user")

// parse splits a batch into profile updates and events, counts them, and skips records that it cannot read.
func (s *ingestService) parse(records []*kgo.Record, batch *batchSignals) (updates []update, events []event) {
	for _, r := range records {
		if r.Topic == role.ProfilesTopic(s.cfg.Arm) {
			doc, unknown, err := readDocument(r.Value)
			if err == nil && doc.User == "" {
				err = errNoUser
			}
			if err == nil {
				updates = append(updates, update{user: doc.User, doc: r.Value})
				s.signals.inspect(r, doc, unknown)
			} else {
				s.tel.log.WarnContext(r.Context, "profile update not understood", "error", err)
				batch.reject(r, err)
			}
			s.signals.profile(r, err == nil)
			continue
		}
		var e event
		if err := json.Unmarshal(r.Value, &e); err != nil {
			s.tel.log.WarnContext(r.Context, "event not understood", "error", err)
			batch.reject(r, err)
			continue
		}
		s.signals.event(r, e)
		events = append(events, e)
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
