package stack

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Pauses of the consumer.
const (
	stallFirst   = 100 * time.Millisecond // before a record that cannot be decoded is read again; doubled after each try
	stallMost    = time.Second            // the longest such pause
	stoppedEvery = 2 * time.Second        // how often a consumer that was stopped says so
)

// listener is the switch of a consumer, in its zero value on: operators stop and start a consumer while its process goes on, as
// the listener container of a framework has it.
type listener struct {
	mu      sync.Mutex
	stopped bool
	changed chan struct{} // closed at the next change; nil until somebody waits
}

// set stops the consumer, or starts it.
func (l *listener) set(stopped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped == stopped {
		return
	}
	l.stopped = stopped
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// state says whether the consumer is stopped, and returns a channel that is closed when that changes.
func (l *listener) state() (stopped bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.stopped, l.changed
}

// stop is the lever stop-consumer.
func (s *ingestService) stop(params json.RawMessage) (func(), error) {
	if err := decode(params, &struct{}{}); err != nil {
		return nil, err
	}
	s.listener.set(true)
	return func() { s.listener.set(false) }, nil
}

// consume runs the consumer until ctx ends, but for the times at which it is stopped.
func (s *ingestService) consume(ctx context.Context) error {
	for {
		err := s.listen(ctx)
		s.leave(ctx)
		if err != nil || ctx.Err() != nil || !s.idle(ctx) {
			return err
		}
		if s.client, err = newConsumer(s.cfg); err != nil {
			return err
		}
	}
}

// listen applies records, batch by batch, until ctx ends or the consumer is stopped. It stops after a whole batch.
func (s *ingestService) listen(ctx context.Context) error {
	polling, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped, changed := s.listener.state()
	if stopped {
		return nil
	}
	go func() {
		defer cancel()
		select {
		case <-changed:
		case <-polling.Done():
		}
	}()
	for {
		began := time.Now()
		fetches := s.client.PollRecords(polling, pollMost)
		if polling.Err() != nil {
			return nil // what was polled is not marked, and comes again
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

// leave commits what is in the store and leaves the group.
func (s *ingestService) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if err := s.client.CommitMarkedOffsets(ctx); err != nil {
		s.tel.health.Warn("offsets not committed", "error", err)
	}
	s.client.CloseAllowingRebalance()
	clear(s.stalls)
}

// idle waits until a consumer that was stopped is started again, and says from time to time that it is not. It is false if ctx
// ends first.
func (s *ingestService) idle(ctx context.Context) bool {
	since := time.Now()
	group := []any{"messaging.consumer.group.name", role.IngestGroup(s.cfg.Arm), "perso.reason", "left-group"}
	s.tel.log.WarnContext(ctx, "consumer stopped: it has left its group", group...)
	again := time.NewTicker(stoppedEvery)
	defer again.Stop()
	for {
		stopped, changed := s.listener.state()
		if !stopped {
			s.tel.log.InfoContext(ctx, "consumer started", group[:2]...)
			return true
		}
		select {
		case <-changed:
		case <-again.C:
			s.tel.log.WarnContext(ctx, "consumer is stopped: nobody reads", append(group, "perso.stopped_s", int(time.Since(since).Seconds()))...)
		case <-ctx.Done():
			return false
		}
	}
}

// stall is a partition that waits for a record that cannot be decoded.
type stall struct {
	offset int64
	tries  int
}

// stalled counts and logs another try of a record that cannot be decoded.
func (s *ingestService) stalled(r *kgo.Record, err error) {
	at := partition{r.Topic, r.Partition}
	was := s.stalls[at]
	if was.offset != r.Offset {
		was = stall{offset: r.Offset}
	}
	was.tries++
	s.stalls[at] = was
	s.tel.log.ErrorContext(r.Context, "record cannot be decoded: its partition waits", "error", err, "perso.reason", "undecodable",
		"messaging.destination.name", r.Topic, "messaging.destination.partition.id", strconv.Itoa(int(r.Partition)),
		"messaging.kafka.offset", r.Offset, "perso.tries", was.tries)
}

// rewind has every partition that waits for a record begin with it again, after a pause; the other partitions go on. It does so
// without end: the record may be fixed by a newer ingest, or deleted by people, but ingest itself throws nothing away.
func (s *ingestService) rewind(ctx context.Context, stuck map[partition]*kgo.Record) {
	if len(stuck) == 0 {
		return
	}
	// The client takes an offset that it is set to for committed: what is before it has to be.
	limited, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	if err := s.client.CommitMarkedOffsets(limited); err != nil {
		s.tel.health.Warn("offsets not committed", "error", err)
	}
	client := s.client
	for at, r := range stuck {
		waiting := map[string][]int32{at.topic: {at.id}}
		client.PauseFetchPartitions(waiting)
		client.SetOffsets(map[string]map[int32]kgo.EpochOffset{at.topic: {at.id: {Epoch: -1, Offset: r.Offset}}})
		pause := stallMost
		if tries := s.stalls[at].tries; tries < 5 {
			pause = min(stallFirst<<(tries-1), stallMost)
		}
		time.AfterFunc(pause, func() { client.ResumeFetchPartitions(waiting) })
	}
}
