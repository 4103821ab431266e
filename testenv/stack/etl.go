package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// etlService is the upstream: it delivers every user's record once at the start, and then refreshes the records slowly.
type etlService struct {
	cfg     Config
	pop     *population.Population
	names   pseudonyms
	out     *producer
	altered atomic.Pointer[alteration] // nil: records are as they should be
	stopped atomic.Bool                // nothing is delivered
	batches atomic.Int64               // batches so far

	requests chan struct{} // requested deliveries: one can wait while another is under way
}

func newETL(_ context.Context, cfg Config, tel *telemetry) (parts, error) {
	out, err := newProducer(cfg, role.ProfilesTopic(cfg.Arm), tel)
	if err != nil {
		return parts{}, err
	}
	s := &etlService{cfg: cfg, pop: population.New(cfg.Seed, cfg.Users, cfg.Items), names: tel.names, out: out, requests: make(chan struct{}, 1)}
	delivered := make(chan struct{})
	return parts{
		endpoints: []endpoint{
			{name: lever.AlterProfiles, force: s.alter},
			{name: lever.StopDelivery, force: s.stop},
			{name: lever.Deliver, act: s.request},
		},
		prepare: func(ctx context.Context) error {
			if err := out.ready(ctx); err != nil {
				return fmt.Errorf("kafka: %w", err)
			}
			if err := s.first(ctx); err != nil {
				return err
			}
			close(delivered)
			return nil
		},
		work: []func(context.Context) error{s.deliveries, func(ctx context.Context) error {
			select {
			case <-delivered:
				s.refresh(ctx)
			case <-ctx.Done():
			}
			return nil
		}},
		close: out.close,
	}, nil
}

// alter is the lever alter-profiles.
func (s *etlService) alter(params json.RawMessage) (func(), error) {
	a, err := readAlteration(params)
	if err != nil {
		return nil, err
	}
	s.altered.Store(a)
	return func() { s.altered.Store(nil) }, nil
}

// stop is the lever stop-delivery: the refresh stands still, and no delivery can be requested.
func (s *etlService) stop(params json.RawMessage) (func(), error) {
	if err := decode(params, &struct{}{}); err != nil {
		return nil, err
	}
	s.stopped.Store(true)
	return func() { s.stopped.Store(false) }, nil
}

// record returns the user's record as a batch would deliver it now.
func (s *etlService) record(i int, batch int64) (user string, value []byte, err error) {
	u := s.pop.User(i)
	email := s.names.of(u.Email) // no service needs the address itself
	consent := true              // in a healthy upstream, everybody has agreed
	value, err = json.Marshal(document{
		User: u.ID, Age: &u.Age, Tier: &u.Tier, Country: &u.Country, Email: &email, Consent: &consent,
		Batch: batch, UpdatedMS: time.Now().UnixMilli(),
	})
	if a := s.altered.Load(); err == nil && a != nil && a.hits(s.cfg.Seed, u.ID) {
		value, err = a.apply(value, u)
	}
	return u.ID, value, err
}

// request requests a delivery and answers at once. If a delivery waits already, it adds none.
func (s *etlService) request(context.Context, json.RawMessage) (any, error) {
	if s.stopped.Load() {
		return nil, errors.New("the upstream delivers nothing now")
	}
	select {
	case s.requests <- struct{}{}:
	default:
	}
	return map[string]int{"records": s.pop.Users()}, nil
}

// deliveries makes the requested deliveries, one after the other, until ctx ends.
func (s *etlService) deliveries(ctx context.Context) error {
	for {
		select {
		case <-s.requests:
			if _, err := s.deliver(ctx, deliverPause); err != nil && ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// A delivery on request is paced, like a batch job that must not delay the events. It comes in deliverParts parts with
// deliverPause between them and takes about four seconds.
const (
	deliverParts = 200
	deliverPause = 20 * time.Millisecond
)

// first delivers every record for the first time, again and again until all have arrived or ctx ends: a broker that has just started on a busy
// machine may need longer for them than a producer waits.
func (s *etlService) first(ctx context.Context) error {
	for {
		_, err := s.deliver(ctx, 0)
		if !errors.Is(err, kgo.ErrRecordTimeout) || ctx.Err() != nil {
			return err
		}
		s.out.tel.log.WarnContext(ctx, "the records are delivered once more", "error", err)
	}
}

// deliver sends every user's record, with a pause after every part. When all are in Kafka, it returns their number.
func (s *etlService) deliver(ctx context.Context, pause time.Duration) (int, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	part, batch := max(1, s.pop.Users()/deliverParts), s.batches.Add(1)
	for i := range s.pop.Users() {
		if pause > 0 && i > 0 && i%part == 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				group.Wait() // records that are under way fail when ctx ends
				return 0, ctx.Err()
			}
		}
		user, value, err := s.record(i, batch)
		if err != nil {
			return 0, fmt.Errorf("record of %d: %w", i, err)
		}
		group.Add(1)
		s.out.send(ctx, user, value, func(err error) {
			defer group.Done()
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	group.Wait() // bounded by the producer's delivery timeout
	if len(errs) > 0 {
		return 0, fmt.Errorf("%d of %d records were not delivered, the first because: %w", len(errs), s.pop.Users(), errs[0])
	}
	return s.pop.Users(), nil
}

// refresh delivers one record after the other, at the configured pace, until ctx ends.
func (s *etlService) refresh(ctx context.Context) {
	if s.cfg.Refresh <= 0 {
		return
	}
	ticker := time.NewTicker(s.cfg.RefreshInterval())
	defer ticker.Stop()
	var batch int64
	for i := 0; ; i = (i + 1) % s.pop.Users() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.stopped.Load() {
			continue
		}
		if i == 0 || batch == 0 {
			batch = s.batches.Add(1)
		}
		user, value, err := s.record(i, batch)
		if err == nil {
			s.out.send(ctx, user, value, nil)
		} else {
			s.out.tel.health.Warn("record not made", "error", err)
		}
	}
}
