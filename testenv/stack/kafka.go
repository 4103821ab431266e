package stack

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// bufferedMost is how many records a producer keeps while the broker does not take them.
const bufferedMost = 10_000

// producer sends records to one topic.
type producer struct {
	client  *kgo.Client
	topic   string
	health  *slog.Logger
	signals *producerSignals // nil without telemetry
}

func newProducer(cfg Config, topic string, tel *telemetry) (*producer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.Dialer(role.Dialer(cfg.BackingToken)),
		kgo.ProducerLinger(2*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(bufferedMost),
		kgo.RecordDeliveryTimeout(shutdownLimit),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	p := &producer{client: client, topic: topic, health: tel.health}
	p.signals, err = newProducerSignals(cfg, topic, tel)
	return p, err
}

// ready waits until the broker answers.
func (p *producer) ready(ctx context.Context) error { return retry(ctx, p.client.Ping) }

// full reports whether no more records can be buffered.
func (p *producer) full() bool { return p.client.BufferedProduceRecords() >= bufferedMost }

// send gives a record to the client; it does not wait for the broker. done may be nil.
func (p *producer) send(ctx context.Context, key string, value []byte, done func(error)) {
	// The record outlives the request that caused it, but belongs to its trace.
	ctx = context.WithoutCancel(ctx)
	record := &kgo.Record{Topic: p.topic, Key: []byte(key), Value: value}
	sent := p.signals.begin(ctx, record)
	p.client.Produce(ctx, record, func(_ *kgo.Record, err error) {
		sent(err)
		if err != nil {
			p.health.Warn("record not delivered", "topic", p.topic, "error", err)
		}
		if done != nil {
			done(err)
		}
	})
}

// close sends the buffered records and ends the client.
func (p *producer) close(ctx context.Context) error {
	err := p.client.Flush(ctx)
	p.client.CloseAllowingRebalance()
	if err != nil {
		return fmt.Errorf("kafka: records left undelivered: %w", err)
	}
	return nil
}
