package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// bufferedMost is how many records a producer keeps while the broker does not take them.
const bufferedMost = 10_000

// kafka returns the hooks that carry the trace context in record headers; nil when telemetry is off.
func (t *telemetry) kafka(group string) *kotel.Tracer {
	if !t.on() {
		return nil
	}
	return kotel.NewTracer(kotel.TracerProvider(t.tracers), kotel.TracerPropagator(t.propagator), kotel.ConsumerGroup(group),
		kotel.KeyFormatter(func(*kgo.Record) (string, error) { return "", errKeyWithheld }))
}

// errKeyWithheld keeps record keys, which name users and sessions, out of spans.
var errKeyWithheld = errors.New("record keys are not shown")

func hooks(tracer *kotel.Tracer) []kgo.Hook {
	if tracer == nil {
		return nil
	}
	return kotel.NewKotel(kotel.WithTracer(tracer)).Hooks()
}

// producer sends records to one topic.
type producer struct {
	client *kgo.Client
	topic  string
	tel    *telemetry
	sent   metric.Int64Counter // nil without telemetry
	attrs  []metric.AddOption
}

func newProducer(cfg Config, topic string, tel *telemetry) (*producer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.DefaultProduceTopic(topic),
		kgo.ProducerLinger(2*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(bufferedMost),
		kgo.RecordDeliveryTimeout(shutdownLimit),
		kgo.WithHooks(hooks(tel.kafka(""))...),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	p := &producer{client: client, topic: topic, tel: tel}
	if tel.on() {
		p.sent, err = tel.meters.Meter(scope).Int64Counter("messaging.client.sent.messages",
			metric.WithUnit("{message}"), metric.WithDescription("Messages that a producer tried to send."))
		p.attrs = []metric.AddOption{messaging(topic, "send")}
	}
	return p, err
}

// messaging returns the attributes of a messaging instrument.
func messaging(topic, operation string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(
		attribute.String("messaging.system", "kafka"),
		attribute.String("messaging.destination.name", topic),
		attribute.String("messaging.operation.name", operation),
	))
}

// ready waits until the broker answers.
func (p *producer) ready(ctx context.Context) error { return retry(ctx, p.client.Ping) }

// full reports whether no more records can be buffered.
func (p *producer) full() bool { return p.client.BufferedProduceRecords() >= bufferedMost }

// send gives a record to the client; it does not wait for the broker. done may be nil.
func (p *producer) send(ctx context.Context, key string, value []byte, done func(error)) {
	// The record outlives the request that caused it, but belongs to its trace.
	ctx = context.WithoutCancel(ctx)
	if p.sent != nil {
		p.sent.Add(ctx, 1, p.attrs...)
	}
	p.client.Produce(ctx, &kgo.Record{Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			p.tel.health.Warn("record not delivered", "topic", p.topic, "error", err)
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
