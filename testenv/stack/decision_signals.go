package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// decisionSignals emits the telemetry of decisions: metrics, span attributes and log records. Without telemetry it does
// nothing.
type decisionSignals struct {
	tel        *telemetry
	decisions  metric.Int64Counter
	missing    metric.Int64Counter
	impossible metric.Int64Counter
	found      metric.Int64Counter
	items      metric.Int64Counter // nil unless items are labels

	perDecision map[[3]string][]metric.AddOption // by channel, variant and reason
	perFeature  map[string][]metric.AddOption    // by attribute
	perIdentity map[string][]metric.AddOption
	age, tier   atomic.Pointer[driftMeter] // nil until the model's baseline is known
}

func newDecisionSignals(tel *telemetry, itemLabels bool) (*decisionSignals, error) {
	s := &decisionSignals{tel: tel}
	if !tel.on() {
		return s, nil
	}
	meter := tel.meter()
	var errs [6]error
	s.decisions, errs[0] = meter.Int64Counter("perso.decisions", metric.WithDescription("Decisions by channel, variant and why default content was shown."))
	s.missing, errs[1] = meter.Int64Counter("perso.feature.missing", metric.WithDescription("Decisions for known users that lacked an input."))
	_, errs[2] = meter.Float64ObservableGauge("perso.feature.psi",
		metric.WithDescription(fmt.Sprintf("Population stability index of an input against training, over the last %d decisions.", driftWindow)),
		metric.WithFloat64Callback(s.observeDrift))
	s.impossible, errs[4] = meter.Int64Counter("perso.feature.impossible",
		metric.WithDescription("Decisions for known users with an input that no user can have."))
	s.found, errs[5] = meter.Int64Counter("perso.identity.lookups",
		metric.WithDescription("Decisions by what is known of the user; lost: signed in, and the session belongs to nobody."))
	if itemLabels {
		s.items, errs[3] = meter.Int64Counter("perso.item.impressions", metric.WithDescription("Items shown, by item."))
	}
	s.perDecision = map[[3]string][]metric.AddOption{}
	for _, channel := range channels {
		for _, variant := range variants {
			for _, reason := range reasons {
				s.perDecision[[3]string{channel, variant, reason}] = options(
					"perso.channel", channel, "perso.variant", variant, "perso.reason", orNone(reason))
			}
		}
	}
	s.perFeature = map[string][]metric.AddOption{"age": options("perso.feature", "age"), "tier": options("perso.feature", "tier")}
	s.perIdentity = map[string][]metric.AddOption{}
	for _, identity := range identities {
		s.perIdentity[identity] = options("perso.identity", identity)
	}
	return s, errors.Join(errs[:]...)
}

// options returns precomputed attributes of a counter, from names and values in turn.
func options(pairs ...string) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attributeSet(pairs...))}
}

func attributeSet(pairs ...string) attribute.Set {
	var attrs []attribute.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		attrs = append(attrs, attribute.String(pairs[i], pairs[i+1]))
	}
	return attribute.NewSet(attrs...)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// start starts to measure drift against the distributions of the training.
func (s *decisionSignals) start(base baseline) {
	if s.tel.on() {
		s.age.Store(newDriftMeter(base.Features["age"]))
		s.tier.Store(newDriftMeter(base.Features["tier"]))
	}
}

func (s *decisionSignals) observeDrift(_ context.Context, o metric.Float64Observer) error {
	for feature, meter := range map[string]*driftMeter{"age": s.age.Load(), "tier": s.tier.Load()} {
		if meter == nil {
			continue
		}
		if psi, ok := meter.psi(); ok {
			o.Observe(psi, metric.WithAttributes(attribute.String("perso.feature", feature)))
		}
	}
	return nil
}

// decided emits the telemetry of one decision.
func (s *decisionSignals) decided(ctx context.Context, req recommendRequest, d decision) {
	if !s.tel.on() {
		return
	}
	s.decisions.Add(ctx, 1, s.perDecision[[3]string{req.Channel, d.answer.Variant, d.reason}]...)
	if d.found != "" {
		s.found.Add(ctx, 1, s.perIdentity[d.found]...)
	}
	if d.profile.Known && d.reason != reasonNoConsent { // without consent there are no inputs
		s.inputs(ctx, d)
	}
	if s.items != nil {
		for _, id := range d.answer.Items {
			s.items.Add(ctx, 1, metric.WithAttributes(attribute.String("perso.item", id)))
		}
	}
	if s.tel.recording(ctx) {
		s.span(trace.SpanFromContext(ctx), d)
	}
	s.log(ctx, req, d)
}

