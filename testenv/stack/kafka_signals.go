package stack

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Operations of a Kafka client, by the names that spans and metrics give them.
const (
	opSend    = "send"
	opPoll    = "poll"
	opProcess = "process"
)

// operationBuckets are the boundaries that the conventions advise for the durations of messaging operations, in seconds.
var operationBuckets = metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

// described are the attributes of one operation, as its span, its duration and its count have them. All three are made from
// one list, so that they agree.
type described struct {
	name            string // of the span
	span            []attribute.KeyValue
	duration, count metric.MeasurementOption
}

// describeOperation describes an operation of that name and type on a topic; "" for no single topic. Counts, and the time to
// process a message, do not have the type among their attributes.
func describeOperation(operation string, kind attribute.KeyValue, topic string, more ...attribute.KeyValue) described {
	name := operation
	attrs := append([]attribute.KeyValue{semconv.MessagingSystemKafka, semconv.MessagingOperationName(operation)}, more...)
	if topic != "" {
		name += " " + topic
		attrs = append(attrs, semconv.MessagingDestinationName(topic))
	}
	typed := append([]attribute.KeyValue{kind}, attrs...)
	return described{name: name, span: typed, duration: metric.WithAttributes(typed...), count: metric.WithAttributes(attrs...)}
}

// brokerAttributes are the address of the broker. With several there is no telling which of them an operation will reach.
func brokerAttributes(brokers []string) []attribute.KeyValue {
	if len(brokers) != 1 {
		return nil
	}
	return serverAttributes(brokers[0])
}

// serverAttributes are the address of a server, from host:port.
func serverAttributes(address string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(address)
	number, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil {
		return nil
	}
	return []attribute.KeyValue{semconv.ServerAddress(host), semconv.ServerPort(number)}
}

func partitionAttribute(partition int32) attribute.KeyValue {
	return semconv.MessagingDestinationPartitionID(strconv.Itoa(int(partition)))
}

// producerSignals emits the telemetry of the records that a producer sends to one topic. If it is nil, it does nothing.
type producerSignals struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	topic      string
	broker     []attribute.KeyValue
	begun      described // before the partition is known
	partitions [role.Partitions]described
	sent       messagingconv.ClientSentMessages
	took       messagingconv.ClientOperationDuration
}

func newProducerSignals(cfg Config, topic string, tel *telemetry) (*producerSignals, error) {
	if !tel.on() {
		return nil, nil
	}
	s := &producerSignals{tracer: tel.tracer(), propagator: tel.propagator, topic: topic, broker: brokerAttributes(cfg.Brokers)}
	s.begun = s.describe()
	for p := range s.partitions {
		s.partitions[p] = s.describe(partitionAttribute(int32(p)))
	}
	var err1, err2 error
	s.sent, err1 = messagingconv.NewClientSentMessages(tel.meter())
	s.took, err2 = messagingconv.NewClientOperationDuration(tel.meter(), operationBuckets)
	return s, errors.Join(err1, err2)
}

func (s *producerSignals) describe(more ...attribute.KeyValue) described {
	return describeOperation(opSend, semconv.MessagingOperationTypeSend, s.topic, append(more, s.broker...)...)
}

// begin starts the span of a record, whose context it writes into the record's headers. It returns what is to be called once
// the record is delivered or has failed.
func (s *producerSignals) begin(ctx context.Context, r *kgo.Record) func(error) {
	if s == nil {
		return func(error) {}
	}
	began := time.Now()
	ctx, span := s.tracer.Start(ctx, s.begun.name, trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(s.begun.span...))
	s.propagator.Inject(ctx, headers{r})
	return func(err error) {
		how := s.outcome(r, err)
		ended := time.Now()
		s.sent.Inst().Add(ctx, 1, how.count)
		s.took.Inst().Record(ctx, ended.Sub(began).Seconds(), how.duration)
		if err != nil {
			failed(span, err, errorType(err))
		} else if span.IsRecording() {
			span.SetAttributes(partitionAttribute(r.Partition), semconv.MessagingKafkaOffset(int(r.Offset)))
		}
		span.End(trace.WithTimestamp(ended))
	}
}

// outcome describes how a record was sent. A record that was not delivered is in no partition.
func (s *producerSignals) outcome(r *kgo.Record, err error) described {
	switch {
	case err != nil:
		return s.describe(errorType(err))
	case int(r.Partition) < len(s.partitions):
		return s.partitions[r.Partition]
	default:
		return s.describe(partitionAttribute(r.Partition))
	}
}

// headers carries context in the headers of a record.
type headers struct{ record *kgo.Record }

// Get returns the value of a header, "" if there is none.
func (h headers) Get(key string) string {
	for _, header := range h.record.Headers {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}

// Set sets a header.
func (h headers) Set(key, value string) {
	for i, header := range h.record.Headers {
		if header.Key == key {
			h.record.Headers[i].Value = []byte(value)
			return
		}
	}
	h.record.Headers = append(h.record.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
}

// Keys returns the names of all headers.
func (h headers) Keys() []string {
	keys := make([]string, len(h.record.Headers))
	for i, header := range h.record.Headers {
		keys[i] = header.Key
	}
	return keys
}
