package stack

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// ingestSignals emits the telemetry of the records that ingest applies. If it is nil, it does nothing.
type ingestSignals struct {
	cfg     Config
	tel     *telemetry
	events  map[string]metric.Int64Counter // by type
	dwell   metric.Float64Histogram
	age     metric.Float64Histogram
	updates metric.Int64Counter
	unknown metric.Int64Counter
	fresh   freshness
	odd     quiet // about odd documents

	perEvent map[[3]string]metric.MeasurementOption // by channel, variant and content
	perTopic map[string]metric.MeasurementOption
	results  map[bool]metric.MeasurementOption   // of profile updates, by whether they were applied
	aged     map[string]metric.MeasurementOption // of events, by channel
	checks   *eventChecks
}

// secondsBuckets suit ages and durations from a millisecond to a minute.
var secondsBuckets = metric.WithExplicitBucketBoundaries(
	0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)

func newIngestSignals(cfg Config, tel *telemetry) (*ingestSignals, error) {
	if !tel.on() {
		return nil, nil
	}
	meter := tel.meter()
	s := &ingestSignals{
		cfg: cfg, tel: tel, fresh: newFreshness(role.EventsTopic(cfg.Arm), role.ProfilesTopic(cfg.Arm)),
		odd:    quiet{every: time.Second, said: map[string]utterance{}},
		events: map[string]metric.Int64Counter{}, perEvent: map[[3]string]metric.MeasurementOption{},
		perTopic: map[string]metric.MeasurementOption{}, results: map[bool]metric.MeasurementOption{
			true: measured("perso.result", "applied"), false: measured("perso.result", "rejected"),
		},
		aged: map[string]metric.MeasurementOption{},
	}
	var errs [9]error
	s.events["impression"], errs[0] = meter.Int64Counter("perso.impressions", metric.WithDescription("Slates that were shown."))
	s.events["click"], errs[1] = meter.Int64Counter("perso.clicks", metric.WithDescription("Slates that were clicked."))
	s.events["purchase"], errs[2] = meter.Int64Counter("perso.purchases", metric.WithDescription("Items that were bought from a slate."))
	s.dwell, errs[3] = meter.Float64Histogram("perso.dwell", metric.WithUnit("s"), metric.WithDescription("Time that users stayed with a clicked item."), secondsBuckets)
	s.age, errs[4] = meter.Float64Histogram("perso.event.age", metric.WithUnit("s"), metric.WithDescription("Processing time minus event time."), secondsBuckets)
	s.updates, errs[5] = meter.Int64Counter("perso.profile.updates", metric.WithDescription("Profile documents from the upstream, by result."))
	s.unknown, errs[6] = meter.Int64Counter("perso.profile.fields.unknown",
		metric.WithDescription("Fields of profile documents that the schema does not have."))
	_, errs[7] = meter.Float64ObservableGauge("perso.update.age", metric.WithUnit("s"),
		metric.WithDescription("Time since the newest record that was applied was made."), metric.WithFloat64Callback(s.observeAge))
	s.checks, errs[8] = newEventChecks(tel)
	for _, channel := range channels {
		s.aged[channel] = metric.WithAttributes(semconv.MessagingDestinationName(role.EventsTopic(cfg.Arm)), attribute.String("perso.channel", channel))
		for _, variant := range append([]string{""}, variants...) {
			for _, content := range []string{"personalized", "default"} {
				s.perEvent[[3]string{channel, variant, content}] = measured("perso.channel", channel, "perso.variant", orNone(variant), "perso.content", content)
			}
		}
	}
	for _, topic := range []string{role.EventsTopic(cfg.Arm), role.ProfilesTopic(cfg.Arm)} {
		s.perTopic[topic] = metric.WithAttributes(semconv.MessagingDestinationName(topic))
	}
	return s, errors.Join(errs[:]...)
}

// measured returns precomputed attributes, from names and values in turn.
func measured(pairs ...string) metric.MeasurementOption {
	return metric.WithAttributeSet(attributeSet(pairs...))
}

// event counts an event and how late it is.
func (s *ingestSignals) event(r *kgo.Record, e event) {
	if s == nil {
		return
	}
	ctx, now := r.Context, time.Now()
	s.checks.late(r, now)
	s.checks.event(r, e, now)
	aged, ok := s.aged[e.Channel]
	if !ok {
		aged = s.perTopic[r.Topic]
	}
	s.age.Record(ctx, max(now.Sub(time.UnixMilli(e.TimeMS)).Seconds(), 0), aged)
	content := "personalized"
	if e.Reason != "" {
		content = "default"
	}
	options, ok := s.perEvent[[3]string{e.Channel, e.Variant, content}]
	if !ok { // an event of an older gateway
		return
	}
	if counter, ok := s.events[e.Type]; ok {
		counter.Add(ctx, 1, options)
	}
	if e.Type == "click" && e.DwellMS > 0 {
		s.dwell.Record(ctx, e.DwellMS/1000, options)
	}
}

// profile counts a profile update and how late it is.
func (s *ingestSignals) profile(r *kgo.Record, applied bool) {
	if s == nil {
		return
	}
	s.updates.Add(r.Context, 1, s.results[applied])
	now := time.Now()
	s.checks.late(r, now)
	s.age.Record(r.Context, max(now.Sub(r.Timestamp).Seconds(), 0), s.perTopic[r.Topic])
}

// applied notes that records are in the store.
func (s *ingestSignals) applied(records []*kgo.Record) {
	if s != nil {
		s.fresh.applied(records)
	}
}