// inputs counts the inputs of the segment. An anonymous visitor has no inputs that could be missing.
func (s *decisionSignals) inputs(ctx context.Context, d decision) {
	for _, a := range d.segment.missing {
		s.missing.Add(ctx, 1, s.perFeature[a]...)
	}
	for _, a := range d.segment.impossible {
		s.impossible.Add(ctx, 1, s.perFeature[a]...)
	}
	if m := s.age.Load(); m != nil {
		m.observe(d.segment.ageBin())
	}
	if m := s.tier.Load(); m != nil {
		m.observe(d.segment.tierBin())
	}
}

func (s *decisionSignals) span(span trace.Span, d decision) {
	evaluation := []attribute.KeyValue{
		semconv.FeatureFlagKey(flag), semconv.FeatureFlagResultVariant(d.answer.Variant), semconv.FeatureFlagVersion(d.rules),
	}
	span.AddEvent("feature_flag.evaluation", trace.WithAttributes(evaluation...))
	span.SetAttributes(evaluation...)
	span.SetAttributes(attribute.String("perso.reason", orNone(d.reason)), attribute.String("perso.variant", d.answer.Variant))
	if d.found != "" {
		span.SetAttributes(attribute.String("perso.identity", d.found))
	}
	if d.answer.ModelVersion != "" {
		span.SetAttributes(attribute.String("perso.model.version", d.answer.ModelVersion))
	}
	if len(d.segment.missing) > 0 {
		span.SetAttributes(attribute.StringSlice("perso.missing", d.segment.missing))
	}
	if d.err != nil {
		span.RecordError(d.err)
	}
}

// expected are the reasons that are normal in a healthy system: an anonymous visitor, low confidence of the model, a user who has
// not agreed.
var expected = []string{reasonUnknownUser, reasonLowConfidence, reasonNoConsent}

func (s *decisionSignals) log(ctx context.Context, req recommendRequest, d decision) {
	if d.reason != "" {
		level := slog.LevelWarn
		if slices.Contains(expected, d.reason) && d.found != identityLost {
			level = slog.LevelInfo
		}
		if s.tel.log.Enabled(ctx, level) {
			attrs := make([]slog.Attr, 0, 6)
			attrs = append(attrs, slog.String("perso.reason", d.reason), slog.String("session.id", req.Session))
			if d.found == identityLost {
				attrs = append(attrs, slog.String("perso.identity", d.found))
			}
			if d.segment.attribute != "" {
				attrs = append(attrs, slog.String("perso.attribute", d.segment.attribute), slog.Int64("perso.batch", d.profile.Batch))
			}
			if d.answer.User != "" {
				attrs = append(attrs, slog.String(pseudonymKey, s.tel.names.of(d.answer.User)))
			}
			if d.err != nil {
				attrs = append(attrs, slog.Any("error", d.err))
			}
			s.tel.log.LogAttrs(ctx, level, "default content", attrs...)
		}
	}
	if s.tel.log.Enabled(ctx, slog.LevelDebug) {
		s.debug(ctx, req, d)
	}
}

// debug logs the flag's evaluation and the whole feature vector. This should not be done in production, and often is.
func (s *decisionSignals) debug(ctx context.Context, req recommendRequest, d decision) {
	s.tel.log.LogAttrs(ctx, slog.LevelDebug, "feature_flag.evaluation", slog.String("feature_flag.key", flag),
		slog.String("feature_flag.result.variant", d.answer.Variant), slog.String("feature_flag.version", d.rules), slog.String("session.id", req.Session))
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("session.id", req.Session), slog.String(pseudonymKey, s.tel.names.of(d.answer.User)),
		slog.String("perso.channel", req.Channel), slog.String("perso.segment", d.segment.name()),
		slog.Any("perso.features.clicks", d.profile.Clicks[:]), slog.Float64("perso.confidence", d.answer.Confidence),
		slog.Any("perso.items", d.answer.Items), slog.String("perso.variant", d.answer.Variant))
	if d.profile.Age != nil {
		attrs = append(attrs, slog.Int("perso.features.age", *d.profile.Age))
	}
	if d.profile.Tier != nil {
		attrs = append(attrs, slog.String("perso.features.tier", *d.profile.Tier))
	}
	s.tel.log.LogAttrs(ctx, slog.LevelDebug, "decision", attrs...)
}
