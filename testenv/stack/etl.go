package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// etlService is the upstream: it delivers every user's record once at the start, and then refreshes the records slowly.
type etlService struct {
	cfg     Config
	pop     *population.Population
	names   pseudonyms
	out     *producer
	dropped atomic.Pointer[dropAttribute] // nil: deliveries are complete

	requests chan struct{} // requested deliveries: one can wait while another is under way
}

// dropAttribute removes one attribute from the deliveries of a share of the users.
type dropAttribute struct {
	Attribute string  `json:"attribute"`
	Share     float64 `json:"share"` // of the users, in (0, 1]
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
			{name: lever.DropAttribute, force: s.drop},
			{name: lever.Deliver, act: s.request},
		},
		prepare: func(ctx context.Context) error {
			if err := out.ready(ctx); err != nil {
				return fmt.Errorf("kafka: %w", err)
			}
			if _, err := s.deliver(ctx, 0); err != nil {
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

// drop is the lever drop-attribute.
func (s *etlService) drop(params json.RawMessage) (func(), error) {
	var d dropAttribute
	if err := decode(params, &d); err != nil {
		return nil, err
	}
	if !slices.Contains(attributes, d.Attribute) {
		return nil, fmt.Errorf("%w: attribute must be one of %v, got %q", errParams, attributes, d.Attribute)
	}
	if !(d.Share > 0 && d.Share <= 1) {
		return nil, fmt.Errorf("%w: share must be in (0, 1], got %g", errParams, d.Share)
	}
	s.dropped.Store(&d)
	return func() { s.dropped.Store(nil) }, nil
}

// hits reports whether a user belongs to the share. For a seed these are always the same users, and the users of a smaller
// share belong to every larger share, too.
func (d *dropAttribute) hits(seed int64, user string) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte("drop/" + strconv.FormatInt(seed, 10) + "/" + user))
	x := h.Sum64()
	x ^= x >> 33 // FNV leaves the high bits of similar inputs similar: finish with a mixing step
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11)/(1<<53) < d.Share
}

// record returns the user's record as it would be delivered now.
func (s *etlService) record(i int) (user string, value []byte, err error) {
	u := s.pop.User(i)
	email := s.names.of(u.Email) // no service needs the address itself
	doc := document{User: u.ID, Age: &u.Age, Tier: &u.Tier, Country: &u.Country, Email: &email}
	if d := s.dropped.Load(); d != nil && d.hits(s.cfg.Seed, u.ID) {
		doc.drop(d.Attribute)
	}
	value, err = json.Marshal(doc)
	return u.ID, value, err
}

// request requests a delivery and answers at once. If a delivery waits already, it adds none.
func (s *etlService) request(context.Context, json.RawMessage) (any, error) {
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

// deliver sends every user's record, with a pause after every part. When all are in Kafka, it returns their number.
func (s *etlService) deliver(ctx context.Context, pause time.Duration) (int, error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	part := max(1, s.pop.Users()/deliverParts)
	for i := range s.pop.Users() {
		if pause > 0 && i > 0 && i%part == 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				group.Wait() // records that are under way fail when ctx ends
				return 0, ctx.Err()
			}
		}
		user, value, err := s.record(i)
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
	ticker := time.NewTicker(time.Duration(float64(time.Second) / s.cfg.Refresh))
	defer ticker.Stop()
	for i := 0; ; i = (i + 1) % s.pop.Users() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		user, value, err := s.record(i)
		if err == nil {
			s.out.send(ctx, user, value, nil)
		} else {
			s.out.tel.health.Warn("record not made", "error", err)
		}
	}
}
