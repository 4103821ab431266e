package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// bufferedMost is how many records a producer keeps while the broker does not take them.
const bufferedMost = 10_000

// brokerLimit is how long a broker may take to store a record; the answer may take twice as long on top.
const brokerLimit = time.Second

// producer sends records to one topic at a time.
type producer struct {
	cfg    Config
	tel    *telemetry
	client *kgo.Client
	to     atomic.Pointer[destination]
}

// destination is where a producer sends.
type destination struct {
	topic   string
	signals *producerSignals // nil without telemetry
}

func newProducer(cfg Config, topic string, tel *telemetry) (*producer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.Dialer(role.Dialer(cfg.BackingToken)),
		kgo.ProducerLinger(2*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(bufferedMost),
		kgo.RecordDeliveryTimeout(shutdownLimit+cfg.Standstill),
		// A broker that says nothing is given up in time for the limit above. Then records that it may have got are given up, too.
		kgo.ProduceRequestTimeout(brokerLimit),
		kgo.RequestTimeoutOverhead(2*brokerLimit+cfg.Standstill),
		kgo.AllowIdempotentProduceCancellation(),
		kgo.WithHooks(brokerWatch{tel.log}),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	p := &producer{cfg: cfg, tel: tel, client: client}
	return p, p.direct(topic)
}

// direct sends the records that follow to another topic.
func (p *producer) direct(topic string) error {
	signals, err := newProducerSignals(p.cfg, topic, p.tel)
	if err == nil {
		p.to.Store(&destination{topic, signals})
	}
	return err
}

// brokerWatch logs what a producer waits for in vain.
type brokerWatch struct{ log *slog.Logger }

// OnBrokerE2E is told of every request and its answer.
func (w brokerWatch) OnBrokerE2E(_ kgo.BrokerMetadata, _ int16, e2e kgo.BrokerE2E) {
	var wire net.Error
	if err := e2e.Err(); errors.As(err, &wire) && wire.Timeout() {
		w.log.Warn("the broker does not answer", "error", err, "perso.reason", "broker-silent", "messaging.system", "kafka")
	}
}

// ready waits until the broker answers.
func (p *producer) ready(ctx context.Context) error { return retry(ctx, p.client.Ping) }

// full reports whether no more records can be buffered.
func (p *producer) full() bool { return p.client.BufferedProduceRecords() >= bufferedMost }

// send gives a record to the client; it does not wait for the broker. done may be nil.
func (p *producer) send(ctx context.Context, key string, value []byte, done func(error)) {
	// The record outlives the request that caused it, but belongs to its trace.
	ctx = context.WithoutCancel(ctx)
	to := p.to.Load()
	record := &kgo.Record{Topic: to.topic, Key: []byte(key), Value: value}
	sent := to.signals.begin(ctx, record)
	p.client.Produce(ctx, record, func(_ *kgo.Record, err error) {
		sent(err)
		if err != nil {
			p.tel.health.Warn("record not delivered", "topic", to.topic, "error", err)
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
