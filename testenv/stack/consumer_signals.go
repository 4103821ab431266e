package stack

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// linksMost is how many records a span of a batch links to; the SDK keeps no more.
const linksMost = 128

// consumerSignals emits the telemetry of polls and of the records that they return. If it is nil, it does nothing.
type consumerSignals struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	group      []attribute.KeyValue // of everything that the consumer does
	client     attribute.KeyValue   // of its spans
	polls      map[string]described // by topic, "" for polls that returned records of several topics
	received   map[partition]described
	processed  map[partition]described
	consumed   messagingconv.ClientConsumedMessages
	took       messagingconv.ClientOperationDuration
	process    messagingconv.ProcessDuration
}

// partition is a partition of a topic.
type partition struct {
	topic string
	id    int32
}

func newConsumerSignals(cfg Config, tel *telemetry) (*consumerSignals, error) {
	if !tel.on() {
		return nil, nil
	}
	s := &consumerSignals{
		tracer: tel.tracer(), propagator: tel.propagator,
		group:  append(brokerAttributes(cfg.Brokers), semconv.MessagingConsumerGroupName(role.IngestGroup(cfg.Arm))),
		client: semconv.MessagingClientID(role.IngestGroup(cfg.Arm)),
		polls:  map[string]described{}, received: map[partition]described{}, processed: map[partition]described{},
	}
	s.polls[""] = s.poll("", nil)
	for _, topic := range []string{role.EventsTopic(cfg.Arm), role.ProfilesTopic(cfg.Arm)} {
		s.polls[topic] = s.poll(topic, nil)
		for id := range int32(role.Partitions) {
			p := partition{topic, id}
			s.received[p] = s.describe(opPoll, semconv.MessagingOperationTypeReceive, topic, partitionAttribute(id))
			s.processed[p] = s.processing(p, nil)
		}
	}
	var err1, err2, err3 error
	s.consumed, err1 = messagingconv.NewClientConsumedMessages(tel.meter())
	s.took, err2 = messagingconv.NewClientOperationDuration(tel.meter(), operationBuckets)
	s.process, err3 = messagingconv.NewProcessDuration(tel.meter(), operationBuckets)
	return s, errors.Join(err1, err2, err3)
}

// describe describes an operation of the consumer; topic is "" if it was on several.
func (s *consumerSignals) describe(operation string, kind attribute.KeyValue, topic string, more ...attribute.KeyValue) described {
	return describeOperation(operation, kind, topic, append(more, s.group...)...)
}

// poll describes a poll that returned records of a topic, or failed.
func (s *consumerSignals) poll(topic string, err error) described {
	if how, ok := s.polls[topic]; ok && err == nil {
		return how
	}
	return s.describe(opPoll, semconv.MessagingOperationTypeReceive, topic, errorTypes(err)...)
}

// processing describes how a record of a partition was processed.
func (s *consumerSignals) processing(p partition, err error) described {
	if how, ok := s.processed[p]; ok && err == nil {
		return how
	}
	return s.describe(opProcess, semconv.MessagingOperationTypeProcess, p.topic, append(errorTypes(err), partitionAttribute(p.id))...)
}

// polled emits the telemetry of a poll that began at that time. It gives every record the context that its producer sent with
// it, and returns the context of the poll.
func (s *consumerSignals) polled(ctx context.Context, began time.Time, fetches kgo.Fetches) context.Context {
	if s == nil {
		return ctx
	}
	ended := time.Now()
	topic, count := "", 0
	var links []trace.Link
	fetches.EachRecord(func(r *kgo.Record) {
		r.Context = s.propagator.Extract(ctx, headers{r})
		if count++; count == 1 {
			topic = r.Topic
		} else if topic != r.Topic {
			topic = ""
		}
		if c := trace.SpanContextFromContext(r.Context); c.IsSampled() && len(links) < linksMost {
			links = append(links, trace.Link{SpanContext: c})
		}
		if how, ok := s.received[partition{r.Topic, r.Partition}]; ok {
			s.consumed.Inst().Add(r.Context, 1, how.count)
		}
	})
	var err error
	if errs := fetches.Errors(); len(errs) > 0 {
		err = errs[0].Err
		if topic == "" && count == 0 {
			topic = errs[0].Topic
		}
	}
	how := s.poll(topic, err)
	ctx, span := s.tracer.Start(ctx, how.name, trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithLinks(links...), trace.WithAttributes(how.span...), trace.WithAttributes(s.client, semconv.MessagingBatchMessageCount(count)))
	s.took.Inst().Record(ctx, ended.Sub(began).Seconds(), how.duration)
	if err != nil {
		failed(span, err)
	}
	span.End(trace.WithTimestamp(ended))
	return ctx
}

// batchSignals is a batch of records that is being processed. If it is nil, it does nothing.
type batchSignals struct {
	signals  *consumerSignals
	began    time.Time
	batch    trace.Span
	records  []*kgo.Record // each with its span in its context; the client sorts them when they are marked as done
	rejected map[*kgo.Record]error
}

// begin starts the telemetry of a batch whose processing began at that time. It starts a span for every record, in the trace of that record, and one span for the work on
// all records together, with links to the others. The returned context is the context of this last span.
func (s *consumerSignals) begin(ctx context.Context, began time.Time, records []*kgo.Record) (context.Context, *batchSignals) {
	if s == nil {
		return ctx, nil
	}
	p := &batchSignals{signals: s, began: began, records: records, rejected: map[*kgo.Record]error{}}
	var links []trace.Link
	for _, r := range records {
		how := s.processing(partition{r.Topic, r.Partition}, nil)
		options := []trace.SpanStartOption{
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(p.began), trace.WithAttributes(how.span...),
			trace.WithAttributes(s.client, semconv.MessagingKafkaOffset(int(r.Offset))),
		}
		if creation := trace.SpanContextFromContext(r.Context); creation.IsSampled() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: creation}))
		}
		r.Context, _ = s.tracer.Start(r.Context, how.name, options...)
		if c := trace.SpanContextFromContext(r.Context); c.IsSampled() && len(links) < linksMost {
			links = append(links, trace.Link{SpanContext: c})
		}
	}
	ctx, p.batch = s.tracer.Start(ctx, "apply batch", trace.WithLinks(links...))
	return ctx, p
}

// reject says that a record of the batch was not understood.
func (p *batchSignals) reject(r *kgo.Record, err error) {
	if p != nil {
		p.rejected[r] = err
	}
}

// end ends the processing of the batch; err is why the batch as a whole failed.
func (p *batchSignals) end(err error) {
	if p == nil {
		return
	}
	ended := time.Now()
	took := ended.Sub(p.began).Seconds()
	if err != nil {
		failed(p.batch, err, errorType(err))
	}
	p.batch.End(trace.WithTimestamp(ended))
	for _, r := range p.records {
		span, why := trace.SpanFromContext(r.Context), err
		if rejected := p.rejected[r]; rejected != nil {
			why = rejected
		}
		p.signals.process.Inst().Record(r.Context, took, p.signals.processing(partition{r.Topic, r.Partition}, why).count)
		if why != nil {
			failed(span, why, errorType(why))
		}
		span.End(trace.WithTimestamp(ended))
	}
}
